"""How far ahead is there something to play?"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from lofi_core.playback.deck import Deck
    from lofi_core.playback.playlist import Entry, Playlist
    from lofi_core.player.protocol import State


@dataclass(frozen=True, slots=True)
class Horizon:
    """What plays, and what comes then.

    Attributes:
        state: of the sound.
        current: the entry that plays or would; None when there is none, or the last one is over.
        position_sec: where in it the sound is, or goes on.
        remaining_sec: to its end, crossfade included; infinite while it repeats, 0 without one.
        coming: entries that follow, in the order in which they will play, but for those that do not.
    """

    state: State
    current: Entry | None
    position_sec: float
    remaining_sec: float
    coming: tuple[Entry, ...]


def horizon_of(playlist: Playlist, deck: Deck) -> Horizon:
    """As of now."""
    current, position_sec = playlist.current, deck.position_sec
    remaining_sec = 0.0
    if current is not None:
        remaining_sec = max(current.duration_sec - position_sec, 0.0)
        if playlist.repeat == "one":
            remaining_sec = math.inf
    return Horizon(deck.state, current, position_sec, remaining_sec, tuple(playlist.coming(deck.unplayable)))
