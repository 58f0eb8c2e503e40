"""How the chords are struck, broken, held and, where there is no bass, founded."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lofi_procedural.score.notes import Note
from lofi_procedural.score.taste import calmness, liveliness

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.random import Generator

    from lofi_procedural.score.figures import Figure
    from lofi_procedural.score.voicing import Voicing

    # (beat, pitches) of one bar.
    Voiced = Sequence[tuple[float, Voicing]]

PAD_LOWEST, LEFT_LOWEST = 48, 39  # C3, Eb2
# How likely a stroke goes, or a soft one comes between, for each unit of density below calm or above lively.
LEFT_OUT, PUT_IN = 1.4, 2.2


def adapt(figure: Figure, beats: int, density: float, rng: Generator) -> Figure:
    """Thin a figure out, or fill it up; its first stroke stays."""
    chances = rng.random(len(figure) + 1)
    kept = [
        stroke for at, stroke in enumerate(figure) if at == 0 or chances[at] >= LEFT_OUT * calmness(density)
    ]
    if chances[-1] < PUT_IN * liveliness(density):
        step = 1.0 if beats == 6 else 0.5
        taken = {beat for beat, _, _ in kept}
        free = [at * step for at in range(1, round(beats / step) - 1) if at * step not in taken]
        kept.append((float(rng.choice(free)), 0.8 * step, 0.36))
    return tuple(sorted(kept))


def push_of(figure: Figure, beats: int) -> float:
    """For how many beats its last stroke reaches into the next bar; 0 where it does not."""
    beat, length, _ = figure[-1]
    reach = beat + length - beats
    return reach if beat > beats - 1.5 and reach > 0.2 else 0.0


def comp(
    chords: Voiced,
    figure: Figure,
    rng: Generator,
    *,
    roll_sec: float,
    beats: int,
    ahead: Voicing | None = None,
) -> list[Note]:
    """Strike the chord that sounds at each stroke of a figure.

    Args:
        chords: of the bar.
        figure: one of `figures`.
        rng: the bar's own.
        roll_sec: time between the tones of one stroke, lowest first.
        beats: of the bar.
        ahead: what a push plays: the first chord of the next bar.
    """
    notes = []
    last = figure[-1] if push_of(figure, beats) and ahead else None
    for stroke in figure:
        beat, length, velocity = stroke
        change = next((at for at, _ in chords if beat < at < beat + length), beat + length)
        held = min(length, max(0.4, change - beat))
        if stroke is not last:
            held = min(held, beats - beat)
        force = velocity * (1 + 0.08 * rng.standard_normal())
        late = 0.006 * rng.standard_normal()
        pitches = ahead if ahead and stroke is last else _sounding(chords, beat)
        for voice, pitch in enumerate(pitches):
            # The outer voices speak, the inner ones fill.
            touch = force * (1.0 if voice in {0, 3} else 0.88) + 0.02 * rng.standard_normal()
            notes.append(Note("chords", beat, held, pitch, _limit(touch), late + voice * roll_sec))
    return notes


def arpeggiate(
    chords: Voiced, beats: int, density: float, order: Sequence[int], rng: Generator
) -> list[Note]:
    """Break the chords into even half beats, or eighths, that ring into each other, leaning on the beat.

    Args:
        chords: of the bar.
        beats: what the score counts in it.
        density: 0 (off-beats may rest, soft) … 1 (firm).
        order: which voice each step takes.
        rng: the bar's own.
    """
    notes = []
    accent = 1.0 + 0.3 * (density - 0.5)
    length = 1.0 if beats == 6 else 0.5
    group = {3: 6, 4: 4, 6: 3}[beats]  # steps from one bass tone to the next
    for step in range(round(beats / length)):
        beat = step * length
        inner = (0.3, 0.3) if beats == 6 else (0.52, 0.4)
        weight = 0.62 if step % group == 0 else inner[step % 2]
        velocity = _limit(accent * weight * (1 + 0.07 * rng.standard_normal()))
        late = 0.004 * rng.standard_normal()
        # Off the beat a calm hand leaves tones out.
        if rng.random() < LEFT_OUT * calmness(density) and (step % group if beats == 6 else step % 2):
            continue
        pitch = _sounding(chords, beat)[order[step % len(order)] if step % group else 0]
        notes.append(Note("chords", beat, 1.1 + length, pitch, velocity, late))
    return notes


def hold(chords: Voiced, roots: Sequence[int], beats: float) -> list[Note]:
    """Sustain each chord until the next: the pad. Its root, and two of the tones above."""
    notes = []
    for (beat, pitches), root, until in zip(chords, roots, _ends(chords, beats), strict=True):
        tones = (PAD_LOWEST + (root - PAD_LOWEST) % 12, pitches[1], pitches[-1])
        notes += [Note("pad", beat, until - beat, pitch, 0.5) for pitch in tones]
    return notes


def left_hand(chords: Voiced, roots: Sequence[int], beats: int, rng: Generator) -> list[Note]:
    """Where there is no bass, whoever plays the chords strikes their roots below them."""
    notes = []
    for (beat, _), root, until in zip(chords, roots, _ends(chords, beats), strict=True):
        velocity = _limit(0.56 * (1 + 0.06 * rng.standard_normal()))
        pitch = LEFT_LOWEST + (root - LEFT_LOWEST) % 12
        notes.append(Note("chords", beat, until - beat, pitch, velocity, 0.004 * rng.standard_normal()))
    return notes


def _ends(chords: Voiced, beats: float) -> list[float]:
    """When each chord gives way to the next."""
    return [*(beat for beat, _ in chords[1:]), float(beats)]


def _sounding(chords: Voiced, beat: float) -> Voicing:
    """The chord at a beat."""
    return [pitches for at, pitches in chords if at <= beat + 1e-9][-1]


def _limit(velocity: float) -> float:
    return max(0.12, min(1.0, float(velocity)))
