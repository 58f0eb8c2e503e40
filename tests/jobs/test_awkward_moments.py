"""Requests that come at the worst time: jobs end once, and nobody waits for ever."""

from __future__ import annotations

import shutil
import threading
import time
from pathlib import Path
from typing import Any

import pytest

from lofi_core.rpc.client import Client
from tests.conftest import DaemonProcess, Gate, InstallBackend, StartDaemon, events_until_end, wait_for
from tests.jobs.test_misbehaving import BAD


def walk(gate: Gate, **more: Any) -> dict[str, Any]:
    options = {"gate": str(gate.path)}
    return {"prompt": "walk", "backend": "stepped", "duration_sec": 9, "options": options, **more}


def test_a_cancelled_held_job_does_not_come_back_when_it_is_resumed(
    daemon: DaemonProcess, gate: Gate
) -> None:
    client = daemon.client()
    client.call("generate", **walk(gate))
    held = client.call("generate", prompt="held", backend="sine", duration_sec=1)["job_id"]
    client.call("job_pause", job_id=held)
    client.call("cancel", job_id=held)
    assert events_until_end(client, held)[-1].name == "generation_cancelled"
    for method in ("job_resume", "job_pause", "job_resume"):
        assert client.call(method, job_id=held) == {"state": "cancelled"}


def test_a_job_asked_for_by_a_client_that_left_at_once_can_be_cancelled_by_anyone(
    daemon: DaemonProcess, gate: Gate
) -> None:
    other = daemon.client()
    other.call("subscribe", events=["generation_"])
    blocker = other.call("generate", **walk(gate))["job_id"]
    leaver = Client(daemon.socket)
    request = {"prompt": "left", "backend": "sine", "duration_sec": 1}
    leaver._send([0, 1, "generate", [request]], time.monotonic() + 9)
    leaver.close()
    left = wait_for(other, "generation_queued").fields["job_id"]
    while left == blocker:
        left = wait_for(other, "generation_queued").fields["job_id"]
    while other.call("status")["clients"] > 1:
        continue
    assert other.call("cancel", job_id=left)["cancelled"] is True


def test_a_pause_that_is_taken_back_before_the_boundary_is_answered(
    daemon: DaemonProcess, gate: Gate
) -> None:
    one, two = daemon.client(), daemon.client()
    job_id = one.call("generate", **walk(gate))["job_id"]
    wait_for(one, "generation_start")
    answers: list[Any] = []
    asking = threading.Thread(target=lambda: answers.append(one.call("job_pause", job_id=job_id)))
    asking.start()
    while asking.is_alive():
        two.call("job_resume", job_id=job_id)
    assert answers == [{"state": "running"}]


def test_asking_for_the_track_of_a_held_job_lets_it_go_on(daemon: DaemonProcess, gate: Gate) -> None:
    one, two = daemon.client(), daemon.client()
    job_id = one.call("generate", **walk(gate, seed=4))["job_id"]
    wait_for(one, "generation_start")
    gate.open(1)
    one.call("job_pause", job_id=job_id)
    joined = two.call("generate", **walk(gate, seed=4))
    assert (joined["job_id"], joined["status"]) == (job_id, "generating")
    gate.open(9)
    assert events_until_end(two, job_id)[-1].name == "generation_complete"


def test_a_cancelled_streams_spool_stays_readable_for_whoever_plays_it(daemon: DaemonProcess) -> None:
    client = daemon.client()
    job_id = client.call("generate", prompt="long", backend="sine", duration_sec=600)["job_id"]
    spool = Path(wait_for(client, "generation_audio").fields["path"])
    client.call("cancel", job_id=job_id)
    assert events_until_end(client, job_id)[-1].name == "generation_cancelled"
    assert spool.exists()


def test_a_cache_directory_that_was_removed_is_made_again(daemon: DaemonProcess) -> None:
    shutil.rmtree(daemon.data / "cache")
    client = daemon.client()
    job_id = client.call("generate", prompt="x", backend="sine", duration_sec=1)["job_id"]
    assert events_until_end(client, job_id)[-1].name == "generation_complete"
    shutil.rmtree(daemon.data / "cache")
    assert daemon.stop() == 0


def test_an_ended_job_is_known_after_a_restart(start_daemon: StartDaemon) -> None:
    first = start_daemon()
    client = first.client()
    made = client.call("generate", prompt="x", backend="sine", duration_sec=1)
    events_until_end(client, made["job_id"])
    first.stop()
    status = start_daemon().client().call("job_get", job_id=made["job_id"])
    assert (status["state"], status["track_id"]) == ("complete", made["track_id"])


def test_only_the_first_job_of_a_backend_loads_its_model(
    start_daemon: StartDaemon, install_backend: InstallBackend
) -> None:
    install_backend("bad", BAD)
    client = start_daemon().client()
    request = {"prompt": "x", "backend": "bad", "duration_sec": 1}
    jobs = [client.call("generate", seed=seed, **request)["job_id"] for seed in (1, 2)]
    stages = []
    for job_id in jobs:
        progress = [e for e in events_until_end(client, job_id) if e.name == "generation_progress"]
        stages.append(progress[0].fields["stage"])
    assert stages == ["load", "a"]


def test_a_cancelled_job_gets_its_terminal_event_when_a_step_outlasts_the_daemons_patience(
    daemon: DaemonProcess, gate: Gate
) -> None:
    client = daemon.client()
    stuck = client.call("generate", **walk(gate))["job_id"]
    wait_for(client, "generation_start")
    client.call("cancel", job_id=stuck)
    client.call("shutdown")
    assert events_until_end(client, stuck)[-1].name == "generation_cancelled"
    assert daemon.process.wait(20) == 0


HOSTILE = """
    import sys
    import numpy as np
    import msgspec
    from lofi_core import BackendSpec, InferenceFailed, LofiError, Schedule, Stage, Step, hookimpl

    class Own(LofiError):
        def __init__(self):
            pass

    class Options(msgspec.Struct):
        kind: str = "good"

    @hookimpl
    def describe_backend():
        return BackendSpec("hostile", "H", np.int64(8000), 1, 1, 60, model_version="1", options=Options)

    def misbehave(kind):
        match kind:
            case "exit": sys.exit(3)
            case "own": raise Own
            case "surrogate": raise RuntimeError("no file \\udcff")
            case "object": raise InferenceFailed(ValueError("odd"), 7)

    @hookimpl
    def make_schedule(request):
        if request.prompt == "plan":
            misbehave(request.options.kind)
        return Schedule([Stage("a", np.int64(2))])

    @hookimpl
    def observe_event(event):
        sys.exit(3)

    @hookimpl
    def generate(request):
        if request.prompt == "make":
            misbehave(request.options.kind)
        yield Step("a", np.int64(0), np.zeros((1, 8000)))
"""


@pytest.mark.parametrize("kind", ["exit", "own", "surrogate", "object"])
def test_a_plugin_cannot_end_the_daemon(
    start_daemon: StartDaemon, install_backend: InstallBackend, kind: str
) -> None:
    install_backend("hostile", HOSTILE)
    client = start_daemon().client()
    request: dict[str, Any] = {"backend": "hostile", "duration_sec": 1, "options": {"kind": kind}}
    with pytest.raises(Exception, match=r".") as refusal:
        client.call("generate", prompt="plan", **request)
    assert refusal.type.__name__ == "InferenceFailed"
    failed = client.call("generate", prompt="make", **request)["job_id"]
    assert events_until_end(client, failed)[-1].fields["code"] == "MODEL_INFERENCE_FAILED"
    good = client.call("generate", prompt="good", **request)["job_id"]
    assert events_until_end(client, good)[-1].name == "generation_complete"
    assert client.call("tracks_list")["total"] == 1


def test_a_version_that_is_no_text_makes_a_plugin_broken(
    start_daemon: StartDaemon, install_backend: InstallBackend
) -> None:
    install_backend("hostile", HOSTILE.replace('model_version="1"', "model_version=2"))
    shown = {b["type"]: b for b in start_daemon().client().call("get_backends")["backends"]}
    assert "model_version is 2; must be text" in shown["hostile"]["error"]


def test_a_path_with_a_name_that_is_no_text_does_not_end_the_daemon(daemon: DaemonProcess) -> None:
    client = daemon.client()
    made = client.call("generate", prompt="x", backend="sine", duration_sec=1)
    events_until_end(client, made["job_id"])
    odd = daemon.data.parent / "odd\udcff"
    odd.mkdir()
    (daemon.data.parent / "link").symlink_to(odd)
    target = str(daemon.data.parent / "link" / "a.flac")
    for _attempt in range(2):
        with pytest.raises(Exception, match=r"."):
            client.call("tracks_export", track_id=made["track_id"], path=target)
    assert client.call("ping")["status"] == "ok"
