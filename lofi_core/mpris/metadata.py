"""What does the bus hear of a track?"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from dbus_fast.signature import Variant

from lofi_core.tracks.words import display_title, printable

if TYPE_CHECKING:
    from lofi_core.playback.playlist import Entry

ARTIST = "lofi-core"
MICROSECONDS = 1_000_000


def microseconds(seconds: float) -> int:
    """A time as MPRIS counts it."""
    return round(seconds * MICROSECONDS)


def object_path(entry: Entry) -> str:
    """What MPRIS tells tracks apart by: an object's path, though no object is there."""
    return f"/lofi_core/track/{entry.track_id}"


def metadata(entry: Entry | None) -> dict[str, Variant]:
    """The map of a track, empty for none. `xesam:url` lacks while the track is being made."""
    if entry is None:
        return {}
    told = {
        "mpris:trackid": Variant("o", object_path(entry)),
        "mpris:length": Variant("x", microseconds(entry.duration_sec)),
        "xesam:title": Variant("s", display_title(entry.title, entry.prompt)),
        "xesam:artist": Variant("as", [ARTIST]),
        "xesam:album": Variant("s", ARTIST),
        "xesam:comment": Variant("as", [printable(entry.prompt)]),
    }
    if entry.music is not None and entry.music.tempo_bpm is not None:
        told["xesam:audioBPM"] = Variant("i", round(entry.music.tempo_bpm))
    if entry.path is not None:
        told["xesam:url"] = Variant("s", Path(entry.path).as_uri())
    return told
