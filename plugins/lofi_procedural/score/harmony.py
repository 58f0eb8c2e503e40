"""Which chord sounds when, and how its tones are laid out so that each voice moves little."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lofi_procedural.score.chords import CADENCES, PROGRESSIONS, Chord, read_chord, read_progression
from lofi_procedural.score.form import HARMONY
from lofi_procedural.words import Key

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.random import Generator

    from lofi_procedural.score.form import Section
    from lofi_procedural.words import Brief

Voicing = tuple[int, ...]

LOWEST, HIGHEST, CENTRE = 50, 76, 62.5
REGISTER = 10.0  # semitones from the darkest to the brightest piece
MINOR_SHARE = 0.55


def choose_key(brief: Brief, rng: Generator) -> Key:
    """The key the words state; what they leave open is drawn."""
    tonic, minor, dorian = int(rng.integers(12)), rng.random(), rng.random()
    if brief.stated_key is not None:
        return brief.stated_key
    if brief.mode is not None:
        return Key(tonic, brief.mode)
    if minor < MINOR_SHARE - 0.5 * brief.valence:
        return Key(tonic, "dorian" if dorian < 0.25 + 0.2 * brief.valence else "minor")
    return Key(tonic, "major")


def harmonise(
    sections: Sequence[Section], key: Key, beats: int, rng: Generator
) -> list[list[tuple[float, Chord]]]:
    """Give every bar of so many beats its chords; the last leads home.

    Returns:
        For each bar, (beat, chord) in order.
    """
    bank = list(PROGRESSIONS[key.mode])
    drawn = [bank[at] for at in rng.permutation(len(bank))]
    # A, which a listener hears first and most, begins at home; elsewhere the key may be left open for long.
    home = next(text for text in drawn if text.startswith("0:"))
    order = [home, *(text for text in drawn if text != home)]
    bars: list[list[tuple[float, Chord]]] = []
    for section in sections:
        progression = read_progression(order[_choice(section, len(order))], key.tonic, beats)
        bars += [_reharmonise(progression[at % len(progression)], section, at) for at in range(section.bars)]
    cadence, _ = CADENCES[key.mode]
    if len(bars) > 1:
        bars[-1] = read_progression(cadence, key.tonic, beats)[0]
    else:
        bars[0] = read_progression(CADENCES[key.mode][1], key.tonic)[0]
    return bars


def _choice(section: Section, progressions: int) -> int:
    """A keeps its progression for the whole piece; B and the breaks get others in every movement."""
    at = HARMONY[section.name]
    return 1 + (at - 1 + section.movement) % (progressions - 1) if at else 0


def final_chord(key: Key) -> Chord:
    """The chord a piece ends on."""
    return read_chord(CADENCES[key.mode][1], key.tonic)


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
    for bar in bars:
        voicings = []
        for _, chord in bar:
            previous = min(_layouts(chord), key=lambda layout: _effort(layout, previous, centre))
            voicings.append(previous)
        laid.append(voicings)
    return laid


def _reharmonise(bar: list[tuple[float, Chord]], section: Section, at: int) -> list[tuple[float, Chord]]:
    """When a section returns, its second dominant is replaced by the one a tritone away."""
    if not section.returns or at % 8 != 7:
        return bar
    beat, chord = bar[-1]
    if chord.quality not in {"13", "7b9", "9"}:
        return bar
    return [*bar[:-1], (beat, read_chord("6:9", chord.root))]


def _layouts(chord: Chord) -> list[Voicing]:
    """Every inversion in every octave that fits the range, without a semitone at the bottom."""
    layouts = []
    for turn in range(len(chord.tones)):
        order = chord.tones[turn:] + chord.tones[:turn]
        for lowest in range(LOWEST + (order[0] - LOWEST) % 12, HIGHEST - 8, 12):
            pitches = [lowest]
            for tone in order[1:]:
                pitches.append(pitches[-1] + 1 + (tone - pitches[-1] - 1) % 12)
            if pitches[-1] <= HIGHEST and pitches[1] - pitches[0] > 1:
                layouts.append(tuple(pitches))
    return layouts


def _effort(layout: Voicing, previous: Voicing | None, centre: float) -> float:
    """How far the voices travel, how far the chord lies from the middle, and how wide it is."""
    middle = abs(sum(layout) / len(layout) - centre)
    width = max(0, layout[-1] - layout[0] - 14)
    travel = sum(abs(a - b) for a, b in zip(layout, previous, strict=True)) if previous else 0
    return travel + 0.8 * middle + 0.7 * width
