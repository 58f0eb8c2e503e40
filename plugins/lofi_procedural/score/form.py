"""How a piece is laid out: sections, and which layers play in each."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.random import Generator

LAYERS: dict[str, frozenset[str]] = {
    "intro": frozenset({"chords", "pad", "hats"}),
    "A": frozenset({"chords", "bass", "drums", "hats", "melody"}),
    "B": frozenset({"chords", "bass", "drums", "hats", "melody", "pad"}),
    "break": frozenset({"chords", "pad", "melody", "hats"}),
    "outro": frozenset({"chords", "bass", "drums", "hats", "pad"}),
}
# Which progression of the piece's three a section plays, and how loud it is against the whole, in dB.
HARMONY = {"intro": 0, "A": 0, "B": 1, "break": 2, "outro": 0}
LEVEL_DB = {"intro": -2.0, "A": 0.0, "B": 0.5, "break": -2.0, "outro": -0.5}
LONG_CYCLE = (("A", 8), ("B", 8), ("A", 8), ("break", 4), ("B", 8), ("A", 8), ("break", 8))
SHORT_CYCLE = (("A", 4), ("B", 4), ("A", 4), ("break", 2))


@dataclass(frozen=True, slots=True)
class Section:
    """A run of bars with one harmony and one set of layers.

    Attributes:
        name: `intro`, `A`, `B`, `break` or `outro`.
        start: index of its first bar.
        bars: how many it has.
        layers: parts that play.
        returns: how often a section of this name came before; 0 for the first.
        movement: 0 for the first three minutes or so; a later one has its own B, breaks and second motif.
    """

    name: str
    start: int
    bars: int
    layers: frozenset[str]
    returns: int
    movement: int

    @property
    def level_db(self) -> float:
        """Loudness against the whole piece."""
        return LEVEL_DB[self.name]

    def half(self, bar: int) -> int:
        """0 in the first half of the section, 1 in the second."""
        return int(2 * (bar - self.start) >= self.bars)


def make_form(bars: int, rng: Generator, *, loops: bool = False) -> list[Section]:
    """Lay out sections that add up to a number of bars; a loop neither begins nor ends."""
    lengths = _lengths(bars, loops=loops)
    sections: list[Section] = []
    start = 0
    seen: dict[str, int] = {}
    for name, length, movement in lengths:
        returns = seen.get(name, 0)
        seen[name] = returns + 1
        layers = LAYERS[name] if bars > 4 else LAYERS["A"] | {"pad"}
        if name in {"A", "B"} and returns:
            layers = _vary(layers, rng)
        sections.append(Section(name, start, length, layers, returns, movement))
        start += length
    return sections


def seat(sections: Sequence[Section], parts: frozenset[str]) -> list[Section]:
    """Let every part play where a section's own layers would leave it silent."""
    return [
        section if section.layers & parts else replace(section, layers=LAYERS["B"]) for section in sections
    ]


def _vary(layers: frozenset[str], rng: Generator) -> frozenset[str]:
    """A section that comes back comes back changed: a layer rests or joins."""
    choice = rng.integers(4)
    if choice == 0:
        return layers - {"melody"}
    if choice == 1:
        return layers | {"pad"}
    return layers


def _lengths(bars: int, *, loops: bool) -> list[tuple[str, int, int]]:
    """Names, lengths and movements: an intro, an outro where there is room, and sections that take turns."""
    if loops:
        return _middle(bars)
    if bars < 6:
        return [("A", bars, 0)]
    edge = 4 if bars >= 28 else 2 if bars >= 10 else 1
    # Phrases have two or four bars; what does not fill one lengthens the outro.
    spare = (bars - 2 * edge) % (4 if bars >= 28 else 2)
    middle = _middle(bars - 2 * edge - spare)
    return [("intro", edge, 0), *middle, ("outro", edge + spare, middle[-1][2])]


def _middle(room: int) -> list[tuple[str, int, int]]:
    """Sections that take turns until the bars are used up; the last is no break."""
    cycle = LONG_CYCLE if room >= 24 else SHORT_CYCLE
    middle: list[tuple[str, int, int]] = []
    turn = 0
    while room > 0:
        name, length = cycle[turn % len(cycle)]
        if room - length < 4:
            # What is left is too short for a section of its own, and no piece ends its middle on a break.
            name, length = ("A" if name == "break" else name), room
        middle.append((name, length, turn // len(LONG_CYCLE)))
        room -= length
        turn += 1
    return middle
