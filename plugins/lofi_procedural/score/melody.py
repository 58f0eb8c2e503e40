"""What the melody sings: a motif, its variations, and silence."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from lofi_procedural.score.chords import SCALES
from lofi_procedural.score.notes import Note

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.random import Generator

    from lofi_procedural.score.chords import Chord
    from lofi_procedural.words import Key

LOWEST, HIGHEST = 65, 84
# Onsets and lengths in beats over two bars. The second bar breathes.
RHYTHMS: tuple[tuple[tuple[float, float], ...], ...] = (
    ((0.5, 0.5), (1, 0.5), (1.5, 1.5), (3.5, 0.5), (4, 2.0)),
    ((0, 1.0), (1.5, 0.5), (2, 1.5), (4.5, 0.5), (5, 2.0)),
    ((1, 0.5), (1.5, 0.5), (2, 0.5), (2.5, 1.5), (5, 1.5)),
    ((0, 1.5), (1.5, 0.5), (2, 2.0), (4, 2.5)),
    ((2, 0.5), (2.5, 0.5), (3, 1.0), (4, 0.5), (4.5, 2.0)),
    ((0.5, 1.0), (1.5, 0.5), (2.5, 0.5), (3, 0.5), (3.5, 2.0)),
)
WALTZ_RHYTHMS: tuple[tuple[tuple[float, float], ...], ...] = (
    ((0, 1.0), (1, 0.5), (1.5, 1.0), (3, 2.0)),
    ((0, 1.5), (1.5, 0.5), (2, 1.0), (3, 2.5)),
    ((0.5, 0.5), (1, 1.0), (2, 0.5), (2.5, 0.5), (3, 2.0)),
    ((1, 0.5), (1.5, 0.5), (2, 1.5), (4, 1.5)),
    ((0, 2.0), (2, 0.5), (2.5, 2.0)),
)
SIX_EIGHT_RHYTHMS: tuple[tuple[tuple[float, float], ...], ...] = (
    ((0, 2.0), (2, 1.0), (3, 3.0), (6, 4.0)),
    ((1, 1.0), (2, 1.0), (3, 2.0), (5, 1.0), (6, 4.5)),
    ((0, 3.0), (3, 2.0), (5, 1.0), (6, 3.0)),
    ((2, 1.0), (3, 1.0), (4, 1.0), (5, 1.0), (6, 4.0)),
    ((0, 1.0), (1, 1.0), (2, 1.0), (3, 3.0), (8, 1.0), (9, 3.0)),
)
RHYTHMS_OF = {4: RHYTHMS, 3: WALTZ_RHYTHMS, 6: SIX_EIGHT_RHYTHMS}
# Two-bar cells of an eight-bar phrase: statement, variation, answer, rest.
PHRASES = ("a.vb", "av.b", "abv.", "a.a.", "avb.")
STEPS = (-2, -1, -1, 1, 1, 2, 3)


@dataclass(frozen=True, slots=True)
class Motif:
    """A rhythm and a contour.

    Attributes:
        rhythm: (onset, length) in beats, within two bars.
        contour: scale steps from the first note, one for each onset.
    """

    rhythm: tuple[tuple[float, float], ...]
    contour: tuple[int, ...]


def make_motif(beats: int, rng: Generator) -> Motif:
    """Draw a rhythm for bars of so many beats, and a contour that wanders little and turns back."""
    rhythms = RHYTHMS_OF[beats]
    rhythm = rhythms[int(rng.integers(len(rhythms)))]
    contour = [0]
    for _ in rhythm[1:]:
        step = STEPS[int(rng.integers(len(STEPS)))]
        # Far from home the line turns round.
        contour.append(
            contour[-1] + (-abs(step) if contour[-1] > 3 else abs(step) if contour[-1] < -3 else step)
        )
    return Motif(rhythm, tuple(contour))


def vary(motif: Motif, rng: Generator) -> Motif:
    """Keep the rhythm's head and the contour's shape; move the end, drop a note, or shift the line."""
    contour = list(motif.contour)
    rhythm = list(motif.rhythm)
    choice = int(rng.integers(3))
    if choice == 0:
        contour[-1] += int(rng.choice((-2, -1, 1, 2)))
    elif choice == 1 and len(rhythm) > 3:
        drop = int(rng.integers(1, len(rhythm) - 1))
        del rhythm[drop], contour[drop]
    else:
        contour = [contour[0], *(step + int(rng.choice((-1, 1))) for step in contour[1:])]
    return Motif(tuple(rhythm), tuple(contour))


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
    notes = []
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


def _pitch(start: int, step: int, key: Key, chords: Sequence[Chord]) -> int:
    """Climb the scale; a note that is leant on must belong to its chords, or at least to the first."""
    scale = {(key.tonic + degree) % 12 for degree in SCALES[key.mode]}
    ladder = [pitch for pitch in range(LOWEST - 5, HIGHEST + 6) if pitch % 12 in scale]
    at = min(range(len(ladder)), key=lambda rung: abs(ladder[rung] - start)) + step
    pitch = ladder[max(0, min(len(ladder) - 1, at))]
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
