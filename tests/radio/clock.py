"""Time that passes only when nobody has anything to do: hours of it in minutes.

`time.monotonic`, the event loop and threads that call `sleep` share one clock. It stands still while the loop
has something ready, or a thread works on something; then it jumps to the next moment somebody waits for.
"""

from __future__ import annotations

import asyncio
import contextlib
import heapq
import itertools
import selectors
import threading
import time
from typing import TYPE_CHECKING, Any, TypeVar, TypeVarTuple

from lofi_core.runtime import RunEnded
from lofi_core.worker import Worker

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Iterator
    from concurrent.futures import Executor, Future

T = TypeVar("T")
Ts = TypeVarTuple("Ts")
# Nobody waits for anything and no thread works: a simulation that hangs says so.
STUCK_SEC = 30.0


class SimulationOver(RunEnded):
    """Raised in threads that still sleep when the simulation ends."""


class VirtualClock:
    """The time of a simulation, in seconds, and who keeps it from passing. Any thread.

    A party is a thread, or a call in one. It holds the time while it has something in hand, unless it sleeps:
    what waits behind a call that sleeps sleeps too.
    """

    def __init__(self, now: float) -> None:
        self.now = now
        self._lock = threading.Lock()
        self._in_hand: dict[object, int] = {}
        self._asleep: set[object] = set()
        self._sleepers: list[tuple[float, int, object, threading.Event]] = []
        self._serial = itertools.count()
        self._here = threading.local()  # the party of each thread
        self._over = False
        self.wake_loop: Callable[[], None] = lambda: None

    @property
    def is_held(self) -> bool:
        """A thread works on something: time stands still."""
        with self._lock:
            return self._is_held()

    @property
    def next_sleeper(self) -> float:
        """When the first of the sleeping threads goes on."""
        with self._lock:
            return self._sleepers[0][0] if self._sleepers else float("inf")

    def begin_work(self, party: object) -> None:
        """A call is given to a party."""
        with self._lock:
            self._in_hand[party] = self._in_hand.get(party, 0) + 1

    def end_work(self, party: object) -> None:
        """A party is done with a call, and whoever waits for it has been told."""
        with self._lock:
            self._in_hand[party] -= 1
            if not self._in_hand[party]:
                del self._in_hand[party]
            last = not self._is_held()
        if last:
            self.wake_loop()

    def carry_out(self, party: object, call: Callable[[], T]) -> T:
        """Make a call, in the thread of that party."""
        self._here.party = party
        return call()

    def sleep(self, seconds: float) -> None:
        """Wait in a thread, within a call that was counted, until so much virtual time has passed."""
        awake, party = threading.Event(), self._here.party
        with self._lock:
            if self._over:
                raise SimulationOver
            heapq.heappush(self._sleepers, (self.now + seconds, next(self._serial), party, awake))
            self._asleep.add(party)
            last = not self._is_held()
        if last:
            self.wake_loop()
        awake.wait()
        if self._over:
            raise SimulationOver

    def go_to(self, moment: float) -> None:
        """Let time pass, and wake the threads whose time has come."""
        with self._lock:
            self.now = max(self.now, moment)
            while self._sleepers and self._sleepers[0][0] <= self.now:
                self._wake(*heapq.heappop(self._sleepers)[2:])

    def finish(self) -> None:
        """End the threads that sleep."""
        with self._lock:
            self._over = True
            while self._sleepers:
                self._wake(*self._sleepers.pop()[2:])

    def _is_held(self) -> bool:
        return any(party not in self._asleep for party in self._in_hand)

    def _wake(self, party: object, awake: threading.Event) -> None:
        self._asleep.discard(party)
        awake.set()


class _Selector(selectors.DefaultSelector):
    """Lets virtual time pass where a loop would wait in real time."""

    def __init__(self, clock: VirtualClock) -> None:
        super().__init__()
        self._clock = clock
        self.next_timer: Callable[[], float] = lambda: float("inf")

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        held = self._clock.is_held  # asked first: a thread tells its news before it is done
        found = super().select(0)
        if found or timeout == 0:
            return found
        if held:
            return super().select(None)  # the thread's news wakes the loop, or at the latest its end does
        moment = min(self.next_timer(), self._clock.next_sleeper)
        if moment == float("inf"):
            found = super().select(STUCK_SEC)
            if not found:
                raise RuntimeError("the simulation is stuck: nobody waits for a time, and nothing happens")
            return found
        self._clock.go_to(moment)
        return found


class SimulatedLoop(asyncio.SelectorEventLoop):
    """An event loop on a virtual clock. Sockets and pipes are real."""

    def __init__(self, clock: VirtualClock) -> None:
        self._clock = clock
        selector = _Selector(clock)
        super().__init__(selector)
        selector.next_timer = self._next_timer
        clock.wake_loop = self._wake

    def time(self) -> float:
        return self._clock.now

    def run_in_executor(
        self, executor: Executor | None, func: Callable[[*Ts], T], *args: *Ts
    ) -> asyncio.Future[T]:
        party = object()
        self._clock.begin_work(party)
        future = super().run_in_executor(executor, self._clock.carry_out, party, lambda: func(*args))
        future.add_done_callback(lambda _: self._clock.end_work(party))
        return future

    def _next_timer(self) -> float:
        scheduled: list[asyncio.TimerHandle] = self._scheduled  # type: ignore[attr-defined]
        return scheduled[0].when() if scheduled else float("inf")

    def _wake(self) -> None:
        with contextlib.suppress(RuntimeError):  # it is closed
            self.call_soon_threadsafe(lambda: None)


@contextlib.contextmanager
def virtual_time() -> Iterator[VirtualClock]:
    """`time.monotonic` is that of a virtual clock, and every call of a `Worker` holds it."""
    real, submit, carry_out = time.monotonic, Worker.submit, Worker._carry_out
    clock = VirtualClock(real())

    def counted_submit(self: Worker, function: Callable[..., Any], *args: Any, **kwargs: Any) -> Future[Any]:
        clock.begin_work(self)
        return submit(self, function, *args, **kwargs)

    def counted_carry_out(self: Worker, future: Future[Any], function: Callable[[], Any]) -> None:
        try:
            clock.carry_out(self, lambda: carry_out(self, future, function))
        finally:
            clock.end_work(self)

    time.monotonic = lambda: clock.now
    Worker.submit, Worker._carry_out = counted_submit, counted_carry_out  # type: ignore[method-assign]
    try:
        yield clock
    finally:
        clock.finish()
        time.monotonic = real
        Worker.submit, Worker._carry_out = submit, carry_out  # type: ignore[method-assign]


def simulate(main: Callable[[VirtualClock], Coroutine[Any, Any, T]]) -> T:
    """Run a coroutine in virtual time; its result."""
    with virtual_time() as clock, asyncio.Runner(loop_factory=lambda: SimulatedLoop(clock)) as runner:
        return runner.run(main(clock))
