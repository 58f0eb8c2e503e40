"""Is the track that was just made heard?"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from lofi_core.errors import ERRORS, AudioDeviceError, InternalError

if TYPE_CHECKING:
    from lofi_core.rpc.client import Client

# From its last byte to its first sound: the player may have to start, on a machine with its hands full.
BEGIN_SEC = 20.0
POLL_SEC = 0.2


def see_that_it_plays(client: Client, track_id: str, ends: list[dict[str, Any]]) -> bool:
    """Wait until a finished track is heard. False when something else plays, and it comes after that.

    Args:
        client: subscribed to `playback_`; it asked for the track with `play`.
        track_id: of the track.
        ends: the fields of each `playback_ended` that the track had so far.

    Raises:
        LofiError: it cannot be played, and why.
    """
    deadline = time.monotonic() + BEGIN_SEC
    while time.monotonic() < deadline:
        for fields in ends:
            if fields["reason"] != "error":
                return True  # it was short, or somebody stopped it
            raise ERRORS.get(fields["code"], InternalError)(fields["message"], fields.get("hint"))
        playback = client.call("status")["playback"]
        sounds = playback["state"] != "stopped"
        if sounds and playback["track_id"] == track_id:
            return True
        if sounds and any(t["track_id"] == track_id for t in client.call("playlist_get")["tracks"]):
            return False
        event = client.next_event(POLL_SEC)
        if event and event.name == "playback_ended" and event.fields["track_id"] == track_id:
            ends.append(event.fields)
    raise AudioDeviceError(f"track {track_id} did not begin to play", "the daemon's log may say why")
