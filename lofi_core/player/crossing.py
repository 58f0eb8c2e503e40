"""For how long do two tracks overlap when one follows the other?"""

from __future__ import annotations

from typing import TYPE_CHECKING

from lofi_core.player.protocol import MAX_CROSSFADE_SEC

if TYPE_CHECKING:
    from lofi_core.player.voice import Voice


def most_overlap(going: Voice, crossfade: int, rate: int) -> int:
    """How many frames before the end of a track the next one may come in: so early it must be looked at.

    Args:
        going: the track that ends, of known length.
        crossfade: frames.
        rate: Hz.
    """
    return crossfade if going.item.cross_at_sec is None else round(MAX_CROSSFADE_SEC * rate)


def overlap_of(going: Voice, coming: Voice, crossfade: int, rate: int) -> int:
    """How many frames before the end of `going` the next track, `coming`, comes in.

    On the place that `going` names for it, when that lies ahead and suits both; else a crossfade before its
    end. Never more than half of either.
    """
    most = min(going.most_overlap, coming.most_overlap)
    on_bar = _overlap_on_bar(going, coming, rate)
    if on_bar is not None and on_bar <= min(most, going.remaining or 0, round(MAX_CROSSFADE_SEC * rate)):
        return on_bar
    return min(crossfade, most)


def _overlap_on_bar(going: Voice, coming: Voice, rate: int) -> int | None:
    """The same from where the first bar of `coming` falls on its place in `going`; None when it has none."""
    total, place_sec = going.track.total_frames, going.item.cross_at_sec
    if total is None or place_sec is None:
        return None
    place = round(place_sec * rate)
    overlap = total - place + round(coming.item.first_bar_sec * rate)
    return overlap if place < total else None
