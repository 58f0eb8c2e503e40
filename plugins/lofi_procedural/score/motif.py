"""A motif, and what may be done to it so that it is still heard to be the same."""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import pairwise
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.random import Generator

    Rhythm = tuple[tuple[float, float], ...]

# Onsets and lengths in beats over two bars. The second bar breathes.
RHYTHMS: tuple[Rhythm, ...] = (
    ((0.5, 0.5), (1, 0.5), (1.5, 1.5), (3.5, 0.5), (4, 2.0)),
    ((0, 1.0), (1.5, 0.5), (2, 1.5), (4.5, 0.5), (5, 2.0)),
    ((1, 0.5), (1.5, 0.5), (2, 0.5), (2.5, 1.5), (5, 1.5)),
    ((0, 1.5), (1.5, 0.5), (2, 2.0), (4, 2.5)),
    ((2, 0.5), (2.5, 0.5), (3, 1.0), (4, 0.5), (4.5, 2.0)),
    ((0.5, 1.0), (1.5, 0.5), (2.5, 0.5), (3, 0.5), (3.5, 2.0)),
    ((0, 0.5), (0.5, 0.5), (1, 1.5), (3, 0.5), (3.5, 1.0), (5, 1.5)),
    ((1.5, 0.5), (2, 1.0), (3, 0.5), (3.5, 2.0), (6, 1.0)),
    ((0, 2.0), (2, 0.5), (2.5, 0.5), (3, 0.5), (3.5, 2.5)),
    ((0.5, 0.5), (1, 0.5), (1.5, 0.5), (2, 1.5), (4.5, 0.5), (5, 0.5), (5.5, 1.5)),
)
WALTZ_RHYTHMS: tuple[Rhythm, ...] = (
    ((0, 1.0), (1, 0.5), (1.5, 1.0), (3, 2.0)),
    ((0, 1.5), (1.5, 0.5), (2, 1.0), (3, 2.5)),
    ((0.5, 0.5), (1, 1.0), (2, 0.5), (2.5, 0.5), (3, 2.0)),
    ((1, 0.5), (1.5, 0.5), (2, 1.5), (4, 1.5)),
    ((0, 2.0), (2, 0.5), (2.5, 2.0)),
    ((0, 0.5), (0.5, 0.5), (1, 1.5), (2.5, 0.5), (3, 1.0), (4, 1.5)),
    ((1, 1.0), (2, 0.5), (2.5, 0.5), (3, 1.0), (4, 0.5), (4.5, 1.0)),
)
SIX_EIGHT_RHYTHMS: tuple[Rhythm, ...] = (
    ((0, 2.0), (2, 1.0), (3, 3.0), (6, 4.0)),
    ((1, 1.0), (2, 1.0), (3, 2.0), (5, 1.0), (6, 4.5)),
    ((0, 3.0), (3, 2.0), (5, 1.0), (6, 3.0)),
    ((2, 1.0), (3, 1.0), (4, 1.0), (5, 1.0), (6, 4.0)),
    ((0, 1.0), (1, 1.0), (2, 1.0), (3, 3.0), (8, 1.0), (9, 3.0)),
    ((0, 2.0), (2, 1.0), (3, 2.0), (5, 1.0), (6, 2.0), (8, 1.0), (9, 2.5)),
    ((3, 1.0), (4, 1.0), (5, 1.0), (6, 3.0), (9, 2.0)),
)
RHYTHMS_OF = {4: RHYTHMS, 3: WALTZ_RHYTHMS, 6: SIX_EIGHT_RHYTHMS}
# How high a line lies at its start, middle and end, in scale steps: arches, falls, climbs, turns.
SHAPES = ((0, 4, 0), (0, 3, -1), (0, 2, -3), (0, -3, 0), (0, -1, 3), (0, 2, 4), (0, -2, 2), (0, 5, 2))


@dataclass(frozen=True, slots=True)
class Motif:
    """A rhythm and a contour.

    Attributes:
        rhythm: (onset, length) in beats, within two bars.
        contour: scale steps from the note it starts from, one for each onset.
    """

    rhythm: Rhythm
    contour: tuple[int, ...]


def make_motif(beats: int, rng: Generator, *, unlike: Motif | None = None) -> Motif:
    """Draw a rhythm for bars of so many beats, and a line with a shape that leaps once at most.

    Args:
        beats: what the score counts in a bar.
        rng: the motif's own.
        unlike: another motif, with whose rhythm it must not be confused.
    """
    rhythms = [rhythm for rhythm in RHYTHMS_OF[beats] if unlike is None or rhythm != unlike.rhythm]
    rhythm = rhythms[int(rng.integers(len(rhythms)))]
    start, middle, end = SHAPES[int(rng.integers(len(SHAPES)))]
    contour = [start]
    for at in range(1, len(rhythm)):
        way = 2 * at / (len(rhythm) - 1)
        height = start + (middle - start) * way if way < 1 else middle + (end - middle) * (way - 1)
        step = round(height + rng.uniform(-0.9, 0.9))
        if step == contour[-1] and rng.random() < 0.7:
            step += 1 if rng.random() < 0.5 else -1
        # One leap of a fourth or more is a gesture, two are restless.
        has_leapt = any(abs(b - a) > 2 for a, b in pairwise(contour))
        reach = 2 if has_leapt else 4
        contour.append(max(contour[-1] - reach, min(contour[-1] + reach, step)))
    return Motif(rhythm, tuple(contour))


def sequence(motif: Motif, beats: int, rng: Generator) -> Motif:
    """The same, from another step of the scale."""
    del beats
    by = int(rng.choice((-3, -2, -1, 1, 2, 3)))
    return replace(motif, contour=tuple(step + by for step in motif.contour))


def displace(motif: Motif, beats: int, rng: Generator) -> Motif:
    """The same, half a beat or a beat later or, where it began late, earlier."""
    by = float(rng.choice((1.0, 3.0) if beats == 6 else (0.5, 1.0)))
    if motif.rhythm[0][0] >= by and rng.random() < 0.5:
        by = -by
    moved = [(onset + by, length) for onset, length in motif.rhythm if onset + by < 2 * beats]
    return Motif(tuple(moved), motif.contour[: len(moved)])


def augment(motif: Motif, beats: int, rng: Generator) -> Motif:
    """Its head, twice as slow."""
    del rng
    first = motif.rhythm[0][0]
    slow = [(2 * (onset - first), 2 * length) for onset, length in motif.rhythm]
    kept = [(onset, min(length, 2 * beats - onset)) for onset, length in slow if onset < 2 * beats - 1]
    return Motif(tuple(kept), motif.contour[: len(kept)])


def invert(motif: Motif, beats: int, rng: Generator) -> Motif:
    """Up where it went down."""
    del beats, rng
    return replace(motif, contour=tuple(-step for step in motif.contour))


def take_head(motif: Motif, beats: int, rng: Generator) -> Motif:
    """Its first bar only, the last note held."""
    del rng
    head = [(onset, length) for onset, length in motif.rhythm if onset < beats]
    onset, length = head[-1]
    head[-1] = (onset, max(length, min(beats + 1 - onset, 2.0)))
    return Motif(tuple(head), motif.contour[: len(head)])


def take_tail(motif: Motif, beats: int, rng: Generator) -> Motif:
    """Its last three notes, by themselves, near the start of the first bar."""
    del rng
    tail = motif.rhythm[-3:]
    start = 1.0 if beats == 6 else 0.5
    at = [(onset - tail[0][0] + start, length) for onset, length in tail]
    kept = [(onset, length) for onset, length in at if onset < beats]
    return Motif(tuple(kept), motif.contour[-3:][: len(kept)])


def ornament(motif: Motif, beats: int, rng: Generator) -> Motif:
    """Long notes turn to their upper or lower neighbour and back."""
    split = 1.0 if beats == 6 else 0.5
    rhythm: list[tuple[float, float]] = []
    contour: list[int] = []
    for (onset, length), step in zip(motif.rhythm, motif.contour, strict=True):
        if length >= 3 * split and rng.random() < 0.6:
            rhythm += [(onset, split), (onset + split, split), (onset + 2 * split, length - 2 * split)]
            contour += [step, step + int(rng.choice((-1, 1))), step]
        else:
            rhythm.append((onset, length))
            contour.append(step)
    return Motif(tuple(rhythm), tuple(contour))


def close(motif: Motif, beats: int, rng: Generator) -> Motif:
    """The same up to its last note, which comes home: the note that the theme starts from."""
    del beats
    *before, last, _ = motif.contour
    return replace(motif, contour=(*before, last or int(rng.choice((-1, 1))), 0))


def keep(motif: Motif, beats: int, rng: Generator) -> Motif:
    """As it was."""
    del beats, rng
    return motif


VARIATIONS: dict[str, Callable[[Motif, int, Generator], Motif]] = {
    "theme": keep,
    "sequence": sequence,
    "displaced": displace,
    "augmented": augment,
    "inverted": invert,
    "head": take_head,
    "tail": take_tail,
    "ornamented": ornament,
    "answer": close,
}
