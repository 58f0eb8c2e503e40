"""A backend's process comes to grief: its jobs end with a clear error, and the daemon goes on."""

from __future__ import annotations

import os
import signal

import pytest

from lofi_core.host.endings import ending
from tests.conftest import IMPATIENT, Gate, InstallBackend, StartDaemon, wait_for
from tests.host.conftest import (
    ask,
    children,
    end_of,
    hosted_source,
    is_gone,
    pause,
    process_of,
    until_step,
    until_taken,
)


def test_a_process_that_is_killed_fails_its_job_and_the_next_one_gets_another(
    start: StartDaemon, gate: Gate
) -> None:
    client = start().client()
    client.call("subscribe", events=["backend_status"])
    job_id = ask(client, gate=str(gate.path))
    gate.open(1)
    until_step(client, 1)
    killed = process_of(client)
    os.kill(killed, signal.SIGKILL)
    told = end_of(client, job_id).fields
    assert told["code"] == "MODEL_INFERENCE_FAILED"
    assert told["message"] == "the process of hosted was killed; often the system ran out of memory"
    assert "a shorter piece" in told["hint"]
    assert {"name": "hosted", "status": "ready"} in client.call("status")["backends"]
    assert end_of(client, ask(client)).name == "generation_complete"
    assert process_of(client) != killed


@pytest.mark.parametrize(
    ("grief", "told"),
    [
        ("crashes", "the process of hosted crashed (SIGSEGV)"),
        ("aborts", "the process of hosted crashed (SIGABRT)"),
        ("exits", "the process of hosted ended by itself, with status 7"),
    ],
)
def test_a_crash_says_what_happened_and_leaves_its_trace_in_the_log(
    start: StartDaemon, grief: str, told: str
) -> None:
    daemon = start()
    client = daemon.client()
    end = end_of(client, ask(client, grief=grief))
    assert (end.name, end.fields["message"]) == ("generation_error", told)
    assert end_of(client, ask(client)).name == "generation_complete"
    daemon.stop()
    log = "".join(daemon.log)
    assert told in log
    if grief != "exits":
        assert "Fatal Python error" in log
        assert "in generate" in log


def test_jobs_that_were_paused_on_a_lost_model_end_in_the_same_error(start: StartDaemon, gate: Gate) -> None:
    client = start().client()
    paused = ask(client, gate=str(gate.path))
    gate.open(1)
    until_step(client, 1)
    pause(client, paused, gate)
    os.kill(process_of(client), signal.SIGKILL)
    assert "was killed" in end_of(client, paused).fields["message"]
    assert client.call("status")["models"] == []


def test_a_process_that_is_killed_while_idle_is_noticed_at_once(start: StartDaemon) -> None:
    daemon = start()
    client = daemon.client()
    end_of(client, ask(client))
    client.call("subscribe", events=["backend_status"])
    os.kill(process_of(client), signal.SIGKILL)
    assert wait_for(client, "backend_status").fields["status"] == "ready"
    assert client.call("status")["models_loaded"] == []
    assert children(daemon.process.pid) == []
    assert end_of(client, ask(client)).name == "generation_complete"


def test_a_process_that_dies_in_the_load_fails_it(start: StartDaemon) -> None:
    client = start().client()
    told = end_of(client, ask(client, weights="kills")).fields
    assert told["code"] == "MODEL_LOAD_FAILED"
    assert "was killed" in told["message"]
    assert end_of(client, ask(client)).name == "generation_complete"


@pytest.fixture
def start_impatient(start_daemon: StartDaemon, install_backend: InstallBackend) -> StartDaemon:
    """A daemon with the backend `hosted` that waits for a second where others wait for ten."""
    install_backend("hosted", hosted_source() + IMPATIENT)
    return start_daemon


@pytest.mark.parametrize("where", ["load", "walk"])
def test_what_does_not_come_back_from_a_cancel_is_killed(
    start_impatient: StartDaemon, gate: Gate, where: str
) -> None:
    daemon = start_impatient()
    client = daemon.client()
    if where == "load":
        job_id = ask(client, weights="sleeps")
        while wait_for(client, "generation_progress").fields["stage"] != "build":
            continue
    else:
        job_id = ask(client, gate=str(gate.path), grief="hangs")
        gate.open(2)
        until_taken(gate)  # the second step is under way, and does not come back
    (stuck,) = children(daemon.process.pid)
    client.call("cancel", job_id=job_id)
    assert end_of(client, job_id).name == "generation_cancelled"
    assert is_gone(stuck)
    assert end_of(client, ask(client)).name == "generation_complete"


def test_a_shutdown_does_not_wait_for_what_hangs_and_leaves_no_process(start_impatient: StartDaemon) -> None:
    daemon = start_impatient()
    client = daemon.client()
    ask(client, grief="hangs")
    until_step(client, 1)
    (stuck,) = children(daemon.process.pid)
    assert daemon.stop() == 0
    assert is_gone(stuck)


def test_a_signal_that_has_no_name_is_told_by_its_number() -> None:
    assert ending("x", -40)[0] == "the process of x crashed (signal 40)"
