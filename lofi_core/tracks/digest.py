"""Which samples are these? A hash that says so, whatever file they lie in."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray


class SampleDigest:
    """SHA-256 of 24-bit samples, interleaved, little-endian: of the `data` chunk of the same track as WAV."""

    def __init__(self) -> None:
        self._hash = hashlib.sha256()

    def add(self, block: NDArray[np.int32]) -> None:
        """Take the next samples, int32 [N, C], 24 bits in the upper bytes."""
        octets = np.ascontiguousarray(block, "<i4").view(np.uint8).reshape(-1, 4)
        self._hash.update(octets[:, 1:].tobytes())

    def text(self) -> str:
        """64 hex digits."""
        return self._hash.hexdigest()
