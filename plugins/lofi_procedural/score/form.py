"""How a piece is laid out: sections, who plays in each of their bars, and how each gives way to the next."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.random import Generator

    Layers = frozenset[str]

LAYERS: dict[str, Layers] = {
    "intro": frozenset({"chords", "pad", "hats"}),
    "A": frozenset({"chords", "bass", "drums", "hats", "melody"}),
    "B": frozenset({"chords", "bass", "drums", "hats", "melody", "pad"}),
    "solo": frozenset({"chords", "bass", "drums", "hats", "melody"}),
    "break": frozenset({"chords", "pad", "melody", "hats"}),
    "outro": frozenset({"chords", "bass", "drums", "hats", "pad", "melody"}),
}
# Who has come in, and who is still there, quarter by quarter of an intro and of an outro.
ENTRANCES = (
    ("chords", "chords pad", "chords pad hats", "chords pad hats bass"),
    ("chords hats", "chords hats", "chords hats bass", "chords hats bass drums"),
    ("pad chords", "pad chords", "pad chords melody", "pad chords bass hats melody"),
    ("bass chords", "bass chords hats", "bass chords hats", "bass chords hats pad"),
)
EXITS = (
    ("chords bass drums hats pad melody", "chords bass hats pad melody", "chords bass pad", "chords pad"),
    ("chords bass hats pad melody", "chords bass hats melody", "chords bass hats", "chords bass"),
    (
        "chords bass drums hats melody",
        "chords bass drums hats melody",
        "chords bass drums hats",
        "chords bass",
    ),
)
# What rests when a section comes back, for which share of it; and how likely a pad joins.
CHANGES = (("melody", 1.0), ("drums", 0.5), ("bass", 0.25), ("pad", 0.5), ("", 0.0), ("", 0.0))
PAD_JOINS = 0.35
# How loud a section is against the whole, in dB, and how much livelier it is played.
LEVEL_DB = {"intro": -2.0, "A": 0.0, "B": 0.5, "solo": 0.3, "break": -2.0, "outro": -0.5}
LIVELIER = {"intro": -0.1, "A": 0.0, "B": 0.06, "solo": 0.1, "break": -0.15, "outro": -0.06}
LIVELIER_EACH_MOVEMENT, MOST_LIVELIER = 0.02, 0.06
# By how much a section's bass line and groove are others than those of A.
OTHER = {"A": 0, "B": 1, "solo": 2, "break": 3, "intro": 0, "outro": 0}
# Each movement draws one of these; the first three minutes know no solo.
FIRST_CYCLES = (
    (("A", 8), ("B", 8), ("A", 8), ("break", 4), ("B", 8), ("A", 8), ("break", 8)),
    (("A", 8), ("A", 8), ("B", 8), ("A", 8), ("break", 4), ("B", 8), ("A", 8)),
)
LATER_CYCLES = (
    (("A", 8), ("solo", 8), ("B", 8), ("A", 8), ("break", 4), ("solo", 8), ("A", 8)),
    (("A", 8), ("B", 8), ("A", 8), ("break", 8), ("solo", 8), ("B", 4), ("A", 8)),
    (("solo", 8), ("A", 8), ("B", 8), ("break", 4), ("B", 8), ("solo", 8), ("A", 8)),
)
SHORT_CYCLE = (("A", 4), ("B", 4), ("A", 4), ("break", 2))
LONG_BARS = 28  # from here on an intro and an outro of four bars, and progressions of eight
ROOM_FOR_EIGHTS = 24  # bars between them, from which on phrases have eight: three take turns
# How the last bar of a section hands over. What comes back after a silence is heard to come back.
HANDOVERS = ("fill", "fill", "drop", "stop", "plain")


class Part(NamedTuple):
    """A section before it is arranged: its name, its bars, and the movement it belongs to."""

    name: str
    bars: int
    movement: int


@dataclass(frozen=True, slots=True)
class Section:
    """A run of bars with one harmony.

    Attributes:
        name: `intro`, `A`, `B`, `solo`, `break` or `outro`.
        start: index of its first bar.
        seats: for each of its bars, the parts that play.
        returns: how often a section of this name came before; 0 for the first.
        movement: 0 for the first three minutes or so; a later one has its own B, breaks and second motif.
        handover: what its last bar does: `fill`; `drop`, the kit is silent; `stop`, all strike and wait;
            `plain`, nothing but what the groove does; `end` before the final chord.
    """

    name: str
    start: int
    seats: tuple[Layers, ...]
    returns: int
    movement: int
    handover: str

    @property
    def bars(self) -> int:
        """How many bars it has."""
        return len(self.seats)

    @property
    def layers(self) -> Layers:
        """All parts that play in it."""
        return frozenset().union(*self.seats)

    @property
    def level_db(self) -> float:
        """Loudness against the whole piece."""
        return LEVEL_DB[self.name]

    @property
    def livelier(self) -> float:
        """What it adds to the density of the piece; a later movement a little more."""
        return LIVELIER[self.name] + min(MOST_LIVELIER, LIVELIER_EACH_MOVEMENT * self.movement)

    @property
    def kind(self) -> int:
        """The same number for sections that should be heard to be the same; A is itself in all movements."""
        other = OTHER[self.name]
        return other and other + len(OTHER) * self.movement

    def playing(self, bar: int) -> Layers:
        """Parts that play in a bar of the piece."""
        return self.seats[max(0, min(self.bars - 1, bar - self.start))]

    def is_last(self, bar: int) -> bool:
        """Whether a bar of the piece is its last."""
        return bar == self.start + self.bars - 1


def make_form(bars: int, rng: Generator, *, loops: bool = False) -> list[Section]:
    """Lay out sections that add up to a number of bars; a loop neither begins nor ends."""
    parts = _lay_out(bars, rng, loops=loops)
    entrance, leaving = (int(rng.integers(len(way))) for way in (ENTRANCES, EXITS))
    sections: list[Section] = []
    start = 0
    seen: dict[str, int] = {}
    for at, part in enumerate(parts):
        returns = seen.get(part.name, 0)
        seen[part.name] = returns + 1
        if len(parts) == 1:
            seats = (LAYERS["B"],) * part.bars
        elif part.name == "intro":
            seats = _in_turn(ENTRANCES[entrance], part.bars)
        elif part.name == "outro":
            seats = _in_turn(EXITS[leaving], part.bars)
        else:
            seats = _seats(part, returns, rng)
        follows = parts[at + 1] if at + 1 < len(parts) else None
        handover = _handover(part, follows, rng) if follows or loops else "end"
        sections.append(Section(part.name, start, seats, returns, part.movement, handover))
        start += part.bars
    return sections


def seat(sections: Sequence[Section], parts: Layers) -> list[Section]:
    """Let every part play where a bar would otherwise be silent."""
    return [
        replace(section, seats=tuple(seats if seats & parts else LAYERS["B"] for seats in section.seats))
        for section in sections
    ]


def _in_turn(quarters: Sequence[str], bars: int) -> tuple[Layers, ...]:
    """Spread what is given by quarters over some bars; a single bar is the second quarter."""
    ats = [1] if bars == 1 else [len(quarters) * at // bars for at in range(bars)]
    return tuple(frozenset(quarters[at].split()) for at in ats)


def _seats(part: Part, returns: int, rng: Generator) -> tuple[Layers, ...]:
    """Who plays in each bar: a section that comes back comes back changed."""
    layers = LAYERS[part.name]
    rests, share = ("hats", 0.5) if part.name == "break" else ("", 0.0)
    if returns and part.name != "break":
        rests, share = CHANGES[int(rng.integers(len(CHANGES)))]
        # The theme is what comes back.
        share = 0.0 if rests == "melody" and part.name == "A" else share
        layers |= {"pad"} if rng.random() < PAD_JOINS else set()
    first = int(share * part.bars)
    return (layers - {rests},) * first + (layers,) * (part.bars - first)


def _handover(part: Part, follows: Part | None, rng: Generator) -> str:
    """Draw how a section ends. Into a break there is nothing to announce."""
    drawn = HANDOVERS[int(rng.integers(len(HANDOVERS)))]
    if part.bars < 2 or (follows and follows.name in {"break", "outro"} and drawn in {"drop", "stop"}):
        return "fill"
    return drawn


def _lay_out(bars: int, rng: Generator, *, loops: bool) -> list[Part]:
    """An intro, an outro where there is room, and sections that take turns."""
    if loops:
        return _middle(bars, rng)
    if bars < 6:
        return [Part("A", bars, 0)]
    edge = 4 if bars >= LONG_BARS else 2 if bars >= 10 else 1
    # Phrases have two or four bars; what does not fill one lengthens the outro.
    spare = (bars - 2 * edge) % (4 if bars >= LONG_BARS else 2)
    middle = _middle(bars - 2 * edge - spare, rng)
    return [Part("intro", edge, 0), *middle, Part("outro", edge + spare, middle[-1].movement)]


def _middle(room: int, rng: Generator) -> list[Part]:
    """Movements of sections until the bars are used up; the last section is no break."""
    middle: list[Part] = []
    movement = 0
    left = 0
    cycle: tuple[tuple[str, int], ...] = ()
    is_short = room < ROOM_FOR_EIGHTS
    while room > 0:
        if left == len(cycle):
            movement += bool(cycle) and not is_short
            cycles = LATER_CYCLES if movement else FIRST_CYCLES
            cycle = SHORT_CYCLE if is_short else cycles[int(rng.integers(len(cycles)))]
            left = 0
        name, length = cycle[left]
        if room - length < 4:
            # What is left is too short for a section of its own. The last of a longer piece is the theme's,
            # if there was another before.
            last = "A" if any(part.name == "B" for part in middle) else "B"
            name, length = (name if is_short and name != "break" else last), room
        middle.append(Part(name, length, movement))
        room -= length
        left += 1
    return middle
