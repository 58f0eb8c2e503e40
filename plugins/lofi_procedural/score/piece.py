"""A composed piece: what is fixed for all of it, and what is played in each bar."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lofi_procedural.plan import SAMPLE_RATE
from lofi_procedural.score import comping
from lofi_procedural.score.bass import STOPS, choose_lines, play_bass, root_pitch
from lofi_procedural.score.comper import STRUMMED, Comper
from lofi_procedural.score.drums import play_drums
from lofi_procedural.score.ensemble import choose_ensemble
from lofi_procedural.score.form import Section, make_form, seat
from lofi_procedural.score.grooves import GROOVES
from lofi_procedural.score.harmony import choose_key, final_chord, harmonise
from lofi_procedural.score.notes import Bar, Hit, Note
from lofi_procedural.score.singer import Singer
from lofi_procedural.score.taste import CALM_DENSITY
from lofi_procedural.score.voicing import lead_voices

if TYPE_CHECKING:
    from lofi_procedural.plan import Plan
    from lofi_procedural.score.chords import Chord
    from lofi_procedural.score.dice import Dice
    from lofi_procedural.score.voicing import Voicing

OPENS_WITH_HAT = {"boom_bap", "half_time", "jazz_hop", "trip_hop", "waltz", "six_eight"}


class Piece:
    """Everything a listener would recognise the piece by; bars are played from it in any order.

    Attributes:
        key: tonic and mode.
        sections: in order.
        ensemble: who plays.
    """

    def __init__(self, plan: Plan, dice: Dice) -> None:
        self._plan = plan
        self._dice = dice
        self.key = choose_key(plan.brief, dice.roll("key"))
        self.ensemble = choose_ensemble(plan.brief, dice.roll("ensemble"))
        self.sections = seat(make_form(plan.bars, dice.roll("form"), loops=plan.loops), self.ensemble.parts)
        self._section_of = [section for section in self.sections for _ in range(section.bars)]
        beats = plan.beats_per_bar
        calm = plan.brief.density < CALM_DENSITY or self.ensemble.groove is None
        bars = harmonise(self.sections, self.key, beats, dice.roll("harmony"), calm=calm)
        # What the last bar leads to.
        self.chords = [*bars, bars[0] if plan.loops else [(0.0, final_chord(self.key))]]
        self.voicings = lead_voices(self.chords, plan.brief.brightness)
        timed = self.ensemble.groove is not None
        chords = self.ensemble.chords
        self._comper = Comper(chords, beats, plan.brief.density, dice, timed=timed) if chords else None
        first = next((section.start for section in self.sections if section.name == "A"), 0)
        self._singer = Singer(self.key, self.chords[first][0][1], beats, plan.brief, dice)

    def section(self, bar: int) -> Section:
        """The section a bar belongs to; the final chord belongs to the last."""
        return self._section_of[min(bar, len(self._section_of) - 1)]

    def bar(self, index: int) -> Bar:
        """Play one bar; `plan.bars` is the final chord, where there is one."""
        if index == self._plan.bars:
            return self._ending(index)
        section = self.section(index)
        notes = self._chords(index, section) + self._bass(index, section)
        notes += self._melody(index, section) + self._pad(index, section)
        hits = self._drums(index, section)
        beats = self._plan.beats_per_bar
        beats = min(beats, self._plan.body_beats - beats * index)
        return Bar(
            index, [note for note in notes if note.beat < beats], [hit for hit in hits if hit.beat < beats]
        )

    def _voiced(self, index: int) -> list[tuple[float, Voicing]]:
        return [
            (beat, pitches)
            for (beat, _), pitches in zip(self.chords[index], self.voicings[index], strict=True)
        ]

    def _roots(self, index: int) -> list[int]:
        return [chord.root for _, chord in self.chords[index]]

    def _chords(self, index: int, section: Section) -> list[Note]:
        if self._comper is None or "chords" not in section.playing(index):
            return []
        voiced = self._voiced(index)
        ahead = self.voicings[index + 1][0] if self._may_push(index) else None
        notes = self._comper.play(index, section, voiced, ahead, self._tied(index))
        if self.ensemble.bass is None or "bass" not in section.playing(index):
            rng = self._dice.roll("left hand", index)
            notes += comping.left_hand(voiced, self._roots(index), self._plan.beats_per_bar, rng)
        if self.ensemble.melody and "melody" in section.playing(index):
            notes += self._singer.answer(index, section, self._ahead(index))
        return notes

    def _may_push(self, index: int) -> bool:
        """Whether the chords of the next bar may come early: not the final one, which all strike together."""
        return index + 1 < self._plan.bars or self._plan.loops

    def _tied(self, index: int) -> float:
        """For how many beats the chord pushed in the bar before still sounds."""
        before = index - 1 if index or not self._plan.loops else self._plan.bars - 1
        if self._comper is None or before < 0:
            return 0.0
        return self._comper.pushes(before, self.section(before))

    def _bass(self, index: int, section: Section) -> list[Note]:
        if self.ensemble.bass is None or "bass" not in section.playing(index):
            return []
        following: Chord = self.chords[index + 1][0][1]
        plan = self._plan
        groove = self.ensemble.groove if "drums" in section.playing(index) else None
        density = plan.brief.density + section.livelier
        taste = self._dice.roll("bass line", section.kind)
        *lines, reply = choose_lines(groove, plan.beats_per_bar, density, taste)
        # It speaks where a phrase ends, or where the melody has just stopped.
        speaks = (index - section.start) % 4 == 3 or self._singer.rests_after(index, section)
        line = reply if speaks else lines[(index - section.start) % 2]
        if section.handover == "stop" and section.is_last(index):
            line = STOPS[plan.beats_per_bar]
        return play_bass(self.chords[index], following, line, density, self._dice.roll("bass", index))

    def _melody(self, index: int, section: Section) -> list[Note]:
        if self.ensemble.melody is None or "melody" not in section.playing(index):
            return []
        return self._singer.sing(index, section, self._ahead(index))

    def _ahead(self, index: int) -> list[tuple[float, Chord]]:
        """The chords of a bar and of the next."""
        beats = self._plan.beats_per_bar
        return [*self.chords[index], *((beats + beat, chord) for beat, chord in self.chords[index + 1])]

    def _pad(self, index: int, section: Section) -> list[Note]:
        wanted = {"pad", "strings"} & {*self._plan.brief.instruments}
        if self.ensemble.pad is None or not (wanted or "pad" in section.playing(index)):
            return []
        return comping.hold(self._voiced(index), self._roots(index), self._plan.beats_per_bar)

    def _drums(self, index: int, section: Section) -> list[Hit]:
        groove, playing = self.ensemble.groove, section.playing(index)
        full = "drums" in playing
        if groove is None or not (full or "hats" in playing):
            return []
        phrase_ends = (index - section.start) % 4 == 3
        variants = len(GROOVES[groove])
        own = int(self._dice.roll("groove").integers(variants))
        variant = own + section.kind * max(1, variants // 2) + phrase_ends
        turns = section.handover if section.is_last(index) else "phrase" if phrase_ends else ""
        plan = self._plan
        hits = play_drums(
            groove,
            plan.beats_per_bar,
            variant,
            plan.brief.density + section.livelier,
            self._dice.roll("drums", index),
            turns=turns,
            hats_only=not full,
        )
        # A section opens with a ringing hat, unless the groove has none.
        if full and index == section.start and groove in OPENS_WITH_HAT:
            hits.append(Hit("open_hat", 0.0, 0.5))
        return hits

    def _ending(self, index: int) -> Bar:
        """The final chord: rolled, deep, and left to ring until the track ends."""
        plan = self._plan
        beats = (plan.total_samples - plan.bar_start(index)) / SAMPLE_RATE / plan.beat_sec
        bar = Bar(index)
        pitches = self.voicings[index][0]
        if self.ensemble.chords:
            roll = max(0.04, STRUMMED.get(self.ensemble.chords, 0.0))
            bar.notes += [
                Note("chords", 0, beats, pitch, 0.62, voice * roll) for voice, pitch in enumerate(pitches)
            ]
        if self.ensemble.bass:
            bar.notes.append(Note("bass", 0, beats, root_pitch(self.key.tonic), 0.66))
        if self.ensemble.pad:
            bar.notes += comping.hold([(0.0, pitches)], self._roots(index), beats)
        if self.ensemble.melody:
            # The fifth: the tonic would rub against the major seventh of the chord.
            top = 67 + (self.key.tonic + 7 - 67) % 12
            bar.notes.append(Note("melody", 0.5, beats - 0.5, top, 0.45))
        if self.ensemble.groove:
            bar.hits.append(Hit("kick", 0.0, 0.6))
            if self.ensemble.groove in OPENS_WITH_HAT:
                bar.hits.append(Hit("open_hat", 0.0, 0.4))
        return bar
