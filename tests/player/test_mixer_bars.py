"""Does the next track come in on the bar that was named for it? Sample for sample."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from lofi_core.player.protocol import Ended, Item
from tests.player.conftest import RATE, Samples, sine
from tests.player.mixer_rig import Rig, Track, down, up

if TYPE_CHECKING:
    from lofi_core.player.protocol import AnyEvent

A, B = sine(20.0, level=0.4), sine(15.0, 331.0, level=0.4)


def rig(first: dict[str, Any], second: dict[str, Any] | None = None, crossfade_sec: float = 3.0) -> Rig:
    """A, of 20 s, then B, of 15 s, with these fields."""
    made = Rig({}, crossfade_sec)
    made.tracks |= {"a": Track(A), "b": Track(B)}
    made.mixer.load([Item("a", "/a", **first), Item("b", "/b", **(second or {}))])
    return made


def crossing(overlap: int) -> Samples:
    """A and B, overlapping by so many frames."""
    over = A[-overlap:] * down(overlap) + B[:overlap] * up(overlap)
    return np.concatenate([A[:-overlap], over, B[overlap:]])


def heard(made: Rig, block: int = 4_800) -> Samples:
    made.render(40 * RATE, block)
    return made.heard()


def ends(events: list[AnyEvent]) -> list[tuple[str, float]]:
    return [(event.item_id, event.position_sec) for event in events if isinstance(event, Ended)]


@pytest.mark.parametrize("block", [4_800, 777, 480_000])
def test_the_next_track_comes_in_on_the_named_place_and_both_fade_over_what_remains(block: int) -> None:
    made = rig({"cross_at_sec": 14.3})
    wanted = crossing(len(A) - round(14.3 * RATE))
    assert np.abs(heard(made, block)[: len(wanted)] - wanted).max() < 1e-7
    assert ends(made.events)[0] == ("a", 14.3)


def test_the_first_bar_of_the_next_track_falls_on_the_named_place() -> None:
    made = rig({"cross_at_sec": 14.3}, {"first_bar_sec": 0.75})
    wanted = crossing(len(A) - round(14.3 * RATE) + round(0.75 * RATE))
    assert np.abs(heard(made)[: len(wanted)] - wanted).max() < 1e-7


def test_a_place_that_leaves_less_than_the_crossfade_is_taken_too() -> None:
    wanted = crossing(RATE)
    assert np.abs(heard(rig({"cross_at_sec": 19.0}))[: len(wanted)] - wanted).max() < 1e-7


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ({"cross_at_sec": 20.0}, {}),  # its very end
        ({"cross_at_sec": 1e9}, {}),
        ({"cross_at_sec": 7.9}, {}),  # 12.1 s before its end
        ({"cross_at_sec": 12.0}, {}),  # more than half of the next
        ({"cross_at_sec": 18.0}, {"first_bar_sec": 11.0}),
        ({}, {"first_bar_sec": 1.0}),
    ],
)
def test_a_place_that_suits_nobody_is_ignored(first: dict[str, float], second: dict[str, float]) -> None:
    wanted = crossing(3 * RATE)
    assert np.abs(heard(rig(first, second))[: len(wanted)] - wanted).max() < 1e-7


def test_without_a_crossfade_nothing_comes_in_early() -> None:
    wanted = np.concatenate([A, B])
    assert np.array_equal(heard(rig({"cross_at_sec": 15.0}, crossfade_sec=0.0))[: len(wanted)], wanted)


def test_a_place_that_is_past_when_the_next_track_comes_is_missed_and_the_crossfade_stands_in() -> None:
    made = rig({"cross_at_sec": 12.5})
    assert made.mixer.playlist.remove("b")
    made.render(16 * RATE)
    made.mixer.playlist.add([Item("b", "/b")])
    wanted = crossing(3 * RATE)
    assert np.abs(heard(made)[: len(wanted)] - wanted).max() < 1e-7


def test_a_seek_beyond_the_place_leaves_the_crossfade() -> None:
    made = rig({"cross_at_sec": 12.5})
    made.mixer.seek(round(15.0 * RATE))
    made.render(3 * RATE)
    assert ends(made.events) == [("a", 17.0)]
