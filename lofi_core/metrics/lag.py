"""How late does the event loop come to what is due? Measured only while somebody wants to know."""

from __future__ import annotations

import asyncio

EVERY_SEC = 0.1
WINDOW_SEC = 60.0
NOBODY_ASKS_SEC = 600.0  # a scrape a minute is seldom


class LoopLag:
    """The longest delay of a timer lately. A daemon that nobody asks is not woken for it."""

    def __init__(self) -> None:
        self._timer: asyncio.TimerHandle | None = None
        self._asked_at = 0.0
        self._window_began = 0.0
        self._most, self._most_before = 0.0, 0.0

    def most_sec(self) -> float | None:
        """The most of the last one to two minutes; None when the watch begins with this call."""
        loop = asyncio.get_running_loop()
        self._asked_at = loop.time()
        if self._timer is not None:
            return max(self._most, self._most_before)
        self._most = self._most_before = 0.0
        self._window_began = loop.time()
        self._wait(loop)
        return None

    def _wait(self, loop: asyncio.AbstractEventLoop) -> None:
        self._timer = loop.call_later(EVERY_SEC, self._due, loop, loop.time() + EVERY_SEC)

    def _due(self, loop: asyncio.AbstractEventLoop, due_at: float) -> None:
        now = loop.time()
        self._most = max(self._most, now - due_at)
        if now - self._window_began > WINDOW_SEC:
            self._window_began, self._most_before, self._most = now, self._most, 0.0
        if now - self._asked_at > NOBODY_ASKS_SEC:
            self._timer = None
        else:
            self._wait(loop)
