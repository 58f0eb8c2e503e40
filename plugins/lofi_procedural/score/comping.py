"""How the chords are struck."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lofi_procedural.score.notes import Note

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.random import Generator

    from lofi_procedural.score.voicing import Voicing

# (beat, length in beats, velocity), in one bar of four beats, of three for a waltz, of six eighths.
Pattern = tuple[tuple[float, float, float], ...]
CALM: tuple[Pattern, ...] = (
    ((0, 3.6, 0.62), (2, 1.9, 0.42)),
    ((0, 1.9, 0.6), (2, 1.9, 0.5)),
    ((0, 2.4, 0.62), (2.5, 1.4, 0.46)),
)
USUAL: tuple[Pattern, ...] = (
    ((0, 1.4, 0.64), (1.5, 1.4, 0.46), (3, 0.9, 0.5)),
    ((0, 1.9, 0.64), (2, 0.9, 0.5), (3.5, 0.5, 0.42)),
    ((0, 1.4, 0.62), (1.5, 2.3, 0.5)),
    ((0, 0.9, 0.62), (1, 0.9, 0.4), (2.5, 1.4, 0.52)),
)
LIVELY: tuple[Pattern, ...] = (
    ((0, 0.9, 0.66), (1.5, 0.5, 0.48), (2, 0.9, 0.54), (3.5, 0.5, 0.46)),
    ((0, 0.5, 0.64), (0.5, 0.9, 0.42), (1.5, 0.9, 0.54), (3, 0.9, 0.52)),
    ((0, 0.9, 0.64), (1, 0.4, 0.44), (2, 0.9, 0.56), (3, 0.4, 0.46)),
)
WALTZ: tuple[Pattern, ...] = (
    ((1, 0.8, 0.5), (2, 0.8, 0.46)),
    ((0, 2.7, 0.6), (2, 0.9, 0.42)),
    ((0, 0.9, 0.58), (1, 0.8, 0.44), (2, 0.8, 0.46)),
    ((0, 1.4, 0.6), (1.5, 1.4, 0.46)),
)
SIX_EIGHT: tuple[Pattern, ...] = (
    ((0, 2.8, 0.62), (3, 2.6, 0.5)),
    ((0, 1.9, 0.64), (2, 0.9, 0.38), (3, 1.9, 0.58), (5, 0.9, 0.38)),
    ((0, 2.8, 0.64), (3, 1.9, 0.56), (5, 0.9, 0.4)),
    ((0, 1.9, 0.64), (2, 0.9, 0.38), (3, 2.7, 0.58)),
)
# Without drums the chords keep time: broken, one tone per half beat or eighth, or struck on every beat.
PULSE: Pattern = ((0, 0.92, 0.66), (1, 0.9, 0.48), (2, 0.92, 0.6), (3, 0.85, 0.48))
SIX_PULSE: Pattern = ((0, 2.6, 0.66), (3, 2.5, 0.56))
PAD_LOWEST, LEFT_LOWEST = 48, 39  # C3, Eb2
BROKEN = (0, 2, 1, 3, 2, 1, 3, 2)


def comp(
    chords: Sequence[tuple[float, Voicing]], pattern: Pattern, rng: Generator, *, roll_sec: float
) -> list[Note]:
    """Strike the chord that sounds at each stroke of the pattern.

    Args:
        chords: (beat, pitches) of one bar.
        pattern: one of this module's.
        rng: the bar's own.
        roll_sec: time between the tones of one stroke, lowest first.
    """
    notes = []
    for beat, length, velocity in pattern:
        change = next((at for at, _ in chords if beat < at < beat + length), beat + length)
        held = min(length, max(0.4, change - beat))
        force = velocity * (1 + 0.08 * rng.standard_normal())
        late = 0.006 * rng.standard_normal()
        for voice, pitch in enumerate(_sounding(chords, beat)):
            # The outer voices speak, the inner ones fill.
            touch = force * (1.0 if voice in {0, 3} else 0.88) + 0.02 * rng.standard_normal()
            notes.append(Note("chords", beat, held, pitch, _limit(touch), late + voice * roll_sec))
    return notes


def arpeggiate(
    chords: Sequence[tuple[float, Voicing]], beats: int, rng: Generator, accent: float
) -> list[Note]:
    """Break the chords into even half beats, or eighths, that ring into each other, leaning on the beat."""
    notes = []
    turn = int(rng.integers(2)) * 4
    length = 1.0 if beats == 6 else 0.5
    group = {3: 6, 4: 4, 6: 3}[beats]  # steps from one bass tone to the next
    for step in range(round(beats / length)):
        beat = step * length
        pitch = _sounding(chords, beat)[BROKEN[(step + turn) % 8] if step % group else 0]
        inner = (0.3, 0.3) if beats == 6 else (0.52, 0.4)
        weight = 0.62 if step % group == 0 else inner[step % 2]
        velocity = _limit(accent * weight * (1 + 0.07 * rng.standard_normal()))
        notes.append(Note("chords", beat, 1.1 + length, pitch, velocity, 0.004 * rng.standard_normal()))
    return notes


def hold(chords: Sequence[tuple[float, Voicing]], roots: Sequence[int], beats: float) -> list[Note]:
    """Sustain each chord until the next: the pad. Its root, and two of the tones above."""
    notes = []
    for (beat, pitches), root, until in zip(chords, roots, _ends(chords, beats), strict=True):
        tones = (PAD_LOWEST + (root - PAD_LOWEST) % 12, pitches[1], pitches[-1])
        notes += [Note("pad", beat, until - beat, pitch, 0.5) for pitch in tones]
    return notes


def left_hand(
    chords: Sequence[tuple[float, Voicing]], roots: Sequence[int], beats: int, rng: Generator
) -> list[Note]:
    """Where there is no bass, whoever plays the chords strikes their roots below them."""
    notes = []
    for (beat, _), root, until in zip(chords, roots, _ends(chords, beats), strict=True):
        velocity = _limit(0.56 * (1 + 0.06 * rng.standard_normal()))
        pitch = LEFT_LOWEST + (root - LEFT_LOWEST) % 12
        notes.append(Note("chords", beat, until - beat, pitch, velocity, 0.004 * rng.standard_normal()))
    return notes


def _ends(chords: Sequence[tuple[float, Voicing]], beats: float) -> list[float]:
    """When each chord gives way to the next."""
    return [*(beat for beat, _ in chords[1:]), float(beats)]


def _sounding(chords: Sequence[tuple[float, Voicing]], beat: float) -> Voicing:
    """The chord at a beat; a push of half a beat already plays the next one."""
    return [pitches for at, pitches in chords if at <= beat + 1e-9][-1]


def _limit(velocity: float) -> float:
    return max(0.12, min(1.0, float(velocity)))
