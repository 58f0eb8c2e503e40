"""Which metres there are, and what the score counts in each."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Metre:
    """How a bar is counted.

    Attributes:
        name: as it is written.
        beats: of the tempo in a bar: quarters, or the dotted quarters of 6/8.
        pulses: what the score counts: quarters, or the eighths of 6/8.
        pace: of the usual tempo, that such beats have.
    """

    name: str
    beats: int
    pulses: int
    pace: float

    @property
    def is_compound(self) -> bool:
        """Whether a beat falls into three: its eighths are even, and nothing swings."""
        return self.pulses == 3 * self.beats


METRES = {
    metre.name: metre
    for metre in (
        Metre("4/4", 4, 4, 1.0),
        Metre("3/4", 3, 3, 1.0),
        Metre("6/8", 2, 6, 0.72),
    )
}
COMMON = METRES["4/4"]
# What the drums play where a bar has not four beats: firmly, or with brushes.
GROOVES_OF = {"3/4": ("waltz", "waltz_brushed"), "6/8": ("six_eight", "six_eight_brushed")}


def groove_in(metre: Metre, groove: str) -> str:
    """What the drums play instead of a groove of four beats, where bars have others."""
    firm, brushed = GROOVES_OF.get(metre.name, (groove, groove))
    return brushed if groove == "brushed" else firm
