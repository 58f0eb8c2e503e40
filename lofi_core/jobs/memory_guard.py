"""What keeps a backend that takes memory without end from taking the machine along?

A process that holds more than it may loses its job: one of a backend's own is killed; in this one, the thread
that runs the backend gets an exception, which Python code meets at its next line. Native code does not: then
the kernel decides, and it is told to take backends' processes first (`host.guest`). A limit of the system's
own (RLIMIT_DATA) would fail any thread that asks for memory next, the event loop among them.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from typing import TYPE_CHECKING

from lofi_core.calls import interrupt_for_memory
from lofi_core.memory import resident_bytes

if TYPE_CHECKING:
    from lofi_core.models.loading import Loader
    from lofi_core.worker import Worker

log = logging.getLogger("lofi.jobs")

EVERY_SEC = 0.25  # touching memory takes about a second for 2 GB
# The exception may be on its way still, or what it frees.
AGAIN_AFTER = 8  # looks


class MemoryGuard:
    """Looks at how much memory the processes hold that run backends. Event loop.

    Args:
        limit_bytes: what each may hold.
        worker: the thread that runs backends in this process.
        loader: has those that run in their own.
    """

    def __init__(self, limit_bytes: int, worker: Worker, loader: Loader) -> None:
        self._limit_bytes = limit_bytes
        self._worker = worker
        self._loader = loader
        self._waits = 0
        self._rests = False

    async def run(self) -> None:
        """Look while there is anything to look at, until cancelled. A daemon that does nothing sleeps."""
        loop, work = asyncio.get_running_loop(), asyncio.Event()

        def begins() -> None:  # in the worker's thread
            if self._rests:
                self._rests = False
                with contextlib.suppress(RuntimeError):  # the loop has ended
                    loop.call_soon_threadsafe(work.set)

        self._worker.on_begin = begins
        while True:
            if not self._loader.hosted():
                work.clear()
                self._rests = True
                if not self._worker.is_busy:  # asked after `_rests` is set: no call begins unnoticed
                    await work.wait()
            self._rests = False
            await asyncio.sleep(EVERY_SEC)
            self._look_here()
            for model in self._loader.hosted():
                if model.resident_bytes > self._limit_bytes:
                    model.kill_for_memory(self._limit_bytes)

    def _look_here(self) -> None:
        self._waits = max(0, self._waits - 1)
        if self._waits or (held := resident_bytes()) <= self._limit_bytes:
            return
        backend = interrupt_for_memory(self._worker.thread_id, self._limit_bytes)
        if backend is not None:
            self._waits = AGAIN_AFTER
            log.error(
                "the daemon holds %.2f GB, and models.process_gb allows %.2f GB: what %s does is ended",
                *(held / 1e9, self._limit_bytes / 1e9, backend),
            )
