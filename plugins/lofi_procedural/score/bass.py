"""What the bass plays under a bar: it holds, answers, or walks."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lofi_procedural.score.notes import Note
from lofi_procedural.score.taste import calmness, tier

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.random import Generator

    from lofi_procedural.score.chords import Chord

    Line = tuple[tuple[float, float, str], ...]

LOWEST, HIGHEST = 31, 50  # G1 to D3
# (beat, length, what): a tone of the chord, an approach to the next bar's root, or a step of a walk.
LINES: dict[str, Line] = {
    "pedal": ((0, 3.9, "root"),),
    "hold": ((0, 3.4, "root"), (3.5, 0.5, "approach")),
    "two": ((0, 1.8, "root"), (2, 1.4, "fifth"), (3.5, 0.5, "approach")),
    "push": ((0, 1.3, "root"), (1.5, 0.5, "root"), (2.5, 1.0, "octave"), (3.5, 0.5, "approach")),
    "late": ((0, 0.9, "root"), (2.5, 0.9, "fifth"), (3.5, 0.5, "approach")),
    "answer": ((0, 0.9, "root"), (1.5, 0.9, "fifth"), (3, 0.9, "root")),
    "reply": (
        (0, 1.4, "root"),
        (2, 0.5, "third"),
        (2.5, 0.5, "fifth"),
        (3, 0.5, "octave"),
        (3.5, 0.5, "approach"),
    ),
    "climb": ((0, 1.9, "root"), (2, 0.9, "fifth"), (3, 0.5, "seventh"), (3.5, 0.5, "approach")),
    "walk": ((0, 0.95, "root"), (1, 0.95, "step"), (2, 0.95, "step"), (3, 0.95, "approach")),
    "run": (
        (0, 0.95, "root"),
        (1, 0.6, "step"),
        (1.5, 0.45, "octave"),
        (2, 0.95, "step"),
        (3, 0.95, "approach"),
    ),
    "stop": ((0, 0.9, "root"), (3.5, 0.5, "approach")),
    "waltz_stop": ((0, 0.9, "root"), (2.5, 0.5, "approach")),
    "six_stop": ((0, 1.9, "root"), (5, 0.9, "approach")),
    "waltz": ((0, 2.4, "root"), (2.5, 0.5, "approach")),
    "waltz_answer": ((0, 1.9, "root"), (2, 0.9, "fifth")),
    "waltz_walk": ((0, 0.95, "root"), (1, 0.95, "step"), (2, 0.95, "approach")),
    "waltz_reply": ((0, 0.9, "root"), (1, 0.5, "third"), (1.5, 0.5, "fifth"), (2, 0.9, "approach")),
    "six": ((0, 2.6, "root"), (3, 1.8, "fifth"), (5, 0.9, "approach")),
    "six_hold": ((0, 4.6, "root"), (5, 0.9, "approach")),
    "six_answer": ((0, 1.9, "root"), (2, 0.9, "octave"), (3, 2.7, "fifth")),
    "six_walk": ((0, 1.9, "root"), (2, 0.9, "step"), (3, 1.9, "octave"), (5, 0.9, "approach")),
    "six_reply": ((0, 2.6, "root"), (3, 0.9, "third"), (4, 0.9, "fifth"), (5, 0.9, "approach")),
    "eighths": tuple((at / 2, 0.42, "root" if at % 4 != 3 else "octave") for at in range(8)),
    "eighths_reply": tuple(
        (at / 2, 0.42, what)
        for at, what in enumerate(("root", "root", "octave", "root", "fifth", "root", "seventh"))
    ),
    "bossa": ((0, 1.4, "root"), (1.5, 0.5, "fifth"), (2, 1.4, "fifth"), (3.5, 0.5, "approach")),
    "bossa_reply": ((0, 1.4, "root"), (1.5, 0.5, "third"), (2, 1.4, "fifth"), (3.5, 0.5, "octave")),
}
# What a groove asks of the bass, and its answer at the end of a phrase.
LINES_OF_GROOVE = {"bossa": ("bossa", "bossa_reply"), "synthwave": ("eighths", "eighths_reply")}
# Lines for a calm, a usual and a lively piece. Without drums the bass keeps to the beat.
CHOICES = (
    ("hold", "two", "late"),
    ("push", "two", "answer", "push", "late"),
    ("walk", "push", "walk", "answer", "run"),
)
DRUMLESS_CHOICES = (("pedal", "two", "hold"), ("hold", "two", "climb"), ("walk", "two", "climb"))
WALTZ_CHOICES = (
    ("waltz", "waltz_answer"),
    ("waltz_answer", "waltz_walk", "waltz"),
    ("waltz_walk", "waltz_answer", "waltz_walk"),
)
SIX_CHOICES = (("six_hold", "six"), ("six", "six_answer", "six_walk"), ("six_walk", "six_answer", "six_walk"))
# What it says where the melody rests, or a phrase ends.
REPLIES: dict[int, tuple[tuple[str, ...], ...]] = {
    4: (("two",), ("reply", "climb"), ("reply", "run", "walk")),
    3: (("waltz",), ("waltz_reply",), ("waltz_reply", "waltz_walk")),
    6: (("six",), ("six_reply",), ("six_reply", "six_walk")),
}
# What it does where all stop and wait.
STOPS = {4: "stop", 3: "waltz_stop", 6: "six_stop"}
# How likely a tone other than a root goes, for each unit of density below calm.
LEFT_OUT = 1.6
APPROACH_RESTS = 0.35


def choose_lines(groove: str | None, beats: int, density: float, rng: Generator) -> tuple[str, str, str]:
    """Draw two lines that take turns, or one twice, and a reply, fit for how lively it is and for the drums.

    Args:
        groove: of the drums; None where there are none.
        beats: what the score counts in a bar.
        density: 0 (calm) … 1 (lively).
        rng: the section's own.
    """
    at = tier(density)
    if groove in LINES_OF_GROOVE:
        line, reply = LINES_OF_GROOVE[groove]
        return line, line, reply
    lines: tuple[str, ...]
    if beats == 4:
        lines = (DRUMLESS_CHOICES if groove is None else CHOICES)[at]
    else:
        lines = {3: WALTZ_CHOICES, 6: SIX_CHOICES}[beats][at]
    replies = REPLIES[beats][at]
    one, other, reply = (bank[int(rng.integers(len(bank)))] for bank in (lines, lines, replies))
    return one, other, reply


def play_bass(
    chords: Sequence[tuple[float, Chord]], next_chord: Chord, line: str, density: float, rng: Generator
) -> list[Note]:
    """Follow the roots, and lean into the next bar.

    Args:
        chords: (beat, chord) of the bar.
        next_chord: of the next.
        line: name in `LINES`.
        density: 0 … 1; a calm bass leaves tones out.
        rng: the bar's own.
    """
    notes: list[Note] = []
    changes = [at for at, _ in chords]
    target = root_pitch(next_chord.root)
    strokes = _on_changes(LINES[line], changes)
    for at, (beat, length, what) in enumerate(strokes):
        chord = [chord for start, chord in chords if start <= beat][-1]
        chance = LEFT_OUT * calmness(density) + (APPROACH_RESTS if what == "approach" else 0.0)
        rests = rng.random() < chance
        velocity = (0.72 if beat == 0 else 0.6) * (1 + 0.06 * rng.standard_normal())
        late = 0.004 * rng.standard_normal()
        if beat in changes:
            pitch = root_pitch(chord.root)
        elif rests and "walk" not in line:
            continue
        elif what == "approach":
            pitch = _approach(target, notes[-1].pitch, rng)
        elif what == "step":
            pitch = _step(chord, notes[-1].pitch, target, len(strokes) - at, rng)
        else:
            pitch = _tone(chord, what)
        notes.append(Note("bass", beat, length, pitch, float(velocity), late))
    return notes


def _on_changes(line: Line, changes: Sequence[float]) -> list[tuple[float, float, str]]:
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
        return low + 12 if low + 12 <= HIGHEST else low
    if what == "root":
        return low
    tone = {"third": chord.third, "fifth": chord.fifth, "seventh": chord.seventh}[what]
    above = low + (tone - low) % 12
    return above if above <= HIGHEST - 4 else above - 12


def _step(chord: Chord, previous: int, target: int, left: int, rng: Generator) -> int:
    """A tone of the chord on the way from the last note to the next root, as near as a walk allows."""
    tones = {chord.root, chord.third, chord.fifth, chord.seventh}
    near = [
        pitch
        for pitch in range(max(LOWEST, previous - 7), min(HIGHEST, previous + 7) + 1)
        if pitch % 12 in tones and pitch != previous
    ]
    # With beats to spare it may set out the other way; then it comes round.
    wanted = previous + (target - previous) / left if left <= 2 else previous + float(rng.choice((-4, 4, 5)))
    return min(near, key=lambda pitch: (abs(pitch - wanted), pitch))


def _approach(target: int, origin: int, rng: Generator) -> int:
    """A semitone or a tone from the next root, coming from the side of the last note."""
    side = 1 if origin > target else -1
    if target == origin:
        side = 1 if rng.random() < 0.5 else -1
    pitch = target + side * (1 if rng.random() < 0.6 else 2)
    return pitch if pitch >= LOWEST - 2 else pitch + 12
