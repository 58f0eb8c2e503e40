"""What the melody sings, in cells of two bars: statement, variation, answer, and silence."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lofi_procedural.score.chords import SCALES
from lofi_procedural.score.notes import Note

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.random import Generator

    from lofi_procedural.score.chords import Chord
    from lofi_procedural.score.motif import Motif
    from lofi_procedural.words import Key

LOWEST, HIGHEST = 62, 84
# Cells of an eight-bar phrase: which motif (a the theme, b the movement's second, c the section's own), and
# which of `VARIATIONS`; a dot is two bars of rest. A section that returns states the theme, then strays.
PHRASES: dict[str, tuple[tuple[str, ...], ...]] = {
    "intro": (("a head", "a head"),),
    "A": (
        ("a theme", ".", "a sequence", "a answer"),
        ("a theme", "a sequence", ".", "a answer"),
        ("a theme", "a head", "a theme", "a answer"),
        ("a theme", ".", "a theme", "a answer"),
    ),
    "A again": (
        ("a theme", "a displaced", ".", "a answer"),
        ("a theme", ".", "a inverted", "a answer"),
        ("a theme", "a ornamented", ".", "a answer"),
        ("a theme", "a tail", "a sequence", "a answer"),
        ("a theme", ".", "a augmented", "a answer"),
        ("a ornamented", "a sequence", ".", "a answer"),
    ),
    "B": (
        ("b theme", "b sequence", ".", "b answer"),
        ("b theme", ".", "b theme", "a head"),
        ("b theme", "b head", "b sequence", "."),
    ),
    "solo": (
        ("c theme", "a displaced", "c sequence", "a inverted"),
        ("c theme", "c ornamented", ".", "a ornamented"),
        ("a displaced", "c theme", "c tail", "c sequence"),
    ),
    "break": (
        ("a augmented", ".", "a head", "."),
        ("a head", ".", "a augmented", "."),
        ("b head", ".", "a augmented", "."),
    ),
    "outro": (("a theme", ".", "a head", "."), ("a theme", ".", "a augmented", ".")),
}
# In a calm piece a cell past the first may rest; in a lively one a rest may be filled with a shorter thought.
RESTS_MORE, RESTS_LESS = 1.2, 2.0
USUAL_DENSITY = 0.5
TURNED = 2.5  # semitones that a note may lie further off, to go the way the motif goes
# B is set higher or lower than the theme, in scale steps.
CONTRASTS = (-2, 2, 3)


def choose_phrase(name: str, returns: int, density: float, rng: Generator) -> list[str]:
    """Draw what a section's cells do.

    Args:
        name: of the section.
        returns: how often it was heard before.
        density: 0 (calm) … 1 (lively).
        rng: the section's own.
    """
    bank = PHRASES["A again" if name == "A" and returns else name]
    phrase = list(bank[int(rng.integers(len(bank)))])
    chances = rng.random(len(phrase))
    for at, cell in enumerate(phrase):
        if cell == "." and chances[at] < RESTS_LESS * (density - USUAL_DENSITY):
            phrase[at] = f"{phrase[at - 1].split()[0] if at and phrase[at - 1] != '.' else 'a'} tail"
        elif at and cell != "." and chances[at] < RESTS_MORE * (USUAL_DENSITY - density):
            phrase[at] = "."
    return phrase


def sing(
    motif: Motif,
    bar: tuple[int, int],
    chords: Sequence[tuple[float, Chord]],
    key: Key,
    start: int,
    rng: Generator,
) -> list[Note]:
    """Play one bar of a motif over its chords.

    Args:
        motif: two bars long.
        bar: 0 for its first bar, 1 for its second; and how many beats a bar has.
        chords: (beat, chord) of the bar and of the next, into which a note may ring.
        key: supplies the passing notes.
        start: MIDI pitch the contour starts from.
        rng: the bar's own.
    """
    notes: list[Note] = []
    half, beats = bar
    long = 2 if beats == 6 else 1
    before: tuple[int, int] | None = None
    for (onset, length), step in zip(motif.rhythm, motif.contour, strict=True):
        beat = onset - beats * half
        if not 0 <= beat < beats:
            before = step, climb(start, step, key)
            continue
        strong = length >= long or beat in {0, 3 if beats == 6 else 2}
        pitch = climb(start, step, key)
        way = None if before is None else (before[1], step - before[0])
        if strong:
            pitch = _lean(pitch, _lasting(chords, beat, length), way)
        elif way and _sign(pitch - way[0]) != _sign(way[1]):
            # The note before was leant elsewhere; this one goes on from there.
            pitch = climb(way[0], _sign(way[1]), key)
        before = step, pitch
        velocity = (0.62 if strong else 0.5) * (1 + 0.08 * rng.standard_normal())
        notes.append(
            Note("melody", beat, length, pitch, float(velocity), 0.008 + 0.006 * rng.standard_normal())
        )
    return notes


def _lasting(chords: Sequence[tuple[float, Chord]], beat: float, length: float) -> list[Chord]:
    """The chords a note sounds over, the one it shares most time with first."""
    ends = [at for at, _ in chords[1:]] + [float("inf")]
    shared = [
        (min(end, beat + length) - max(at, beat), chord)
        for (at, chord), end in zip(chords, ends, strict=True)
    ]
    over = [(time, chord) for time, chord in shared if time > 0]
    return [chord for _, chord in sorted(over, key=lambda item: -item[0])]


def climb(start: int, steps: int, key: Key) -> int:
    """The pitch so many steps of the scale above the one nearest to a pitch, within the range of a melody."""
    scale = {(key.tonic + degree) % 12 for degree in SCALES[key.mode]}
    ladder = [pitch for pitch in range(LOWEST - 12, HIGHEST + 13) if pitch % 12 in scale]
    at = min(range(len(ladder)), key=lambda rung: abs(ladder[rung] - start)) + steps
    return ladder[max(0, min(len(ladder) - 1, at))]


def fit(start: int, motif: Motif, key: Key) -> int:
    """Where a motif starts so that it fits the range, an octave off if need be, as a whole."""
    low, high = (climb(start, step, key) for step in (min(motif.contour), max(motif.contour)))
    return start - 12 if high > HIGHEST else start + 12 if low < LOWEST else start


def _lean(pitch: int, chords: Sequence[Chord], way: tuple[int, int] | None) -> int:
    """The nearest tone of the chords a note is leant on over, or at least of the first.

    Args:
        pitch: that the scale has there.
        chords: that sound with it.
        way: the note before, and by how many steps the motif goes up from it: a theme is known by its ups
            and downs, so a tone a little further on that keeps them is better.
    """
    around = range(pitch - 4, pitch + 5)
    common = set.intersection(*({*chord.tones} for chord in chords))
    near = [other for other in around if other % 12 in common]
    near = near or [other for other in around if other % 12 in chords[0].tones]

    def strain(other: int) -> tuple[float, int]:
        turned = way is not None and _sign(other - way[0]) != _sign(way[1])
        return abs(other - pitch) + (TURNED if turned else 0.0), other

    return min(near, key=strain)


def _sign(difference: int) -> int:
    return (difference > 0) - (difference < 0)
