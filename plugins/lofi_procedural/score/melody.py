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

LOWEST, HIGHEST = 65, 84
# Cells of an eight-bar phrase: which motif (a the theme, b the movement's second, c the section's own), and
# which of `VARIATIONS`; a dot is two bars of rest. A section that returns states the theme, then strays.
PHRASES: dict[str, tuple[tuple[str, ...], ...]] = {
    "intro": (("a head", "."),),
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
    "outro": (("a theme", ".", "a head", "."), ("a answer", ".", "a augmented", ".")),
}
# In a calm piece a cell past the first may rest; in a lively one a rest may be filled with a shorter thought.
RESTS_MORE, RESTS_LESS = 1.2, 2.0
USUAL_DENSITY = 0.5
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
    for (onset, length), step in zip(motif.rhythm, motif.contour, strict=True):
        beat = onset - beats * half
        if not 0 <= beat < beats:
            continue
        strong = length >= long or beat in {0, 3 if beats == 6 else 2}
        pitch = _pitch(start, step, key, _lasting(chords, beat, length) if strong else [])
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


def _pitch(start: int, step: int, key: Key, chords: Sequence[Chord]) -> int:
    """Climb the scale; a note that is leant on must belong to its chords, or at least to the first."""
    pitch = climb(start, step, key)
    if chords:
        around = range(pitch - 4, pitch + 5)
        common = set.intersection(*({*chord.tones} for chord in chords))
        near = [other for other in around if other % 12 in common]
        near = near or [other for other in around if other % 12 in chords[0].tones]
        pitch = min(near, key=lambda other: (abs(other - pitch), other))
    while pitch > HIGHEST:
        pitch -= 12
    while pitch < LOWEST:
        pitch += 12
    return pitch
