"""What is ready for the device? Blocks that the render thread is ahead by, and how well that went."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Samples = NDArray[np.float32]

# Upper edges, in milliseconds, of the histogram of pauses between two callbacks.
GAP_EDGES_MS = (20, 30, 50, 75, 100, 150, 200, 300, 500, 1_000)


class Ring:
    """A buffer that one thread writes and the device's thread reads. Each shared count has one writer.

    Attributes:
        room: set whenever the device asked, for the writer to wait for.
        flows: more will be written before what is ready has been read; the writer says when not.
        underruns: how often, while it flows, there was less than the device asked for.
    """

    def __init__(self, frames: int) -> None:
        self._samples = np.zeros((frames, 2), np.float32)
        self._written = self._read = 0
        self.room = threading.Event()
        self.flows = False
        self.underruns = 0
        self.callbacks = 0
        self.largest = 0  # frames that the device asked for at a time, at most
        self.last_read = 0.0  # monotonic seconds of the last callback; 0 before the first
        self._gaps = [0] * (len(GAP_EDGES_MS) + 1)

    @property
    def filled(self) -> int:
        """Frames that are ready."""
        return self._written - self._read

    @property
    def free(self) -> int:
        """Frames that can be written."""
        return len(self._samples) - self.filled

    @property
    def gaps_ms(self) -> dict[str, int]:
        """Upper edge in milliseconds → how many pauses between callbacks lay below it and above the last."""
        return dict(zip([*map(str, GAP_EDGES_MS), "more"], self._gaps, strict=True))

    def write(self, block: Samples) -> None:
        """Add [N, 2]. The caller has seen that there is room."""
        at = self._written % len(self._samples)
        first = min(len(block), len(self._samples) - at)
        self._samples[at : at + first] = block[:first]
        self._samples[: len(block) - first] = block[first:]
        self._written += len(block)  # last: from now on the reader may have it
        self.flows = True

    def take(self, out: Samples) -> int:
        """Fill `out`, [N, 2], as far as there is something ready; how many frames those are."""
        ready = min(len(out), self.filled)
        at = self._read % len(self._samples)
        first = min(ready, len(self._samples) - at)
        out[:first] = self._samples[at : at + first]
        out[first:ready] = self._samples[: ready - first]
        self._read += ready
        if ready < len(out) and self.flows:
            self.underruns += 1
        return ready

    def clear(self) -> None:
        """Forget what is ready. Not at the same time as `take`."""
        self._read = self._written
        self.flows = False

    def asked(self, frames: int) -> None:
        """The device wants so many frames, and there will be room for as many."""
        self._count_gap(time.monotonic())
        self.largest = max(self.largest, frames)
        self.room.set()

    def _count_gap(self, now: float) -> None:
        if self.last_read:
            gap_ms = (now - self.last_read) * 1000
            self._gaps[sum(gap_ms > edge for edge in GAP_EDGES_MS)] += 1
        self.last_read = now
        self.callbacks += 1
