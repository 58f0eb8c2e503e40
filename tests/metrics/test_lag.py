"""Is a loop that is held up seen, and one that nobody asks about left alone?"""

import asyncio
from collections.abc import Callable

import pytest

from lofi_core.metrics.lag import EVERY_SEC, NOBODY_ASKS_SEC, WINDOW_SEC, LoopLag


class Loop:
    """An event loop whose time the test tells: it has at most one timer."""

    def __init__(self) -> None:
        self.now = 1_000.0
        self.timer: tuple[float, Callable[[], None]] | None = None

    def is_woken(self) -> bool:
        return self.timer is not None

    def time(self) -> float:
        return self.now

    def call_later(self, delay: float, call: Callable[..., None], *arguments: object) -> object:
        assert self.timer is None
        self.timer = self.now + delay, lambda: call(*arguments)
        return self

    def pass_time(self, seconds: float, held_up_sec: float = 0.0) -> None:
        """Let timers come when they are due; the first one so much later."""
        until = self.now + seconds
        while self.timer is not None and self.timer[0] <= until:
            (due_at, call), self.timer = self.timer, None
            self.now = due_at + held_up_sec
            held_up_sec = 0.0
            call()
        self.now = max(self.now, until)


@pytest.fixture
def loop(monkeypatch: pytest.MonkeyPatch) -> Loop:
    made = Loop()
    monkeypatch.setattr(asyncio, "get_running_loop", lambda: made)
    return made


def test_it_tells_how_long_the_loop_was_held_up(loop: Loop) -> None:
    lag = LoopLag()
    assert lag.most_sec() is None  # from here on it is watched
    loop.pass_time(1.0)
    assert lag.most_sec() == pytest.approx(0.0)
    loop.pass_time(1.0, held_up_sec=0.25)
    loop.pass_time(1.0, held_up_sec=0.01)
    assert lag.most_sec() == pytest.approx(0.25)


def test_what_was_two_minutes_ago_is_forgotten(loop: Loop) -> None:
    lag = LoopLag()
    lag.most_sec()
    loop.pass_time(1.0, held_up_sec=0.25)
    loop.pass_time(WINDOW_SEC)
    assert lag.most_sec() == pytest.approx(0.25)
    loop.pass_time(WINDOW_SEC)
    assert lag.most_sec() == pytest.approx(0.0)


def test_nothing_wakes_the_loop_before_anybody_asks_or_long_after(loop: Loop) -> None:
    lag = LoopLag()
    assert not loop.is_woken()
    lag.most_sec()
    loop.pass_time(NOBODY_ASKS_SEC - EVERY_SEC)
    assert loop.is_woken()
    loop.pass_time(3 * EVERY_SEC)
    assert not loop.is_woken()
    assert lag.most_sec() is None
