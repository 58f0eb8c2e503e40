"""What does the player need to know of an entry, and what do clients hear of its end?"""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import UNSET

from lofi_core.events import PlaybackEnded
from lofi_core.playback.bars import cross_at_sec
from lofi_core.player.protocol import Item

if TYPE_CHECKING:
    from lofi_core.errors import LofiError
    from lofi_core.playback.playlist import Entry
    from lofi_core.playback.streams import Stream


def item_of(item_id: str, entry: Entry, stream: Stream | None, crossfade_sec: float) -> Item:
    """An entry for the player: of its finished track, or of the growing file of a job that makes it."""
    if stream is not None and stream.path is not None:
        return Item(
            id=item_id,
            path=stream.path,
            gain_db=stream.gain_db,
            growing=True,
            available_sec=stream.available_sec,
            final=stream.final,
        )
    place_sec = entry.cross_at_sec
    if place_sec is None:
        place_sec = cross_at_sec(entry.music, entry.duration_sec, crossfade_sec)
    first_bar_sec = entry.music.first_bar_sec if entry.music else 0.0
    return Item(id=item_id, path=entry.path or "", cross_at_sec=place_sec, first_bar_sec=first_bar_sec)


def ended(entry: Entry, position_sec: float, reason: str, error: LofiError | None) -> PlaybackEnded:
    """The event."""
    if error is None:
        return PlaybackEnded(entry.track_id, position_sec, reason)
    return PlaybackEnded(entry.track_id, position_sec, reason, error.code, error.message, error.hint or UNSET)
