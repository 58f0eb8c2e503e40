"""Where randomness comes from: one seed, and a stream of its own for each part and bar."""

from __future__ import annotations

import zlib

from numpy.random import Generator, Philox, SeedSequence


class Dice:
    """All randomness of one track.

    Streams are keyed, not drawn in turn, so that the order in which bars are computed changes nothing.
    """

    def __init__(self, seed: int, variety: int) -> None:
        self._entropy = (seed, variety)

    def roll(self, purpose: str, index: int = 0) -> Generator:
        """The stream for a purpose ("melody", "rain") and a bar or section; the same each time."""
        key = (zlib.crc32(purpose.encode()), index)
        return Generator(Philox(SeedSequence(self._entropy, spawn_key=key)))
