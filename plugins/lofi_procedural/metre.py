"""Which metres there are, and what the score counts in each."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Metre:
    """How a bar is counted.

    Attributes:
        name: as it is written.
        beats: of the tempo in a bar.
        pulses: what the score counts in: quarters.
    """

    name: str
    beats: int
    pulses: int


METRES = {metre.name: metre for metre in (Metre("4/4", 4, 4), Metre("3/4", 3, 3))}
COMMON = METRES["4/4"]
