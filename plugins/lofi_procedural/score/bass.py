"""What the bass plays under a bar."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lofi_procedural.score.notes import Note

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.random import Generator

    from lofi_procedural.score.chords import Chord

LOWEST, HIGHEST = 31, 50  # G1 to D3
# (beat, length, what): what is root, fifth, octave, or an approach to the next bar's root.
LINES: dict[str, tuple[tuple[float, float, str], ...]] = {
    "hold": ((0, 3.4, "root"), (3.5, 0.5, "approach")),
    "two": ((0, 1.8, "root"), (2, 1.4, "fifth"), (3.5, 0.5, "approach")),
    "push": ((0, 1.3, "root"), (1.5, 0.5, "root"), (2.5, 1.0, "octave"), (3.5, 0.5, "approach")),
    "answer": ((0, 0.9, "root"), (1.5, 0.9, "fifth"), (3, 0.9, "root")),
    "walk": ((0, 0.95, "root"), (1, 0.95, "fifth"), (2, 0.95, "octave"), (3, 0.95, "approach")),
    "waltz": ((0, 2.4, "root"), (2.5, 0.5, "approach")),
    "waltz_answer": ((0, 1.9, "root"), (2, 0.9, "fifth")),
    "waltz_walk": ((0, 0.95, "root"), (1, 0.95, "fifth"), (2, 0.95, "approach")),
    "six": ((0, 2.6, "root"), (3, 1.8, "fifth"), (5, 0.9, "approach")),
    "six_hold": ((0, 4.6, "root"), (5, 0.9, "approach")),
    "six_answer": ((0, 1.9, "root"), (2, 0.9, "octave"), (3, 2.7, "fifth")),
    "six_walk": ((0, 1.9, "root"), (2, 0.9, "fifth"), (3, 1.9, "octave"), (5, 0.9, "approach")),
    "eighths": tuple((at / 2, 0.42, "root" if at % 4 != 3 else "octave") for at in range(8)),
    "bossa": ((0, 1.4, "root"), (1.5, 0.5, "fifth"), (2, 1.4, "fifth"), (3.5, 0.5, "approach")),
}
LINE_OF_GROOVE = {"bossa": "bossa", "synthwave": "eighths"}
# Lines for a calm, a usual and a lively piece. Without drums the bass keeps to the beat.
CALM_DENSITY, LIVELY_DENSITY = 0.4, 0.65
CHOICES = (("hold", "two"), ("push", "two", "answer", "push"), ("walk", "push", "walk", "answer"))
DRUMLESS_CHOICES = (("hold", "two"), ("hold", "two"), ("walk", "two"))
WALTZ_CHOICES = (("waltz", "waltz_answer"), *2 * (("waltz_answer", "waltz_walk"),))
SIX_CHOICES = (("six_hold", "six"), *2 * (("six", "six_answer", "six_walk"),))


def choose_line(groove: str | None, beats: int, density: float, rng: Generator) -> str:
    """Draw a line for a section: calmer or livelier, and fit for what the drums play, if they do.

    Args:
        groove: of the drums; None where there are none.
        beats: what the score counts in a bar.
        density: 0 (calm) … 1 (lively).
        rng: the section's own.
    """
    at = 0 if density < CALM_DENSITY else 2 if density > LIVELY_DENSITY else 1
    if groove in LINE_OF_GROOVE:
        lines: tuple[str, ...] = (LINE_OF_GROOVE[groove],)
    elif beats == 4:
        lines = (DRUMLESS_CHOICES if groove is None else CHOICES)[at]
    else:
        lines = {3: WALTZ_CHOICES, 6: SIX_CHOICES}[beats][at]
    return lines[int(rng.integers(len(lines)))]


def play_bass(
    chords: Sequence[tuple[float, Chord]], next_chord: Chord, line: str, rng: Generator
) -> list[Note]:
    """Follow the roots, and lean into the next bar."""
    notes = []
    for beat, length, what in _on_changes(LINES[line], [at for at, _ in chords]):
        chord = [chord for at, chord in chords if at <= beat][-1]
        changed = any(at == beat for at, _ in chords)
        if changed:
            pitch = root_pitch(chord.root)
        elif what == "approach":
            pitch = _approach(root_pitch(next_chord.root), root_pitch(chord.root), rng)
        else:
            pitch = _tone(chord, what)
        velocity = (0.72 if beat == 0 else 0.6) * (1 + 0.06 * rng.standard_normal())
        if what == "approach" and not changed and rng.random() < 0.35:
            continue
        notes.append(Note("bass", beat, length, pitch, float(velocity), 0.004 * rng.standard_normal()))
    return notes


def _on_changes(
    line: Sequence[tuple[float, float, str]], changes: Sequence[float]
) -> list[tuple[float, float, str]]:
    """Let no note ring into another chord, and give every chord its root when it comes."""
    strokes = list(line)
    for change in changes:
        strokes = [
            (beat, min(length, change - beat) if beat < change else length, what)
            for beat, length, what in strokes
        ]
        if change not in {beat for beat, _, _ in strokes}:
            following = min((beat for beat, _, _ in strokes if beat > change), default=change + 1.5)
            strokes.append((change, 0.9 * (following - change), "root"))
    return sorted(strokes)


def root_pitch(root: int) -> int:
    """The root between G1 and F#2: deep, and still heard on a small loudspeaker."""
    return LOWEST + (root - LOWEST) % 12


def _tone(chord: Chord, what: str) -> int:
    low = root_pitch(chord.root)
    if what == "octave":
        return low + 12
    if what == "fifth":
        fifth = low + (chord.fifth - chord.root) % 12
        return fifth if fifth <= HIGHEST - 4 else fifth - 12
    return low


def _approach(target: int, origin: int, rng: Generator) -> int:
    """A semitone or a tone from the next root, coming from the side of the present one."""
    if target == origin:
        return origin + 7
    side = 1 if origin > target else -1
    return target + side * (1 if rng.random() < 0.6 else 2)
