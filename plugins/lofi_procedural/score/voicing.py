"""How the tones of chords are laid out, so that each voice moves little."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from lofi_procedural.score.chords import Chord

Voicing = tuple[int, ...]

LOWEST, HIGHEST, CENTRE = 50, 76, 62.5
REGISTER = 10.0  # semitones from the darkest to the brightest piece
# A voice that moves further than this has leapt.
STEP = 4
LEAP_COSTS, TOGETHER_COSTS = 2.0, 30.0  # for each semitone beyond; and for all voices that leap one way


def lead_voices(
    bars: Sequence[Sequence[tuple[float, Chord]]], brightness: float = 0.5
) -> list[list[Voicing]]:
    """Lay out every chord as near as possible to the one before.

    Args:
        bars: their chords.
        brightness: 0 … 1; darker lies lower.

    Returns:
        For each chord of each bar, MIDI pitches in rising order.
    """
    centre = CENTRE + REGISTER * (brightness - 0.5)
    previous: Voicing | None = None
    laid: list[list[Voicing]] = []
    # A piece has some dozen chords; the same one after the same one is laid out alike.
    layouts: dict[tuple[int, ...], list[tuple[float, Voicing]]] = {}
    known: dict[tuple[Voicing | None, tuple[int, ...]], Voicing] = {}
    for bar in bars:
        voicings = []
        for _, chord in bar:
            at = (previous, chord.tones)
            if at not in known:
                if chord.tones not in layouts:
                    layouts[chord.tones] = [(_ease(layout, centre), layout) for layout in _layouts(chord)]
                known[at] = min((ease + _travel(v, previous), v) for ease, v in layouts[chord.tones])[1]
            previous = known[at]
            voicings.append(previous)
        laid.append(voicings)
    return laid


def _layouts(chord: Chord) -> list[Voicing]:
    """Every inversion in every octave that fits the range, close or with its second voice from above dropped.

    None has a semitone at the bottom, or a second at the top, where it would be heard as a mistake.
    """
    layouts = []
    # As the chord is spelt, and as close as its tones allow.
    spellings = {chord.tones, tuple(sorted(chord.tones))}
    turns = [tones[turn:] + tones[:turn] for tones in sorted(spellings) for turn in range(len(tones))]
    for order in turns:
        for lowest in range(LOWEST + (order[0] - LOWEST) % 12, HIGHEST - 8, 12):
            pitches = [lowest]
            for tone in order[1:]:
                pitches.append(pitches[-1] + 1 + (tone - pitches[-1] - 1) % 12)
            layouts += [tuple(pitches), tuple(sorted((*pitches[:-2], pitches[-2] - 12, pitches[-1])))]
    return [
        layout
        for layout in layouts
        if layout[0] >= LOWEST
        and layout[-1] <= HIGHEST
        and layout[1] - layout[0] > 1
        and layout[-1] - layout[-2] > 1
    ] or layouts


def _ease(layout: Voicing, centre: float) -> float:
    """How far a chord lies from the middle, and how wide it is."""
    middle = abs(sum(layout) / len(layout) - centre)
    return middle + 0.7 * max(0, layout[-1] - layout[0] - 14)


def _travel(layout: Voicing, previous: Voicing | None) -> float:
    """How far the voices move; a leap costs more, and that of the highest voice, which is heard most."""
    if previous is None:
        return 0.0
    moves = [a - b for a, b in zip(layout, previous, strict=True)]
    sizes = [abs(move) for move in moves]
    leaps = sum(LEAP_COSTS * (size - STEP) for size in sizes if size > STEP)
    together = min(sizes) > STEP and abs(sum(moves)) == sum(sizes)
    return sum(sizes) + 0.5 * sizes[-1] + leaps + (TOGETHER_COSTS if together else 0.0)
