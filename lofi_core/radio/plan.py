"""When must the next piece be begun, and when must something else be heard? Pure."""

from __future__ import annotations

import math
from dataclasses import dataclass

# The next piece may take so much longer than measured, and then so many seconds more.
MARGIN = 1.25
SLACK_SEC = 10.0
# Station's pieces that are ready and not begun, at most, whatever the measured speed says.
MOST_READY = 3
# Who skips before the next piece is there gets something else; for less than this nothing is looked for.
PATIENCE_SEC = 15.0
# So long before the end of what plays, anything is better than nothing.
LAST_CALL_SEC = 6.0


@dataclass(frozen=True, slots=True)
class Situation:
    """What there is to hear, and what is on its way. All in seconds.

    Attributes:
        remaining_sec: of what plays; 0 when nothing does, infinite when it plays again and again.
        ready: lengths of the station's pieces that come next.
        others: something else waits that could be heard.
        crossfade_sec: how long before its end what plays is left.
        expected_sec: until a piece that is begun now can be heard; None: not known.
        in_sec: until the piece that is being made can be heard; None: none is, or that cannot be said.
        is_making: a piece is being made that is not heard yet.
        may_make: nothing keeps the radio from making.
        is_paused: the listener holds it.
        bridge_sec: until a fresh bridge that is asked for now can be heard; infinite when none can be made.
    """

    remaining_sec: float = 0.0
    ready: tuple[float, ...] = ()
    others: bool = False
    crossfade_sec: float = 0.0
    expected_sec: float | None = None
    in_sec: float | None = None
    is_making: bool = False
    may_make: bool = True
    is_paused: bool = False
    bridge_sec: float = math.inf


def make_in_sec(now: Situation) -> float:
    """Until the next piece must be begun; 0 is now, infinite: not in this situation.

    One whole piece stays ready, so that a skip is instant: it does not count as time to make the next one in.
    """
    if not now.may_make or now.is_making or len(now.ready) >= MOST_READY:
        return math.inf
    if not now.ready:
        return 0.0
    if now.is_paused:
        return math.inf
    # Of a backend whose speed nobody knows it is best to think that it takes as long as its music.
    expected = now.ready[-1] if now.expected_sec is None else now.expected_sec
    in_hand = now.remaining_sec + sum(now.ready[:-1]) - now.crossfade_sec * len(now.ready)
    return max(in_hand - expected * MARGIN - SLACK_SEC, 0.0)


def comes_in_time(now: Situation) -> bool:
    """Whether the station's next piece can be heard before what plays is over."""
    if now.ready:
        return True
    in_sec = now.in_sec if now.is_making else now.expected_sec if now.may_make else None
    if in_sec is None:
        return False
    return in_sec * MARGIN + LAST_CALL_SEC + now.crossfade_sec <= now.remaining_sec


def wants_spare(now: Situation) -> bool:
    """Whether something that is there already should wait behind what plays."""
    if now.ready or now.others or now.is_paused:
        return False
    in_sec = now.in_sec if now.is_making else now.expected_sec
    return not comes_in_time(now) or in_sec is None or in_sec > PATIENCE_SEC


def wants_fresh_bridge(now: Situation) -> bool:
    """Whether a bridge must be made: nothing waits, and the next piece is late.

    As soon as that is known, for it will be needed; else at the last moment at which it can be there.
    """
    if now.ready or now.others or now.is_paused or math.isinf(now.bridge_sec) or comes_in_time(now):
        return False
    is_known = now.is_making and now.in_sec is not None
    return is_known or now.remaining_sec <= now.bridge_sec * MARGIN + SLACK_SEC + now.crossfade_sec


def is_last_call(now: Situation) -> bool:
    """Whether anything at all must be heard next."""
    nothing = not now.ready and not now.others and not now.is_paused
    return nothing and now.remaining_sec <= LAST_CALL_SEC + now.crossfade_sec
