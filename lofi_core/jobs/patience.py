"""How long is a backend waited for that does not come back from a step? Until a while after a cancel.

Nothing in Python ends a thread. So the thread is left to the backend, another one serves the device, and no
job of that backend begins before its call has come back: it must not be entered twice at once.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

from lofi_core.host.process import CANCEL_GRACE_SEC

if TYPE_CHECKING:
    from collections.abc import Callable
    from concurrent.futures import Future

    from lofi_core.jobs.job import Job
    from lofi_core.models.cache import ModelCache
    from lofi_core.runtime import Runs
    from lofi_core.worker import Worker

log = logging.getLogger("lofi.jobs")

R = TypeVar("R")

# A backend in a process of its own is killed before that.
GIVE_UP_SEC = CANCEL_GRACE_SEC + 2.0


class LeftBehind(Exception):
    """The call is still going on, in a thread that nobody waits for any more."""


class _Call(NamedTuple):
    job: Job
    future: Future[Any]
    given_up: asyncio.Future[None]


class Patience:
    """Waits for a job's calls in the worker thread. Event loop.

    Args:
        worker: the thread.
        runs: whose runs belong to whoever has it.
        models: are told which backends are not to be entered.
        came_back: called when one of those may be again.
    """

    def __init__(self, worker: Worker, runs: Runs, models: ModelCache, came_back: Callable[[], None]) -> None:
        self._worker = worker
        self._runs = runs
        self._models = models
        self._came_back = came_back
        self._call: _Call | None = None
        self._loop = asyncio.get_running_loop()

    async def run(self, job: Job, function: Callable[[], R]) -> R:
        """Run a call in the worker thread.

        Raises:
            LeftBehind: the job was cancelled long ago, and the call does not come back.
        """
        future = self._worker.submit(function)
        wrapped, given_up = asyncio.wrap_future(future), self._loop.create_future()
        self._call = _Call(job, future, given_up)
        try:
            await asyncio.wait({wrapped, given_up}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            self._call = None
            if not wrapped.done():
                wrapped.cancel()  # takes back a call that has not begun
        if given_up.done():
            raise LeftBehind
        return wrapped.result()

    def cancelled(self, job: Job) -> None:
        """From now on a call of this job is not waited for without end."""
        self._loop.call_later(GIVE_UP_SEC, self._give_up, job)

    def _give_up(self, job: Job) -> None:
        if self._call is None or self._call.job is not job or self._call.given_up.done():
            return
        name = job.prepared.spec.name
        self._models.stuck.add(name)
        self._worker.leave_thread()
        self._runs.leave(job.token)
        self._call.future.add_done_callback(lambda _: self._call_loop(self._back, name))
        self._call.given_up.set_result(None)
        log.warning(
            "%s did not come back from its step within %g s after its job was cancelled: its thread is left "
            "to it, and no other job of %s begins before it does",
            *(name, GIVE_UP_SEC, name),
        )

    def _back(self, name: str) -> None:
        log.info("%s has come back from its step, and can be asked again", name)
        self._models.stuck.discard(name)
        self._came_back()

    def _call_loop(self, call: Callable[[str], None], name: str) -> None:
        with contextlib.suppress(RuntimeError):  # the loop has ended
            self._loop.call_soon_threadsafe(call, name)
