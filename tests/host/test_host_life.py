"""A backend's process makes what the daemon would have made, and goes when its model goes."""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import soundfile

from tests.conftest import Gate, InstallBackend, StartDaemon, wait_for
from tests.host.conftest import (
    ask,
    children,
    end_of,
    hosted_source,
    is_gone,
    pause,
    process_of,
    unread,
    until_step,
)

if TYPE_CHECKING:
    from lofi_core.rpc.client import Client, Notification


def track_of(client: Client, end: Notification) -> dict[str, Any]:
    assert end.name == "generation_complete", end
    track: dict[str, Any] = client.call("tracks_get", track_id=end.fields["track_id"])
    return track


def samples(client: Client, job_id: str) -> Any:
    return soundfile.read(track_of(client, end_of(client, job_id))["path"], dtype="int32")[0]


def test_the_samples_and_the_recipe_are_those_of_a_backend_in_the_daemon(
    start_daemon: StartDaemon, install_backend: InstallBackend
) -> None:
    made = []
    for own_process in (False, True):
        site = install_backend("hosted", hosted_source(own_process=own_process))
        daemon = start_daemon(LOFI_BACKENDS_HOSTED_RESIDENCY="staged")
        client = daemon.client()
        track = track_of(client, end_of(client, ask(client)))
        (model,) = client.call("status")["models"]
        assert bool(model["pid"]) is own_process
        if own_process and sys.platform == "linux":  # which takes it first when memory runs out
            assert Path(f"/proc/{model['pid']}/oom_score_adj").read_text() == "500\n"
        with np.load(Path(track["path"]).with_suffix(".npz"), allow_pickle=False) as kept:
            told = {"extra": track["recipe"]["extra"], "kept": {n: kept[n].tolist() for n in kept}}
        made.append((soundfile.read(track["path"], dtype="int32")[0], told))
        daemon.stop()
        for entry in (*site.glob("*.dist-info"), *site.glob("__pycache__")):
            entry.rename(site / f"old-{own_process}-{entry.name}.away")
    (here, told_here), (there, told_there) = made
    assert (here == there).all()
    assert told_here == told_there
    assert told_here["kept"] == {"grid": [[0.0, 2.0, 4.0], [1.0, 3.0, 5.0]], "one": 1.0}
    extra = told_here["extra"]
    assert (extra["form"], extra["steps"], extra["residency"]) == ("plain", 3, "staged")
    music = {"tempo_bpm": 90.0, "key": "d minor", "beats_per_bar": 4, "first_bar_sec": 0.5}
    assert extra["music"] == music


def test_pause_and_another_job_in_between_change_no_sample(start: StartDaemon, gate: Gate) -> None:
    client = start().client()
    calm = samples(client, ask(client, 5))
    disturbed = ask(client, 5, gate=str(gate.path))
    gate.open(1)
    until_step(client, 1)
    urgent = ask(client, 2, "high", seed=2)
    gate.open(1)  # to the boundary at which the other one comes in
    assert end_of(client, urgent).name == "generation_complete"
    wait_for(client, "generation_resumed")
    pause(client, disturbed, gate)
    assert samples(client, ask(client, 5)).tolist() == calm.tolist()
    gate.open(5)
    client.call("job_resume", job_id=disturbed)
    assert (samples(client, disturbed) == calm).all()


def test_a_pause_holds_at_the_next_step_there_too(start: StartDaemon, gate: Gate) -> None:
    client = start().client()
    job_id = ask(client, 5, gate=str(gate.path))
    gate.open(1)
    until_step(client, 1)
    pause(client, job_id, gate)
    gate.open(1)  # nobody may take it
    before = unread(gate)
    samples(client, ask(client, 5))
    assert unread(gate) == before
    client.call("cancel", job_id=job_id)
    assert end_of(client, job_id).name == "generation_cancelled"


def test_a_load_that_fails_there_keeps_its_code_and_its_hint(start: StartDaemon) -> None:
    daemon = start()
    client = daemon.client()
    told = end_of(client, ask(client, weights="missing")).fields
    assert (told["code"], told["message"], told["hint"]) == (
        "MODEL_LOAD_FAILED",
        "there is no weight",
        "put one there",
    )
    assert children(daemon.process.pid) == []


def test_what_it_prints_and_logs_comes_into_the_daemons_log(start: StartDaemon) -> None:
    daemon = start()
    client = daemon.client()
    end_of(client, ask(client))
    daemon.stop()
    log = "".join(daemon.log)
    assert "WARNING lofi.hosted: logged by the backend" in log
    assert "printed by the backend" in log


def test_other_weights_replace_the_process_and_paused_jobs_keep_theirs(
    start: StartDaemon, gate: Gate
) -> None:
    client = start().client()
    end_of(client, ask(client, weights="a"))
    first = process_of(client)
    held = ask(client, weights="b", gate=str(gate.path))
    gate.open(1)
    until_step(client, 1)
    assert is_gone(first)
    pause(client, held, gate)
    assert end_of(client, ask(client, weights="c")).name == "generation_complete"
    pids = {model["weights"]: model["pid"] for model in client.call("status")["models"]}
    assert set(pids) == {"b", "c"}
    assert len(set(pids.values())) == 2


def test_what_a_job_took_beside_the_load_counts_the_next_time(start: StartDaemon, gate: Gate) -> None:
    client = start(LOFI_MODELS_MEMORY_GB="0.3").client()
    end_of(client, ask(client, weights="a", job_mb=300))
    assert client.call("status")["models"][0]["resident_bytes"] < 200e6
    held = ask(client, weights="b", gate=str(gate.path))
    gate.open(1)
    until_step(client, 1)
    pause(client, held, gate)
    waiting = ask(client, weights="a", job_mb=300)
    assert "does not fit" in client.call("job_get", job_id=waiting)["note"]
    client.call("cancel", job_id=held)
    assert end_of(client, waiting).name == "generation_complete"


def test_unload_leaves_no_process_and_the_daemon_as_small_as_before(start: StartDaemon) -> None:
    daemon = start()
    client = daemon.client()
    client.call("subscribe", events=["backend_status"])
    before = client.call("status")["rss_bytes"]
    client.call("load_backend", backend="hosted")
    while wait_for(client, "backend_status").fields["status"] != "loaded":
        continue
    pid = process_of(client)
    assert client.call("status")["models"][0]["resident_bytes"] > 20e6
    assert client.call("unload_backend", backend="hosted") == {"status": "ready"}
    assert is_gone(pid)
    assert children(daemon.process.pid) == []
    assert client.call("status")["rss_bytes"] < before * 1.1


def test_a_shutdown_while_it_works_leaves_no_process(start: StartDaemon, gate: Gate) -> None:
    daemon = start()
    client = daemon.client()
    ask(client, gate=str(gate.path))
    gate.open(1)
    until_step(client, 1)
    pid = process_of(client)
    client.call("shutdown")
    gate.open(9)
    assert daemon.process.wait(10) == 0
    assert is_gone(pid)


@pytest.mark.parametrize("busy", [False, True])
def test_a_daemon_that_is_killed_takes_the_process_along(start: StartDaemon, gate: Gate, busy: bool) -> None:
    daemon = start()
    client = daemon.client()
    if busy:
        ask(client, gate=str(gate.path))
        gate.open(1)
        until_step(client, 1)
    else:
        end_of(client, ask(client))
    pid = process_of(client)
    daemon.process.send_signal(signal.SIGKILL)
    assert is_gone(pid)


def test_ctrl_c_in_a_terminal_reaches_the_daemon_only(start: StartDaemon) -> None:
    daemon = start()
    client = daemon.client()
    end_of(client, ask(client))
    pid = process_of(client)
    assert os.getpgid(pid) != os.getpgid(daemon.process.pid)
    os.kill(pid, signal.SIGINT)
    assert end_of(client, ask(client)).name == "generation_complete"
    assert process_of(client) == pid
