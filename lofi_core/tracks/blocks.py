"""Cut a stream of chunks of any length into blocks of one length.

What is computed block by block is then the same to the last bit however the chunks came.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    Samples = NDArray[np.float32]


class FixedBlocks:
    """Collects samples [C, N] until a block of `size` is full."""

    def __init__(self, channels: int, size: int) -> None:
        self._block = np.zeros((channels, size), np.float32)
        self._filled = 0

    def add(self, chunk: Samples) -> Iterator[Samples]:
        """Yield each block [C, size] the chunk completes. It is valid until the next one is asked for."""
        size = self._block.shape[1]
        start = 0
        while start < chunk.shape[1]:
            taken = min(size - self._filled, chunk.shape[1] - start)
            self._block[:, self._filled : self._filled + taken] = chunk[:, start : start + taken]
            self._filled += taken
            start += taken
            if self._filled == size:
                self._filled = 0
                yield self._block

    def rest(self) -> Samples:
        """The samples [C, < size] of the block that is not full."""
        return self._block[:, : self._filled]
