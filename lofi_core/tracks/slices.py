"""How does long work share the store thread with short work? It runs in slices, others get in between."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Generator

    from lofi_core.worker import Worker

R = TypeVar("R")

SLICE_SEC = 0.01  # what a lookup may have to wait


async def run_in_slices(
    worker: Worker,
    begin: Callable[[], Generator[float, None, R]],
    on_progress: Callable[[float], None],
    undo: Callable[[R], None],
) -> R:
    """Run a generator to its end in the worker's thread, giving the thread to other calls now and then.

    Args:
        worker: the thread.
        begin: makes the generator, in that thread.
        on_progress: called in that thread with every fraction the generator yields.
        undo: called in that thread when the result was ready but the waiting task was cancelled.

    Returns:
        What the generator returns. When the waiting task is cancelled, the generator is closed in the thread.
    """
    steps = await worker.run(begin)
    results: list[R] = []

    def advance() -> bool:
        until = time.monotonic() + SLICE_SEC
        while True:
            try:
                on_progress(next(steps))
            except StopIteration as end:
                results.append(end.value)
                return True
            if time.monotonic() >= until:
                return False

    def give_up() -> None:
        steps.close()
        if results:
            undo(results[0])

    try:
        while not await worker.run(advance):
            pass
    except asyncio.CancelledError:
        worker.submit(give_up)  # behind the slice that may still be running
        raise
    except BaseException:
        await worker.run(give_up)
        raise
    return results[0]
