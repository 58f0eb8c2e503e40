"""How the parts are put together: notes and strokes onto two buses, ducked, panned and summed."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from lofi_procedural.plan import LEAD_IN_SEC, SAMPLE_RATE
from lofi_procedural.sound.curves import slow_curve
from lofi_procedural.sound.forecast import of_bars, of_hits
from lofi_procedural.sound.instruments import play
from lofi_procedural.sound.kit import Kit
from lofi_procedural.sound.motors import move
from lofi_procedural.sound.types import Timeline

if TYPE_CHECKING:
    from lofi_procedural.plan import Plan
    from lofi_procedural.score import Bar, Dice, Piece
    from lofi_procedural.sound.types import Floats, Stereo

PART_GAIN = {"chords": 1.0, "melody": 1.35, "bass": 1.0, "pad": 0.9}
# A melody stands a little right, so that chords and melody are two players.
PART_PLACE = {"chords": -0.15, "melody": 0.24, "bass": 0.0, "pad": 0.0}
KEYBOARD_SPREAD = 0.006  # per semitone above D4: low keys to the left, as the player sees them
DUCK_DEPTH, DUCK_SEC = 0.22, 0.16
# Drums and bass are dry beside a band; alone they would stand in one point without the room.
SEND_BAND, SEND_RHYTHM, SEND_RHYTHM_ALONE = 0.95, 0.24, 0.85
EARLIEST_SEC = -0.9 * LEAD_IN_SEC


class Mixer:
    """Plays bars in order onto the buses; all that rings on is kept for the next."""

    def __init__(self, plan: Plan, piece: Piece, dice: Dice, start: int = 0) -> None:
        """Seat the players; `start` is the position of the first sample that is taken."""
        self._plan = plan
        loop = plan.total_samples if plan.loops else None
        self._loop_sec = None if loop is None else loop / SAMPLE_RATE
        self._dice = dice
        ensemble = piece.ensemble
        self._seats = {
            "chords": ensemble.chords,
            "melody": ensemble.melody,
            "bass": ensemble.bass,
            "pad": ensemble.pad,
        }
        banded = ensemble.chords or ensemble.melody or ensemble.pad
        self._rhythm_send = np.float32(SEND_RHYTHM if banded else SEND_RHYTHM_ALONE)
        self._kit = Kit(dice.roll("kit"), ensemble.groove) if ensemble.groove else None
        # Bass and drums share a bus; everyone else has one, for what moves by itself in an instrument.
        self._buses = {part: Timeline(start) for part, name in self._seats.items() if name and part != "bass"}
        self._rhythm = Timeline(start)
        self._kicks: list[int] = []

    def bar(self, bar: Bar, count: int) -> tuple[Stereo, Stereo]:
        """Mix the chunk that holds a bar.

        Args:
            bar: what is played in it.
            count: samples it has.

        Returns:
            The dry mix [2, N], and the send to the room [2, N].
        """
        start = self._rhythm.position
        self._place_notes(bar, start)
        self._place_hits(bar, start)
        rhythm = self._rhythm.take(count)
        band = np.zeros_like(rhythm)
        for part, bus in self._buses.items():
            played = bus.take(count)
            move(played, self._seats[part] or "", start, self._loop_sec)
            band += played
        band *= slow_curve(self._duck, start, count).astype(np.float32)
        send = np.float32(SEND_BAND) * band + self._rhythm_send * rhythm
        return band + rhythm, send

    def forecast(self, bars: list[Bar]) -> Floats:
        """The energy that notes and strokes of some bars have around each of `forecast.PITCHES`."""
        total = of_bars(bars, self._seats, PART_GAIN, self._plan.beat_sec)
        if self._kit:
            total += of_hits((hit for bar in bars for hit in bar.hits), self._kit)
        return total

    def _place_notes(self, bar: Bar, start: int) -> None:
        rng = self._dice.roll("notes", bar.index)
        for note in bar.notes:
            instrument = self._seats[note.part]
            if instrument is None:
                continue
            at = start + self._offset(note.beat, note.delay_sec)
            sound = play(instrument, note.pitch, note.velocity, note.beats * self._plan.beat_sec, rng)
            place = PART_PLACE[note.part]
            if note.part != "bass":  # whose weight belongs in the middle
                place += KEYBOARD_SPREAD * (note.pitch - 62)
            gain = PART_GAIN[note.part]
            sides = np.array([[gain * np.sqrt(1.0 - place)], [gain * np.sqrt(1.0 + place)]], np.float32)
            self._buses.get(note.part, self._rhythm).add(at, sound * sides)

    def _place_hits(self, bar: Bar, start: int) -> None:
        if self._kit is None:
            return
        rng = self._dice.roll("strokes", bar.index)
        # The last bar's late kicks still duck the start of this one.
        self._kicks = [kick for kick in self._kicks if kick > start - SAMPLE_RATE]
        for hit in bar.hits:
            at = start + self._offset(hit.beat, hit.delay_sec)
            self._rhythm.add(at, self._kit.play(hit, rng))
            if hit.voice == "kick":
                self._kicks.append(at)

    def _offset(self, beat: float, delay_sec: float) -> int:
        """Samples from the start of a bar's chunk: swing, the player's deviation, and the lead-in."""
        whole, part = divmod(beat, 1.0)
        swing = self._plan.swing
        swung = 2 * swing * part if part <= 0.5 else swing + (2 * part - 1) * (1 - swing)
        seconds = (whole + swung) * self._plan.beat_sec + LEAD_IN_SEC + max(EARLIEST_SEC, delay_sec)
        return round(seconds * SAMPLE_RATE)

    def _duck(self, time: Floats) -> Floats:
        """The band makes room for the kick and swells back."""
        gain = np.ones(len(time))
        for kick in self._kicks:
            since = time - kick / SAMPLE_RATE
            # 8 ms down, then back along an exponential: continuous, so it never clicks.
            dip = np.clip(since / 0.008, 0.0, 1.0) * np.exp(-np.maximum(since, 0.0) / DUCK_SEC)
            gain = np.minimum(gain, 1.0 - DUCK_DEPTH * dip)
        return gain
