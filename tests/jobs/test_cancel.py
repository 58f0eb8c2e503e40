"""Cancel takes effect within one step, touches nothing else, and is one client's word only."""

from typing import Any

import pytest

from lofi_core.errors import UnknownJob, UnknownTrack
from lofi_core.rpc.client import Client
from tests.conftest import DaemonProcess, Gate, events_until_end, wait_for


def walk(gate: Gate, **more: Any) -> dict[str, Any]:
    options = {"gate": str(gate.path)}
    return {"prompt": "walk", "backend": "stepped", "duration_sec": 9, "options": options, **more}


def test_cancelling_the_running_job_takes_one_step_and_leaves_the_next_running(
    daemon: DaemonProcess, gate: Gate
) -> None:
    client = daemon.client()
    running = client.call("generate", **walk(gate))
    following = client.call("generate", prompt="next", backend="sine", duration_sec=2)
    gate.open(2)
    wait_for(client, "generation_progress")
    answer = client.call("cancel", job_id=running["job_id"])
    assert answer == {"cancelled": True, "was_generating": True, "track_id": running["track_id"]}
    gate.open(1)
    end = events_until_end(client, running["job_id"])[-1]
    assert end.name == "generation_cancelled"
    assert end.fields["at_step"] <= 3
    assert end.fields["total_steps"] == 9
    assert events_until_end(client, following["job_id"])[-1].name == "generation_complete"


def test_cancelling_a_queued_job_leaves_the_running_one_alone(daemon: DaemonProcess, gate: Gate) -> None:
    client = daemon.client()
    running = client.call("generate", **walk(gate))
    queued = client.call("generate", prompt="next", backend="sine", duration_sec=2)
    assert client.call("cancel", track_id=queued["track_id"])["was_generating"] is False
    assert events_until_end(client, queued["job_id"])[-1].fields["at_step"] == 0
    gate.open(9)
    assert events_until_end(client, running["job_id"])[-1].name == "generation_complete"


def test_cancelling_a_paused_job_closes_its_generator_while_another_runs(
    daemon: DaemonProcess, gate: Gate
) -> None:
    client = daemon.client()
    paused = client.call("generate", **walk(gate))["job_id"]
    wait_for(client, "generation_start")
    gate.open(1)
    client.call("job_pause", job_id=paused)
    other = client.call("generate", **walk(gate, seed=2))["job_id"]
    assert client.call("cancel", job_id=paused)["cancelled"] is True
    gate.open(9)
    assert events_until_end(client, paused)[-1].name == "generation_cancelled"
    assert events_until_end(client, other)[-1].name == "generation_complete"


def test_two_clients_share_one_job_and_one_that_cancels_leaves_the_other_its_track(
    daemon: DaemonProcess, gate: Gate
) -> None:
    one, two = daemon.client(), daemon.client()
    first = one.call("generate", **walk(gate, seed=5))
    second = two.call("generate", **walk(gate, seed=5))
    assert first["job_id"] == second["job_id"]
    assert one.call("cancel", job_id=first["job_id"])["cancelled"] is False
    gate.open(9)
    assert events_until_end(two, second["job_id"])[-1].name == "generation_complete"
    assert one.call("ping")["status"] == "ok"
    assert "generation_complete" not in _names_waiting(one)


def test_the_job_ends_when_the_last_interested_client_cancels(daemon: DaemonProcess, gate: Gate) -> None:
    one, two = daemon.client(), daemon.client()
    job_id = one.call("generate", **walk(gate, seed=5))["job_id"]
    two.call("generate", **walk(gate, seed=5))
    one.call("cancel", job_id=job_id)
    assert two.call("cancel", job_id=job_id)["cancelled"] is True
    gate.open(1)
    assert events_until_end(two, job_id)[-1].name == "generation_cancelled"


def test_a_stranger_cannot_cancel_a_wanted_job_without_force(daemon: DaemonProcess, gate: Gate) -> None:
    owner, stranger = daemon.client(), daemon.client()
    job_id = owner.call("generate", **walk(gate))["job_id"]
    assert stranger.call("cancel", job_id=job_id)["cancelled"] is False
    assert stranger.call("cancel", job_id=job_id, force=True)["cancelled"] is True
    gate.open(1)
    assert events_until_end(owner, job_id)[-1].name == "generation_cancelled"


def test_a_job_whose_client_is_gone_goes_on_and_can_be_cancelled_by_anyone(
    daemon: DaemonProcess, gate: Gate
) -> None:
    owner, other = daemon.client(), daemon.client()
    other.call("subscribe")
    job_id = owner.call("generate", **walk(gate))["job_id"]
    owner.close()
    while other.call("status")["clients"] > 1:
        continue
    assert other.call("job_get", job_id=job_id)["state"] == "running"
    assert other.call("cancel", job_id=job_id)["cancelled"] is True
    gate.open(1)
    assert events_until_end(other, job_id)[-1].name == "generation_cancelled"


def test_a_job_can_be_cancelled_while_its_file_is_written(daemon: DaemonProcess) -> None:
    client = daemon.client()
    job_id = client.call("generate", prompt="long", backend="sine", duration_sec=600)["job_id"]
    while wait_for(client, "generation_progress").fields["stage"] != "write":
        continue
    assert client.call("cancel", job_id=job_id)["cancelled"] is True
    assert events_until_end(client, job_id)[-1].name == "generation_cancelled"
    assert list(daemon.data.rglob("*.flac")) == []


def test_a_request_for_a_track_that_is_being_cancelled_gets_a_job_of_its_own(
    daemon: DaemonProcess, gate: Gate
) -> None:
    client = daemon.client()
    dying = client.call("generate", **walk(gate, seed=3))["job_id"]
    wait_for(client, "generation_start")
    client.call("cancel", job_id=dying)
    fresh = client.call("generate", **walk(gate, seed=3))["job_id"]
    assert fresh != dying
    gate.open(10)
    assert events_until_end(client, dying)[-1].name == "generation_cancelled"
    assert events_until_end(client, fresh)[-1].name == "generation_complete"


def test_an_ended_job_cannot_be_cancelled(daemon: DaemonProcess) -> None:
    client = daemon.client()
    job_id = client.call("generate", prompt="x", backend="sine", duration_sec=1)["job_id"]
    events_until_end(client, job_id)
    assert client.call("cancel", job_id=job_id)["cancelled"] is False
    assert client.call("job_get", job_id=job_id)["state"] == "complete"


def test_unknown_ids_are_errors(daemon: DaemonProcess) -> None:
    client = daemon.client()
    with pytest.raises(UnknownJob, match="nope"):
        client.call("cancel", job_id="nope")
    with pytest.raises(UnknownTrack, match="nope"):
        client.call("cancel", track_id="nope")


def test_clearing_the_queue_cancels_what_waits_and_spares_what_runs(
    daemon: DaemonProcess, gate: Gate
) -> None:
    client = daemon.client()
    running = client.call("generate", **walk(gate))["job_id"]
    for seed in range(3):
        client.call("generate", prompt="waits", backend="sine", duration_sec=2, seed=seed)
    assert client.call("queue_clear") == {"cancelled": 3}
    gate.open(9)
    assert events_until_end(client, running)[-1].name == "generation_complete"
    assert client.call("queue_status") == {"running": [], "pending": [], "paused": []}


def _names_waiting(client: Client) -> list[str]:
    names = []
    while (event := client.next_event(0)) is not None:
        names.append(event.name)
    return names
