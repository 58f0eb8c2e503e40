"""Which row does a track get that was just made, and what does it know beyond the file?"""

from __future__ import annotations

from typing import TYPE_CHECKING

from lofi_core.tracks.index import Entry
from lofi_core.tracks.marks import Marks

if TYPE_CHECKING:
    from lofi_core.tracks.encode import EncodedTrack


def made_entry(encoded: EncodedTrack, before: Marks | None) -> Entry:
    """The row; `before` is what was said of the track of the same id that it replaces."""
    return Entry(
        track_id=encoded.track_id,
        title=encoded.title or (before.title if before else None),
        favourite=before.favourite if before else False,
        frames=encoded.frames,
        size_bytes=encoded.size_bytes,
        kept_bytes=encoded.kept_bytes,
        recipe=encoded.recipe,
    )


def marks_of(entry: Entry) -> Marks:
    """What people said of a track."""
    return Marks(entry.title, entry.favourite)
