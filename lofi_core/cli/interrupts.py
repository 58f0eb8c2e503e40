"""Did somebody ask this command to stop?"""

from __future__ import annotations

import signal
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from types import FrameType

STOP_SIGNALS = (signal.SIGINT, signal.SIGTERM)


@contextmanager
def noted_interrupts() -> Iterator[Callable[[], bool]]:
    """Turn Ctrl-C and SIGTERM into an answer to the yielded question, so that no message is torn apart.

    A second signal interrupts at once.
    """
    seen = False

    def note(number: int, frame: FrameType | None) -> None:  # noqa: ARG001 - the signal module's signature
        nonlocal seen
        if seen:
            raise KeyboardInterrupt
        seen = True

    # A shell starts background jobs with SIGINT ignored: Ctrl-C is not meant for them.
    heeded = [number for number in STOP_SIGNALS if signal.getsignal(number) is not signal.SIG_IGN]
    before = {number: signal.signal(number, note) for number in heeded}
    try:
        yield lambda: seen
    finally:
        for heeded_signal, handler in before.items():
            signal.signal(heeded_signal, handler)


@contextmanager
def terminate_as_interrupt() -> Iterator[None]:
    """Have SIGTERM do what Ctrl-C does, through whatever handler Ctrl-C has at that time."""

    def stop(number: int, frame: FrameType | None) -> None:  # noqa: ARG001 - the signal module's signature
        handler = signal.getsignal(signal.SIGINT)
        if not callable(handler):  # ignored, because we are a shell's background job
            raise KeyboardInterrupt
        handler(signal.SIGINT, frame)

    before = signal.signal(signal.SIGTERM, stop)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)
