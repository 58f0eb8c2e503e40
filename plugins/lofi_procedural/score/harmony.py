"""Which chord sounds when: progressions, how fast they go, and what leads from one section to the next."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lofi_procedural.score.chords import (
    BRIDGES,
    CADENCES,
    FINALS,
    MINOR_THIRD,
    PROGRESSIONS,
    Chord,
    read_chord,
    read_progression,
)
from lofi_procedural.score.form import LONG_BARS
from lofi_procedural.words import Key

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.random import Generator

    from lofi_procedural.score.form import Section
    from lofi_procedural.words import Brief

    ChordBar = list[tuple[float, Chord]]

MINOR_SHARE = 0.55
# How likely a four-bar progression of A, B and the breaks takes eight: in calm pieces, and in others.
SLOW_CALM, SLOW_USUAL = {"A": 0.4, "B": 0.25, "break": 0.7}, {"A": 0.12, "B": 0.12, "break": 0.5}
# How likely an unwritten dominant leads into a section: in keys, and in modes, which it disturbs.
LED_INTO, LED_INTO_MODE = 0.7, 0.25
TWO_KEYED = {"major", "minor"}
BRIDGE_FIRST = 0.35  # how likely the first B leaves the key already, rather than the second
REHARMONISED = 0.45  # how likely a bar of the second half of a section that returns has other chords


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
    sections: Sequence[Section], key: Key, beats: int, rng: Generator, *, calm: bool = False
) -> list[ChordBar]:
    """Give every bar of so many beats its chords; the last leads home.

    Args:
        sections: of the piece.
        key: tonic and mode.
        beats: what the score counts in a bar.
        rng: of the piece's harmony.
        calm: chords tend to last for two bars.

    Returns:
        For each bar, (beat, chord) in order.
    """
    progressions = _draw(sections, key, rng)
    slow = SLOW_CALM if calm else SLOW_USUAL
    is_long = sum(section.bars for section in sections) >= LONG_BARS
    # Four bars of a progression that takes eight would be half of it.
    pace = {name: bool(rng.random() < chance) and is_long for name, chance in slow.items()}
    written = {text: read_progression(text, key.tonic, beats) for text in {*progressions}}
    bars: list[ChordBar] = []
    for section, text in zip(sections, progressions, strict=True):
        progression = written[text]
        if pace.get(section.name if section.name in slow else "A") and len(progression) == 4:
            progression = stretch(progression)
        led = [list(progression[at % len(progression)]) for at in range(section.bars)]
        if section.returns:
            led = [_reharmonise(led, at, key, beats, rng) for at in range(section.bars)]
        if bars:
            bars[-1] = _lead(bars[-1], led[0][0][1], key, beats, rng)
        bars += led
    cadences = CADENCES[key.mode]
    cadence = cadences[int(rng.integers(len(cadences)))]
    bars[-1] = read_progression(cadence if len(bars) > 1 else FINALS[key.mode], key.tonic, beats)[0]
    return bars


def final_chord(key: Key) -> Chord:
    """The chord a piece ends on."""
    return read_chord(FINALS[key.mode], key.tonic)


def stretch(progression: Sequence[ChordBar]) -> list[ChordBar]:
    """Half as fast: every bar becomes two, and a bar of two chords two bars of one."""
    bars: list[ChordBar] = []
    for bar in progression:
        first, last = bar[0][1], bar[-1][1]
        bars += [[(0.0, first)], [(0.0, last)]]
    return bars


def _draw(sections: Sequence[Section], key: Key, rng: Generator) -> list[str]:
    """A progression for each section: A keeps its own; B and the breaks get others in every movement."""
    is_long = sum(section.bars for section in sections) >= LONG_BARS
    # A phrase of four bars has no room for eight.
    bank = [text for text in PROGRESSIONS[key.mode] if is_long or text.count("|") < 4]
    drawn = [bank[at] for at in rng.permutation(len(bank))]
    # A, which a listener hears first and most, begins at home; elsewhere the key may be left open for long.
    homes = [text for text in drawn if text.startswith("0:")]
    # A short piece has no time to be in doubt about its key.
    home = next((text for text in homes if _anchors(text) >= 2), homes[0]) if not is_long else homes[0]
    others = [text for text in drawn if text != home]
    # In a long piece B sets out from elsewhere, and may leave the key.
    away = sorted(others, key=lambda text: text.startswith("0:") if is_long else -_anchors(text))
    bridges = [BRIDGES[key.mode][at] for at in rng.permutation(len(BRIDGES[key.mode]))] if is_long else []
    if rng.random() < BRIDGE_FIRST:
        away, bridges = bridges, away
    middles = [text for pair in zip(away, bridges, strict=False) for text in pair] or others
    breaks = [text for text in reversed(others) if text not in middles] or others
    chosen = []
    for section in sections:
        bank_of = {"B": middles, "break": breaks}.get(section.name, [home])
        chosen.append(bank_of[section.movement % len(bank_of)])
    return chosen


def _anchors(progression: str) -> int:
    """How many of its chords say what the key is: those of home, and the dominant."""
    return sum(symbol.startswith(("0:", "7:7", "7:13")) for symbol in progression.split())


def _lead(bar: ChordBar, target: Chord, key: Key, beats: int, rng: Generator) -> ChordBar:
    """Let the second half of a section's last bar lead to the chord that follows, unless it does already."""
    chance, other_way = rng.random(), rng.random() < 0.35
    last = bar[-1][1]
    if last.root in {(target.root + step) % 12 for step in (1, 5, 7)} or last.is_dominant:
        return bar
    if chance > (LED_INTO if key.mode in TWO_KEYED else LED_INTO_MODE):
        return bar
    return [(0.0, bar[0][1]), (_half(beats), _dominant(target, tritone=other_way))]


def _reharmonise(bars: Sequence[ChordBar], at: int, key: Key, beats: int, rng: Generator) -> ChordBar:
    """Other chords for a bar of a section's second half; the first half stays as it was heard before."""
    bar = bars[at]
    chance, choice = rng.random(), int(rng.integers(3))
    if at % 8 < 4 or chance > REHARMONISED:
        return bar
    following = bars[at + 1][0][1] if at + 1 < len(bars) else None
    if bar[-1][1].is_dominant:
        return _other_dominant(bar, following, choice, beats)
    if len(bar) > 1 or following is None or key.mode not in TWO_KEYED:
        return bar
    return _borrowed(bar[0][1], following, choice, key, beats)


def _other_dominant(bar: ChordBar, following: Chord | None, choice: int, beats: int) -> ChordBar:
    """A dominant that resolves, replaced by the one a tritone away or delayed by its fourth."""
    beat, last = bar[-1]
    if following is not None and (last.root - following.root) % 12 != 7:
        return bar
    if choice == 0 and len(bar) == 1 and last.quality == "13":
        return [(beat, read_chord("0:9sus", last.root)), (_half(beats), last)]
    # It has the same third and seventh.
    return [*bar[:-1], (beat, read_chord("6:7#11", last.root))]


def _borrowed(chord: Chord, following: Chord, choice: int, key: Key, beats: int) -> ChordBar:
    """A chord that holds, followed in its second half by one that the key does not have."""
    half = _half(beats)
    if key.mode == "major" and chord.root == (key.tonic + 5) % 12 and chord.quality == "maj9":
        # The fourth degree turns minor, as the other mode has it.
        return [(0.0, chord), (half, read_chord("0:m6", chord.root))]
    if following.is_dominant or following.root == chord.root or choice == 2:
        return [(0.0, chord)]
    return [(0.0, chord), (half, _dominant(following, tritone=choice == 1))]


def _dominant(target: Chord, *, tritone: bool) -> Chord:
    """The chord that leads to another: a fifth above it, or a semitone above it."""
    if tritone:
        return read_chord("1:7#11", target.root)
    return read_chord("7:7b9" if target.quality in MINOR_THIRD else "7:13", target.root)


def _half(beats: int) -> float:
    """Where the second of two chords comes: on the third beat, or on the second dotted one."""
    return 3.0 if beats == 6 else 2.0
