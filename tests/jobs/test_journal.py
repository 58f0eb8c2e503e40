"""What was accepted is made, whatever happens to the daemon; what is over stays over."""

from __future__ import annotations

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import pytest

from lofi_core.errors import QueueFull
from lofi_core.jobs.job import ENDED
from lofi_core.jobs.journal_file import AcceptedJob, JournalFile
from tests.conftest import (
    STEPPED,
    DaemonProcess,
    Gate,
    InstallBackend,
    StartDaemon,
    events_until_end,
    wait_for,
)

if TYPE_CHECKING:
    from pathlib import Path

    from lofi_core.rpc.client import Client


def walk(gate: Gate, **more: Any) -> dict[str, Any]:
    options = {"gate": str(gate.path)}
    return {"prompt": "walk", "backend": "stepped", "duration_sec": 3, "options": options, **more}


def tone(seed: int = 1, **more: Any) -> dict[str, Any]:
    return {"prompt": "tone", "backend": "sine", "duration_sec": 1, "seed": seed, **more}


def kill(daemon: DaemonProcess) -> None:
    daemon.process.kill()
    daemon.stop()


def serve(daemon: DaemonProcess) -> subprocess.CompletedProcess[str]:
    """Start another in its place that must not come to serve."""
    command = [sys.executable, "-m", "lofi_core", "serve"]
    return subprocess.run(
        command, env=daemon.environ, capture_output=True, text=True, check=False, timeout=30
    )


def subscribed(daemon: DaemonProcess) -> Client:
    client = daemon.client()
    client.call("subscribe")
    return client


def until_state(client: Client, job_id: str, *states: str) -> dict[str, Any]:
    """How a job stands once it stands so. The client is told of all jobs."""
    while (status := client.call("job_get", job_id=job_id))["state"] not in states:
        assert status["state"] not in ENDED, status
        client.next_event(0.1)
    return dict(status)


def test_after_a_kill_every_accepted_job_is_made_under_its_old_id(
    daemon: DaemonProcess, start_daemon: StartDaemon, gate: Gate
) -> None:
    client = daemon.client()
    began = client.call("generate", **walk(gate, seed=7, title="first"))
    loose = client.call("generate", **tone(seed=6, keep=False))
    waits = client.call("generate", **tone(seed=8))
    urgent = client.call("generate", **tone(seed=9, cache=False))
    wait_for(client, "generation_start")
    kill(daemon)
    client = subscribed(start_daemon())
    gate.open(3)
    for accepted in (began, waits, urgent):
        status = until_state(client, accepted["job_id"], "complete")
        track = client.call("tracks_get", track_id=accepted["track_id"])
        assert (status["track_id"], status["path"]) == (accepted["track_id"], track["path"])
        assert (track["seed"], track["backend"]) == (accepted["seed"], accepted["backend"])
    assert client.call("tracks_get", track_id=began["track_id"])["title"] == "first"
    assert until_state(client, loose["job_id"], "complete")["track_id"] == loose["track_id"]
    assert client.call("tracks_list")["total"] == 3


def test_the_order_priorities_and_pauses_of_the_queue_survive(
    daemon: DaemonProcess, start_daemon: StartDaemon, gate: Gate
) -> None:
    client = daemon.client()
    running = client.call("generate", **walk(gate))["job_id"]
    held, raised, last = (client.call("generate", **tone(seed=seed))["job_id"] for seed in (1, 2, 3))
    client.call("job_pause", job_id=held)
    client.call("generate", **tone(seed=2, priority="high"))
    before = client.call("queue_status")
    kill(daemon)
    daemon = start_daemon()
    client = daemon.client()
    after = client.call("queue_status")
    assert [job["job_id"] for job in after["paused"]] == [held]
    # The urgent one came to its turn; the others wait as they did.
    assert {job["job_id"] for job in before["pending"]} == {raised, last}
    assert [job["job_id"] for job in after["pending"]] in ([running, last], [last])
    assert client.call("job_resume", job_id=held) == {"state": "queued"}
    kill(daemon)


def test_a_clean_end_keeps_what_was_promised_and_counts_as_no_interruption(
    daemon: DaemonProcess, start_daemon: StartDaemon, gate: Gate
) -> None:
    client = daemon.client()
    running = client.call("generate", **walk(gate, duration_sec=40))["job_id"]
    queued = client.call("generate", **tone())["job_id"]
    for _ in range(4):
        until_state(client, running, "running")
        client.call("shutdown")
        gate.open(3)  # the step that it is in, and what it does before it hears of that
        assert daemon.stop() == 0
        daemon = start_daemon()
        client = subscribed(daemon)
    gate.open(40)
    until_state(client, running, "complete")
    until_state(client, queued, "complete")


# Ends the process, once the gate opens; or where it plans, once a file says so.
CRASHING = """
    import os
    import msgspec
    from lofi_core import BackendSpec, Schedule, Stage, Step, hookimpl

    class Options(msgspec.Struct):
        gate: str = ""

    @hookimpl
    def describe_backend():
        return BackendSpec("crashing", "C", 8000, 1, 1, 60, model_version="1", options=Options)

    @hookimpl
    def make_schedule(request):
        if os.path.exists(request.options.gate + ".plan"):
            os._exit(9)
        return Schedule([Stage("a", 1)])

    @hookimpl
    def generate(request):
        with open(request.options.gate, "rb", buffering=0) as gate:
            gate.read(1)
        os._exit(9)
        yield
"""


@pytest.mark.parametrize("where", ["generate", "make_schedule"])
def test_a_backend_that_crashes_the_process_ends_in_an_error_after_three_attempts(
    start_daemon: StartDaemon, install_backend: InstallBackend, gate: Gate, where: str
) -> None:
    install_backend("crashing", CRASHING)
    daemon = start_daemon()
    client = daemon.client()
    fatal = client.call("generate", **walk(gate, backend="crashing"))["job_id"]
    waits = client.call("generate", **tone())["job_id"]
    gate.open(1)
    assert daemon.process.wait(20) == 9
    if where == "make_schedule":
        gate.path.with_name("gate.plan").touch()
    for _attempt in (2, 3):
        if where == "generate":
            daemon = start_daemon()
            gate.open(1)
            assert daemon.process.wait(20) == 9
        else:
            assert serve(daemon).returncode == 9
    client = subscribed(start_daemon())
    status = client.call("job_get", job_id=fatal)
    assert status["state"] == "error"
    assert status["error"]["code"] == "MODEL_INFERENCE_FAILED"
    assert "interrupted 3 times" in status["error"]["message"]
    assert "ask again" in status["error"]["hint"]
    until_state(client, waits, "complete")
    assert client.call("queue_status") == {"running": [], "pending": [], "paused": []}


def test_what_is_over_stays_over_and_is_still_told_of(
    daemon: DaemonProcess, start_daemon: StartDaemon, install_backend: InstallBackend, gate: Gate
) -> None:
    client = daemon.client()
    made = client.call("generate", **tone())
    events_until_end(client, made["job_id"])
    failed = client.call("generate", **walk(gate, options={"gate": "/nowhere"}))
    error = events_until_end(client, failed["job_id"])[-1].fields
    client.call("generate", **walk(gate))
    cancelled = client.call("generate", **tone(seed=2))["job_id"]
    client.call("cancel", job_id=cancelled)
    events_until_end(client, cancelled)
    cleared = client.call("generate", **tone(seed=3))["job_id"]
    client.call("queue_clear")
    events_until_end(client, cleared)
    kill(daemon)
    # As if it had died between the end of the track and that of the job.
    journal = JournalFile(daemon.data / "jobs.db")
    journal.add(AcceptedJob(made["job_id"], made["track_id"], b"", "normal", held=False))
    journal.close()
    daemon = start_daemon()
    client = daemon.client()
    path = client.call("tracks_get", track_id=made["track_id"])["path"]
    told = {"job_id": made["job_id"], "track_id": made["track_id"], "eta_sec": None}
    assert client.call("job_get", job_id=made["job_id"]) == {
        **told, "state": "complete", "percent": 100, "path": path
    }  # fmt: skip
    status = client.call("job_get", track_id=failed["track_id"])
    assert (status["state"], status["job_id"]) == ("error", failed["job_id"])
    assert status["error"] == {name: error[name] for name in ("code", "message", "hint")}
    for job_id in (cancelled, cleared):
        assert client.call("job_get", job_id=job_id)["state"] == "cancelled"
    assert client.call("queue_status")["pending"] == []
    kill(daemon)


def test_a_job_whose_backend_is_gone_or_another_ends_in_an_error_that_says_so(
    daemon: DaemonProcess, start_daemon: StartDaemon, home: Path, gate: Gate
) -> None:
    client = daemon.client()
    ids = [client.call("generate", **walk(gate, seed=seed))["job_id"] for seed in (1, 2)]
    raises = client.call("generate", **walk(gate, seed=3, prompt="quokka"))["job_id"]
    other = client.call("generate", **tone())["job_id"]
    kill(daemon)
    module = home / "site" / "lofi_stepped_module.py"
    source = module.read_text().replace('model_version="1"', 'model_version="2"')
    planned = "return Schedule("
    module.write_text(
        source.replace(planned, f"if request.seed == 3: 1 / {{}}[request.prompt]\n    {planned}")
    )
    daemon = start_daemon()
    client = subscribed(daemon)
    assert "quokka" in client.call("job_get", job_id=raises)["error"]["message"]
    assert "quokka" not in "".join(daemon.log)
    for job_id in ids:
        status = client.call("job_get", job_id=job_id)
        assert (status["state"], status["error"]["code"]) == ("error", "BACKEND_NOT_READY")
        assert "was '1' when the track was asked for, and is '2' now" in status["error"]["message"]
    until_state(client, other, "complete")
    later = client.call("generate", **walk(gate))["job_id"]
    wait_for(client, "generation_start")
    kill(daemon)
    client = start_daemon(LOFI_BACKENDS_STEPPED_ENABLED="false").client()
    status = client.call("job_get", job_id=later)
    assert (status["state"], status["error"]["code"]) == ("error", "BACKEND_NOT_READY")
    assert "is disabled" in status["error"]["message"]


def test_only_what_was_accepted_is_in_the_journal_and_that_once(
    start_daemon: StartDaemon, install_backend: InstallBackend, gate: Gate
) -> None:
    install_backend("stepped", STEPPED)
    daemon = start_daemon(LOFI_QUEUE_CAPACITY="2")
    client = daemon.client()
    running = client.call("generate", **walk(gate))["job_id"]
    with ThreadPoolExecutor(8) as pool:
        joined = set(
            pool.map(lambda c: c.call("generate", **tone())["job_id"], [daemon.client() for _ in range(8)])
        )
    client.call("generate", **tone(seed=2))
    with pytest.raises(QueueFull):
        client.call("generate", **tone(seed=3))
    kill(daemon)
    daemon = start_daemon(LOFI_QUEUE_CAPACITY="2")
    queue = daemon.client().call("queue_status")
    kill(daemon)
    waiting = [job["job_id"] for job in queue["pending"]]
    assert [job["job_id"] for job in queue["running"]] == [running]
    assert len(joined) == 1
    assert len(waiting) == 2
    assert joined < set(waiting)


def test_the_radios_jobs_are_forgotten_unless_a_client_has_joined_them(
    start_daemon: StartDaemon, install_backend: InstallBackend, gate: Gate
) -> None:
    def start() -> DaemonProcess:  # where nothing can be a bridge
        return start_daemon(LOFI_BACKENDS_PROCEDURAL_ENABLED="false", LOFI_DEFAULT_BACKEND="stepped")

    def radio_job(client: Client) -> dict[str, Any]:
        client.call("subscribe")
        client.call("radio_start", prompts=["rain"], backend="stepped", options=options)
        return wait_for(client, "generation_start").fields

    install_backend("stepped", STEPPED)
    options = {"gate": str(gate.path)}
    daemon = start()
    radio_job(daemon.client())
    kill(daemon)
    daemon = start()
    client = daemon.client()
    assert client.call("queue_status") == {"running": [], "pending": [], "paused": []}
    job = radio_job(client)
    wish = {name: job[name] for name in ("prompt", "duration_sec", "seed", "backend")}
    joined = client.call("generate", options=options, **wish)
    assert joined["job_id"] == job["job_id"]
    kill(daemon)
    daemon = start()
    queue = daemon.client().call("queue_status")
    kill(daemon)
    assert [job["job_id"] for job in queue["running"]] == [joined["job_id"]]
