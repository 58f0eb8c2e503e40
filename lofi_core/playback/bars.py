"""On which bar does the next track come in? Pure."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import msgspec

from lofi_core.backend import Music
from lofi_core.player.protocol import MAX_CROSSFADE_SEC

if TYPE_CHECKING:
    from lofi_core.tracks.track import Track

# A bar line that rounding has put this much before the place where it belongs still counts.
CLOSE_SEC = 1e-6


def music_of(track: Track) -> Music | None:
    """What its backend knew of a track's tempo, key and bars; None where it told nothing, or nonsense."""
    told = track.recipe.extra.get("music")
    if told is None:
        return None
    try:
        return msgspec.convert(told, Music)
    except (msgspec.ValidationError, TypeError, ValueError):
        return None  # of a file that somebody else wrote


def cross_at_sec(music: Music | None, duration_sec: float, crossfade_sec: float) -> float | None:
    """The last bar line that leaves a crossfade its time, on the track's clock.

    None where no bar is known, or none lies between `crossfade_sec` and 12 seconds before the end.
    """
    if music is None or music.bar_sec is None:
        return None
    latest_sec = duration_sec - crossfade_sec - music.first_bar_sec
    bar = math.floor((latest_sec + CLOSE_SEC) / music.bar_sec)
    place_sec = music.first_bar_sec + bar * music.bar_sec
    return place_sec if bar > 0 and duration_sec - place_sec <= MAX_CROSSFADE_SEC else None
