"""Tracks to play, and a client that hears what is played: a real daemon, a real player, the null device."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest

from tests.conftest import events_until_end, wait_for

if TYPE_CHECKING:
    from lofi_core.rpc.client import Client, Notification
    from tests.conftest import DaemonProcess

WAIT_SEC = 20.0


def make_track(client: Client, name: str, seconds: float = 1.0, **fields: Any) -> str:
    """A track of its own for each name, made without being played; its id."""
    accepted = client.call("generate", prompt=name, duration_sec=seconds, backend="sine", seed=1, **fields)
    if accepted["status"] != "cached":
        events_until_end(client, accepted["job_id"])
    return str(accepted["track_id"])


def until(client: Client, name: str, **fields: Any) -> Notification:
    """The next event of that name with these fields; others are dropped."""
    while True:
        event = wait_for(client, name, WAIT_SEC)
        if all(event.fields.get(key) == value for key, value in fields.items()):
            return event


def wait_for_one_of(client: Client, *names: str) -> Notification:
    """The next event of any of these names; others are dropped."""
    while True:
        event = client.next_event(WAIT_SEC)
        assert event is not None, names
        if event.name in names:
            return event


def started_tracks(client: Client, count: int) -> list[str]:
    """Which tracks begin next, so many of them."""
    return [str(wait_for(client, "playback_started", WAIT_SEC).fields["track_id"]) for _ in range(count)]


@pytest.fixture
def listener(daemon: DaemonProcess) -> Client:
    """A client that hears of all playback, with crossfades off: they would cut short tracks shorter."""
    return listening(daemon)


def listening(daemon: DaemonProcess) -> Client:
    client = daemon.client()
    client.call("subscribe", events=["playback", "playlist", "volume", "audio"])
    client.call("playlist_mode", crossfade_sec=0)
    return client


def tracks(client: Client, *lengths: float) -> list[str]:
    """Tracks of these lengths, in the playlist in this order."""
    made = [make_track(client, f"track {number}", length) for number, length in enumerate(lengths)]
    for track_id in made:
        client.call("playlist_add", track_id=track_id)
    return made


Listening = Callable[..., "Client"]
