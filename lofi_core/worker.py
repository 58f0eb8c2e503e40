"""One named thread that runs calls one after another."""

from __future__ import annotations

import asyncio
import threading
from concurrent.futures import Future
from queue import SimpleQueue
from typing import TYPE_CHECKING, Any, ParamSpec, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

P = ParamSpec("P")
R = TypeVar("R")


class Worker:
    """A thread of its own for work that must not overlap: one for the store, one for each device.

    The thread is a daemon thread, unlike those of a `ThreadPoolExecutor`: a backend that never returns must
    not keep the process from ending.

    Attributes:
        is_busy: the thread is in a call.
        on_begin: called in the thread when a call begins.
    """

    def __init__(self, name: str) -> None:
        self.is_busy: bool
        self.on_begin: Callable[[], None] = lambda: None
        self._calls: SimpleQueue[tuple[Future[Any], Callable[[], Any]] | None] = SimpleQueue()
        self._name = name
        self._thread: threading.Thread
        self.leave_thread()

    @property
    def thread_id(self) -> int:
        """Of the thread that takes the calls now."""
        return self._thread.ident or 0

    def submit(self, function: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> Future[R]:
        """Queue a call from any thread. The future carries its result or exception."""
        future: Future[R] = Future()
        self._calls.put((future, lambda: function(*args, **kwargs)))
        return future

    async def run(self, function: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
        """Queue a call from the event loop and wait for it.

        Cancelling the waiting task takes back a call that has not begun; one that has runs to its end.
        """
        return await asyncio.wrap_future(self.submit(function, *args, **kwargs))

    def leave_thread(self) -> None:
        """Leave the thread to the call that it does not come back from; another takes the calls that wait."""
        self.is_busy = False
        self._thread = threading.Thread(target=self._loop, name=self._name, daemon=True)
        self._thread.start()

    def stop(self, timeout_sec: float) -> bool:
        """Let the queued calls finish, then end the thread. False when it has not ended in time."""
        self._calls.put(None)
        self._thread.join(timeout_sec)
        return not self._thread.is_alive()

    def _loop(self) -> None:
        own = threading.current_thread()
        while self._thread is own and (call := self._calls.get()) is not None:
            self.is_busy = True
            self.on_begin()
            self._carry_out(*call)
            del call  # the arrays it holds must not outlive it
            if self._thread is own:
                self.is_busy = False

    def _carry_out(self, future: Future[Any], function: Callable[[], Any]) -> None:
        if not future.set_running_or_notify_cancel():
            return
        try:
            future.set_result(function())
        except BaseException as error:  # noqa: BLE001 - whoever waits for the future gets it
            future.set_exception(error)
