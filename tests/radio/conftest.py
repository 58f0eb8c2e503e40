"""A radio to talk to: a real daemon, a real player on the null device, short pieces."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from lofi_core.rpc.client import Client, Notification
    from tests.conftest import DaemonProcess

WAIT_SEC = 60.0
PROMPT = "rainy night, jazzy rhodes"


@pytest.fixture
def listener(daemon: DaemonProcess) -> Client:
    """A client that hears of the radio and of what plays."""
    return listening(daemon)


def listening(daemon: DaemonProcess) -> Client:
    client = daemon.client()
    client.call("subscribe", events=["radio", "playback", "generation"])
    return client


def tune(client: Client, **fields: Any) -> dict[str, Any]:
    """Start a radio of short pieces."""
    wanted: dict[str, Any] = {"prompts": [PROMPT], "duration_sec": 8, "crossfade_sec": 1, **fields}
    status: dict[str, Any] = client.call("radio_start", **wanted)
    return status


def until(client: Client, name: str, **fields: Any) -> Notification:
    """The next event of that name with these fields; others are dropped."""
    while True:
        event = client.next_event(WAIT_SEC)
        assert event is not None, f"no {name} with {fields}"
        if event.name == name and all(event.fields.get(key) == value for key, value in fields.items()):
            return event


def plays(client: Client, **fields: Any) -> str:
    """The next piece that the radio begins; its track id."""
    while True:
        event = until(client, "radio_changed", **fields)
        if "track_id" in event.fields:
            return str(event.fields["track_id"])
