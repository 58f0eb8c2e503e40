"""Whoever plays the chords: which figure they strike in a bar, and what they do where there are no drums."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lofi_procedural.players import MALLETS, WINDS
from lofi_procedural.score import comping
from lofi_procedural.score.figures import BROKEN, FIGURES_OF, ORDERS, PULSES
from lofi_procedural.score.taste import tier

if TYPE_CHECKING:
    from lofi_procedural.score.dice import Dice
    from lofi_procedural.score.figures import Figure
    from lofi_procedural.score.form import Section
    from lofi_procedural.score.notes import Note
    from lofi_procedural.score.voicing import Voicing

STRUMMED = {
    "guitar": 0.022,
    "ukulele": 0.026,
    "harp": 0.045,
    "electric_guitar": 0.014,
    "felt": 0.008,
    "piano": 0.006,
}
# Who plays chords one tone after the other when nobody else keeps time.
BREAKS_CHORDS = frozenset({"guitar", "ukulele", "harp", "synth_lead", *WINDS, *MALLETS})


class Comper:
    """The chords of a piece, before and beside the melody."""

    def __init__(self, instrument: str, beats: int, density: float, dice: Dice, *, timed: bool) -> None:
        """Sit down.

        Args:
            instrument: that is played.
            beats: what the score counts in a bar.
            density: 0 … 1, of the piece.
            dice: of the piece.
            timed: there are drums in it.
        """
        self._beats, self._density, self._dice = beats, density, dice
        self._instrument, self._timed = instrument, timed

    def play(
        self,
        index: int,
        section: Section,
        chords: list[tuple[float, Voicing]],
        ahead: Voicing | None,
        tied: float,
    ) -> list[Note]:
        """A bar.

        Args:
            index: of the bar.
            section: it belongs to.
            chords: (beat, pitches) of the bar.
            ahead: the first chord of the next, where a push may play it.
            tied: beats for which the last bar's push still sounds.
        """
        rng = self._dice.roll("chords", index)
        density = self._density + section.livelier
        if not self._keeps_time(index, section):
            taste = self._dice.roll("comping", section.start)
            if taste.random() < 0.5 or self._instrument in BREAKS_CHORDS:
                order = BROKEN[int(taste.integers(len(BROKEN)))]
                return comping.arpeggiate(chords, self._beats, density, order, rng)
        figure = tuple(stroke for stroke in self._figure(index, section) if stroke[0] >= tied)
        if not figure:
            return []
        roll_sec = STRUMMED.get(self._instrument, 0.003)
        return comping.comp(chords, figure, rng, roll_sec=roll_sec, beats=self._beats, ahead=ahead)

    def pushes(self, index: int, section: Section) -> float:
        """For how many beats a bar's last stroke is tied into the next; 0 where it is not."""
        if not self._keeps_time(index, section) or "chords" not in section.playing(index):
            return 0.0
        return comping.push_of(self._figure(index, section), self._beats)

    def _keeps_time(self, index: int, section: Section) -> bool:
        """Whether somebody else keeps time in a bar."""
        return self._timed and "drums" in section.playing(index)

    def _figure(self, index: int, section: Section) -> Figure:
        """Two figures take turns in a section; at the end of a phrase another may answer."""
        if section.handover == "stop" and section.is_last(index):
            return ((0.0, 0.9, 0.66),)
        if not self._keeps_time(index, section):
            return PULSES[self._beats]
        taste = self._dice.roll("comping", section.start)
        own = self._dice.roll("figure", index)
        density = self._density + section.livelier
        bank = FIGURES_OF[self._beats][tier(density)]
        one, other = (bank[at] for at in taste.permutation(len(bank))[:2])
        order = ORDERS[int(taste.integers(len(ORDERS)))]
        drawn = bank[int(own.integers(len(bank)))]
        figure = {"a": one, "b": other, "c": drawn}[order[(index - section.start) % 4]]
        return comping.adapt(figure, self._beats, density, own)
