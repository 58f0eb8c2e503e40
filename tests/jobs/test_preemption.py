"""A high-priority job takes the worker at a step boundary, and the other one never notices."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile

from lofi_core.rpc.client import Client
from tests.conftest import DaemonProcess, Gate, events_until_end, wait_for


def walk(gate: Gate, **more: Any) -> dict[str, Any]:
    options = {"gate": str(gate.path)}
    return {"prompt": "walk", "backend": "stepped", "duration_sec": 4, "options": options, **more}


def samples(path: str) -> Any:
    return soundfile.read(path, dtype="int32")[0]


@pytest.fixture
def client(daemon: DaemonProcess) -> Client:
    return daemon.client()


def test_a_high_priority_job_pauses_the_running_one_and_both_tell_of_it(client: Client, gate: Gate) -> None:
    slow = client.call("generate", **walk(gate, seed=1))
    wait_for(client, "generation_start")
    urgent = client.call("generate", prompt="now", backend="sine", duration_sec=2, priority="high")
    assert urgent["status"] == "queued"
    gate.open(1)
    names: list[tuple[str, str]] = []
    while not names or names[-1] != ("generation_complete", slow["job_id"]):
        event: Any = client.next_event(20)
        if not event.name.endswith(("progress", "audio", "queued")):
            names.append((event.name, event.fields["job_id"]))
        if event.name == "generation_resumed":
            gate.open(3)
    assert names == [
        ("generation_paused", slow["job_id"]),
        ("generation_start", urgent["job_id"]),
        ("generation_complete", urgent["job_id"]),
        ("generation_resumed", slow["job_id"]),
        ("generation_complete", slow["job_id"]),
    ]


def test_a_job_that_was_outranked_has_the_samples_of_an_undisturbed_one(client: Client, gate: Gate) -> None:
    gate.open(1)
    slow = client.call("generate", **walk(gate, seed=7))
    wait_for(client, "generation_start")
    client.call("generate", prompt="now", backend="sine", duration_sec=2, priority="high")
    gate.open(1)
    wait_for(client, "generation_resumed")
    gate.open(2)
    disturbed = samples(events_until_end(client, slow["job_id"])[-1].fields["path"])
    calm = client.call("generate", prompt="walk", backend="stepped", duration_sec=4, seed=7)
    undisturbed = samples(events_until_end(client, calm["job_id"])[-1].fields["path"])
    assert np.array_equal(disturbed, undisturbed)


def test_a_job_can_be_held_and_let_go_with_the_same_samples(client: Client, gate: Gate) -> None:
    job_id = client.call("generate", **walk(gate, seed=9))["job_id"]
    wait_for(client, "generation_start")
    gate.open(2)  # the pause is answered at a step boundary
    assert client.call("job_pause", job_id=job_id) == {"state": "paused"}
    assert client.call("queue_status")["paused"][0]["job_id"] == job_id
    assert client.call("job_get", job_id=job_id)["state"] == "paused"
    assert client.call("job_resume", job_id=job_id) == {"state": "running"}
    gate.open(4)
    held = samples(events_until_end(client, job_id)[-1].fields["path"])
    calm = client.call("generate", prompt="walk", backend="stepped", duration_sec=4, seed=9)
    assert np.array_equal(held, samples(events_until_end(client, calm["job_id"])[-1].fields["path"]))


def test_a_held_job_lets_later_ones_pass(client: Client, gate: Gate) -> None:
    held = client.call("generate", **walk(gate))["job_id"]
    wait_for(client, "generation_start")
    gate.open(1)
    client.call("job_pause", job_id=held)
    later = client.call("generate", prompt="later", backend="sine", duration_sec=2)["job_id"]
    assert events_until_end(client, later)[-1].name == "generation_complete"
    assert client.call("job_get", job_id=held)["state"] == "paused"


def test_a_waiting_job_can_be_held_before_it_starts(client: Client, gate: Gate) -> None:
    client.call("generate", **walk(gate))
    waiting = client.call("generate", prompt="waits", backend="sine", duration_sec=2)["job_id"]
    assert client.call("job_pause", job_id=waiting) == {"state": "paused"}
    gate.open(4)
    wait_for(client, "generation_complete")
    assert client.call("job_get", job_id=waiting)["state"] == "paused"
    assert client.call("job_resume", job_id=waiting) == {"state": "running"}
    assert events_until_end(client, waiting)[-1].name == "generation_complete"


def test_a_second_high_priority_job_does_not_outrank_the_first(client: Client, gate: Gate) -> None:
    first = client.call("generate", **walk(gate, priority="high"))["job_id"]
    second = client.call("generate", prompt="too", backend="sine", duration_sec=2, priority="high")
    assert second["position"] == 1
    gate.open(4)
    names = [event.name for event in events_until_end(client, first)]
    assert "generation_paused" not in names


def test_joining_with_high_priority_raises_the_job(client: Client, gate: Gate, home: Path) -> None:
    client.call("generate", **walk(gate))
    request = {"prompt": "same", "backend": "sine", "duration_sec": 2, "seed": 1}
    client.call("generate", prompt="other", backend="sine", duration_sec=2)
    waiting = client.call("generate", **request)
    raised = client.call("generate", **request, priority="high")
    assert (waiting["position"], raised["position"]) == (2, 1)
    assert raised["job_id"] == waiting["job_id"]
