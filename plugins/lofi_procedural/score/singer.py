"""Who keeps the themes: which of them is sung in a bar, and what others make of it in the rests."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from lofi_procedural.score import melody
from lofi_procedural.score.chords import SCALES
from lofi_procedural.score.motif import VARIATIONS, Motif, make_motif, take_tail
from lofi_procedural.score.voicing import REGISTER

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.random import Generator

    from lofi_procedural.score.chords import Chord
    from lofi_procedural.score.dice import Dice
    from lofi_procedural.score.form import Section
    from lofi_procedural.score.notes import Note
    from lofi_procedural.words import Brief, Key

    Chords = Sequence[tuple[float, Chord]]

LOWEST_HOME = 66
ANSWERED, ANSWER_SOFTER = 0.6, 0.72  # how likely a rest is answered by the chords, and how softly


class Singer:
    """The melody of a piece.

    Attributes:
        home: MIDI pitch from which the theme starts, a tone of the tonic chord.
        theme: what a listener recognises.
    """

    def __init__(self, key: Key, opening: Chord, beats: int, brief: Brief, dice: Dice) -> None:
        """Draw the theme.

        Args:
            key: of the piece.
            opening: the chord over which the theme begins.
            beats: what the score counts in a bar.
            brief: how dark it lies, and how much it rests.
            dice: of the piece.
        """
        self._key, self._beats, self._density, self._dice = key, beats, brief.density, dice
        rng = dice.roll("motif")
        self.theme = make_motif(beats, rng)
        # A tone that its chord has: one that had to give way would not be the theme's.
        triad = [(key.tonic + SCALES[key.mode][degree]) % 12 for degree in (0, 2, 4)]
        heard = [tone for tone in triad if tone in opening.tones]
        tone = heard[int(rng.integers(len(heard)))]
        lowest = max(melody.LOWEST, LOWEST_HOME + round(REGISTER * (brief.brightness - 0.5)))
        self.home = lowest + (tone - lowest) % 12
        self._contrast = int(rng.choice(melody.CONTRASTS))

    def sing(self, index: int, section: Section, chords: Chords) -> list[Note]:
        """The melody of a bar, over its chords and those of the next."""
        cell, half = self._cell(index, section)
        if cell == ".":
            return []
        return self._play(index, half, self._motif(cell, index, section), self._start(section), chords)

    def answer(self, index: int, section: Section, chords: Chords) -> list[Note]:
        """What whoever plays the chords makes of the end of the theme, in the first bar of a rest."""
        rng = self._dice.roll("answer", index)
        if not self.rests_after(index, section) or rng.random() > ANSWERED * min(1.0, 2 * self._density):
            return []
        tail = take_tail(self._motif("a theme", index, section), self._beats, rng)
        start = max(melody.LOWEST, self._start(section) - 3)
        return [
            replace(note, part="chords", velocity=ANSWER_SOFTER * note.velocity)
            for note in self._play(index, 0, tail, start, chords)
        ]

    def rests_after(self, index: int, section: Section) -> bool:
        """Whether a bar is the first of a rest that follows a thought."""
        cell, half = self._cell(index, section)
        return not half and cell == "." and index > section.start and self._cell(index - 1, section)[0] != "."

    def _cell(self, index: int, section: Section) -> tuple[str, int]:
        """What the two bars around a bar do, and which of the two it is."""
        rng = self._dice.roll("phrase", section.start)
        density = self._density + section.livelier
        phrase = melody.choose_phrase(section.name, section.returns, density, rng)
        cell, half = divmod(index - section.start, 2)
        return phrase[cell % len(phrase)], half

    def _motif(self, cell: str, index: int, section: Section) -> Motif:
        """A motif, varied the same way in both bars of a cell."""
        name, _, variation = cell.partition(" ")
        if name == "a":
            motif = self.theme
        else:
            # Every movement sets another motif against the theme, every solo one of its own.
            rng = self._dice.roll("motif", 1 + (section.movement if name == "b" else 100 + section.start))
            motif = make_motif(self._beats, rng, unlike=self.theme)
        first = index - (index - section.start) % 2
        return VARIATIONS[variation](motif, self._beats, self._dice.roll("variation", first))

    def _start(self, section: Section) -> int:
        if section.name not in {"B", "solo"}:
            return self.home
        return melody.climb(self.home, self._contrast, self._key)

    def _play(self, index: int, half: int, motif: Motif, start: int, chords: Chords) -> list[Note]:
        rng: Generator = self._dice.roll("melody", index)
        start = melody.fit(start, motif, self._key)
        return melody.sing(motif, (half, self._beats), chords, self._key, start, rng)
