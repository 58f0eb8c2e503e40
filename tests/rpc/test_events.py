"""Who gets which event, and when: after the reply, for the own jobs unasked, for others' when subscribed."""

from __future__ import annotations

from itertools import count
from typing import TYPE_CHECKING, Any

import pytest

from lofi_core.events import EVENTS
from lofi_core.rpc.hub import Subscriptions
from tests.conftest import DaemonProcess, Gate, events_until_end, wait_for

if TYPE_CHECKING:
    from tests.rpc.conftest import Connect
    from tests.rpc.raw import RawSocket

NUMBERS = count()


@pytest.fixture
def sine() -> dict[str, Any]:
    """A track that nobody has asked for yet."""
    return {"prompt": f"tone {next(NUMBERS)}", "backend": "sine", "duration_sec": 2}


def heard(wire: RawSocket) -> list[list[Any]]:
    """Everything that is on the way to a client by now: what comes before the answer to a ping."""
    wire.send(b"\x94\x00\x63\xa4ping\x90")
    seen = []
    while (message := wire.read())[:2] != [1, 99]:
        seen.append(message)
    return seen


def test_the_reply_to_generate_precedes_every_event_of_its_job(
    quiet: DaemonProcess, sine: dict[str, Any], connect: Connect
) -> None:
    wire = connect(quiet)
    wire.ask([0, 1, "subscribe", [{"events": ["generation_"]}]])
    answered: set[str] = set()
    for msgid in range(2, 12):
        message = wire.ask([0, msgid, "generate", [sine | {"seed": msgid}]])
        while message[0] == 2:
            assert message[2][0]["job_id"] in answered
            message = wire.read()
        answered.add(message[3]["job_id"])


def test_the_reply_to_a_cached_generate_precedes_its_event(
    quiet: DaemonProcess, sine: dict[str, Any], connect: Connect
) -> None:
    client, wire = quiet.client(), connect(quiet)
    events_until_end(client, client.call("generate", seed=1, **sine)["job_id"])
    reply = wire.ask([0, 1, "generate", [sine | {"seed": 1}]])
    assert reply[3]["status"] == "cached"
    assert wire.read()[1] == "generation_complete"


def test_a_connection_hears_of_its_own_job_without_subscribing(
    quiet: DaemonProcess, sine: dict[str, Any]
) -> None:
    client = quiet.client()
    names = [e.name for e in events_until_end(client, client.call("generate", **sine)["job_id"])]
    assert names[:2] == ["generation_queued", "generation_start"]
    assert names[-1] == "generation_complete"
    assert {"generation_progress", "generation_audio"} <= set(names)


def test_a_connection_hears_nothing_of_others_jobs_without_subscribing(
    quiet: DaemonProcess, sine: dict[str, Any], connect: Connect
) -> None:
    client, wire = quiet.client(), connect(quiet)
    assert wire.is_served()
    events_until_end(client, client.call("generate", **sine)["job_id"])
    assert heard(wire) == []


def test_a_subscriber_hears_of_others_jobs_by_name_or_prefix(
    quiet: DaemonProcess, sine: dict[str, Any], connect: Connect
) -> None:
    client, wire = quiet.client(), connect(quiet)
    wire.ask([0, 1, "subscribe", [{"events": ["generation_c", "generation_start"]}]])
    events_until_end(client, client.call("generate", **sine)["job_id"])
    assert [message[1] for message in heard(wire)] == ["generation_start", "generation_complete"]


def test_after_unsubscribing_a_connection_hears_nothing_more(
    quiet: DaemonProcess, sine: dict[str, Any], connect: Connect
) -> None:
    client, wire = quiet.client(), connect(quiet)
    wire.ask([0, 1, "subscribe", []])
    assert wire.ask([0, 2, "unsubscribe", []])[3] == {"events": []}
    events_until_end(client, client.call("generate", **sine)["job_id"])
    assert heard(wire) == []


def test_scope_own_adds_the_events_of_no_job_and_no_others_jobs(
    quiet: DaemonProcess, sine: dict[str, Any], connect: Connect
) -> None:
    client, wire = quiet.client(), connect(quiet)
    wire.ask([0, 1, "subscribe", [{"scope": "own"}]])
    for seed in (1, 2):  # the second waits for a moment
        job = client.call("generate", **{**sine, "seed": seed})
    events_until_end(client, job["job_id"])
    assert {message[1] for message in heard(wire)} == {"queue_changed"}


def test_both_clients_of_one_job_hear_its_events_once(
    quiet: DaemonProcess, gate: Gate, connect: Connect
) -> None:
    client, wire = quiet.client(), connect(quiet)
    walk = {
        "prompt": f"w{next(NUMBERS)}",
        "backend": "stepped",
        "duration_sec": 2,
        "seed": 1,
        "options": {"gate": str(gate.path)},
    }
    wire.ask([0, 1, "subscribe", [{"events": ["generation_complete"]}]])
    first = client.call("generate", **walk)["job_id"]
    assert wire.ask([0, 2, "generate", [walk]])[3]["job_id"] == first
    gate.open(2)
    events_until_end(client, first)
    assert [m[1] for m in heard(wire)].count("generation_complete") == 1


def test_queue_changed_goes_to_subscribers_when_the_length_changes(
    quiet: DaemonProcess, sine: dict[str, Any], gate: Gate
) -> None:
    client, watcher = quiet.client(), quiet.client()
    watcher.call("subscribe", events=["queue_changed"])
    options = {"gate": str(gate.path)}
    client.call(
        "generate", prompt=f"runs {next(NUMBERS)}", backend="stepped", duration_sec=1, options=options
    )
    client.call("generate", **sine)
    assert wait_for(watcher, "queue_changed").fields == {"length": 1}
    gate.open(1)
    assert wait_for(watcher, "queue_changed").fields == {"length": 0}


def test_shutting_down_goes_to_everybody_with_who_asked(daemon: DaemonProcess) -> None:
    idle, asking = daemon.client(), daemon.client()
    idle.call("ping")
    asking.call("hello", client={"name": "editor", "version": "1"})
    asking.call("shutdown")
    assert wait_for(idle, "shutting_down").fields["reason"].startswith("asked by editor")


PREFIXES = [
    "generation_",
    "download_",
    "backend_",
    "playback_",
    "playlist_",
    "volume_",
    "audio_",
    "radio_",
    "track_",
    "queue_",
    "shutting",
]


@pytest.mark.parametrize("patterns", [None, [""], PREFIXES])
def test_none_an_empty_prefix_or_all_prefixes_are_all_events(patterns: list[str] | None) -> None:
    assert Subscriptions().add(patterns, "all") == list(EVENTS)


def test_an_empty_list_subscribes_to_nothing() -> None:
    assert Subscriptions().add([], "all") == []


def test_unsubscribing_from_own_leaves_what_was_subscribed_for_all() -> None:
    subscriptions = Subscriptions()
    subscriptions.add(["generation_start"], "all")
    subscriptions.add(["queue_changed"], "own")
    assert subscriptions.remove(None, "own") == ["generation_start"]
    assert subscriptions.remove(["generation_"], "all") == []


def test_an_event_of_a_later_version_can_be_asked_for_and_the_answer_says_it_will_not_come() -> None:
    subscriptions = Subscriptions()
    assert subscriptions.add(["generation_start", "mixtape_"], "all") == ["generation_start"]


def test_shutting_down_needs_no_subscription() -> None:
    assert Subscriptions().wants("shutting_down", of_a_job=False)
    assert not Subscriptions().wants("queue_changed", of_a_job=False)
