"""The array types of the synthesiser, and the one buffer everything is mixed in."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Mono = NDArray[np.float32]  # [N]
Stereo = NDArray[np.float32]  # [2, N]
Floats = NDArray[np.float64]


class Timeline:
    """Samples that are still to come: sounds are laid down ahead, and taken off in order.

    What overhangs one take is there for the next, so a note rings across any number of bar lines.
    """

    def __init__(self, position: int = 0) -> None:
        self._samples: Stereo = np.zeros((2, 0), np.float32)
        self.position = position

    def add(self, start: int, sound: Stereo) -> None:
        """Lay a sound [2, N] down at an absolute sample position, not before what was taken already.

        Raises:
            ValueError: the position was taken already.
        """
        offset = start - self.position
        if offset < 0:
            raise ValueError(f"sample {start} was already taken; the next is {self.position}")
        self._reach(offset + sound.shape[1])
        self._samples[:, offset : offset + sound.shape[1]] += sound

    def take(self, count: int) -> Stereo:
        """Remove and return the next samples [2, count]."""
        self._reach(count)
        taken = self._samples[:, :count]
        self._samples = self._samples[:, count:].copy()
        self.position += count
        return taken

    def _reach(self, length: int) -> None:
        missing = length - self._samples.shape[1]
        if missing > 0:
            # Growing in large steps keeps a bar of many notes from copying the buffer many times.
            grown = np.zeros((2, length + 48_000), np.float32)
            grown[:, : self._samples.shape[1]] = self._samples
            self._samples = grown
