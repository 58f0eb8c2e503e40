"""How textures run beside the music: beds of noise, and events dropped into them, bar by bar."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from lofi_procedural.plan import SAMPLE_RATE
from lofi_procedural.sound.curves import slow_curve, turns_of
from lofi_procedural.sound.textures.cafe import CAFE
from lofi_procedural.sound.textures.city import CITY
from lofi_procedural.sound.textures.insects import INSECTS
from lofi_procedural.sound.textures.rain import RAIN
from lofi_procedural.sound.textures.texture import Texture
from lofi_procedural.sound.textures.thunder import THUNDER
from lofi_procedural.sound.types import Timeline

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.random import Generator

    from lofi_procedural.score import Dice
    from lofi_procedural.sound.types import Floats, Stereo

TEXTURES: dict[str, Texture] = {
    "vinyl": Texture(60.0, 5_500.0, -1.5, 0.0045, 0.15, 1.8, 22.0, 0.085, turn_sec=1.8),
    "tape": Texture(300.0, 6_000.0, -1.0, 0.0030, 0.05, 3.0),
    "rain": RAIN,
    "waves": Texture(120.0, 3_500.0, -3.5, 0.045, 0.9, 8.0, dulls=0.4),
    "wind": Texture(120.0, 900.0, -3.0, 0.032, 0.7, 6.0),
    "fireplace": Texture(
        60.0, 1_200.0, -4.0, 0.014, 0.4, 2.5, 9.0, 0.13, event_hz=(700.0, 3_000.0), event_sec=0.0025
    ),
    "thunder": THUNDER,
    "cafe": CAFE,
    "insects": INSECTS,
    "city": CITY,
}
# Two beds of lengths without a common factor: their sum repeats after hours, not seconds.
BED_SAMPLES = (196_608, 139_968)
SCRATCHES = 5.0  # of a record that is worn out
LONGEST_SEAM = 2 * SAMPLE_RATE  # over which the end of a loop becomes its start


class Beds:
    """The textures of one track, taken bar by bar.

    Args:
        amounts: 0 … 1 by name.
        dice: of the track.
        start: position of the first sample that is taken.
        loop: samples after which the beds are where they were; None where they need not be.
    """

    def __init__(
        self, amounts: Mapping[str, float], dice: Dice, start: int = 0, loop: int | None = None
    ) -> None:
        self._dice = dice
        self._playing = [
            _Playing(name, amount, dice, loop) for name, amount in sorted(amounts.items()) if amount > 0
        ]
        self._events = Timeline(start)

    def take(self, bar: int, count: int) -> Stereo:
        """The next samples [2, count]."""
        start = self._events.position
        for playing in self._playing:
            playing.scatter(self._events, count, self._dice.roll(f"{playing.name} events", bar))
        sound = self._events.take(count)
        for playing in self._playing:
            sound += playing.bed(start, count)
        return sound


class _Scratch(NamedTuple):
    """Across the groove: it ticks in every turn."""

    angle: float  # of a turn, 0 to 1
    size: float
    place: float
    shape: int


class _Playing:
    """One texture at one amount."""

    def __init__(self, name: str, amount: float, dice: Dice, loop: int | None) -> None:
        self.name = name
        self._loop = loop
        usual = TEXTURES[name]
        # A little of it is much of it far away.
        self._texture = replace(usual, high_hz=usual.high_hz * (1.0 - usual.dulls * (1.0 - min(1.0, amount))))
        self._amount = amount
        rng = dice.roll(name)
        self._phase = rng.uniform(0.0, 2 * np.pi, 2)
        texture = self._texture
        self._beds: list[Stereo] = [texture.bed(texture, size, rng) for size in BED_SAMPLES]
        shapes = texture.event_shapes if texture.events_per_sec else 0
        self._shapes = [texture.event(texture, rng) for _ in range(shapes)]
        self._scratches: list[_Scratch] = []
        if texture.turn_sec:
            self._turn_hz = turns_of(1.0 / texture.turn_sec, loop / SAMPLE_RATE if loop else None)
            wear = int(rng.poisson(SCRATCHES * amount**2))
            self._scratches = [
                _Scratch(rng.random(), rng.random(), rng.uniform(-0.5, 0.5), at % shapes)
                for at in range(wear)
            ]

    def bed(self, start: int, count: int) -> Stereo:
        """The noise of a stretch; it depends only on where that lies, within one turn of a loop."""
        if self._loop is None:
            return self._stretch(start, count)
        start %= self._loop
        sound = self._stretch(start, count)
        # Towards the end, what would lie before the start comes in; both are noise, so the level stays.
        fade = min(self._loop // 4, LONGEST_SEAM)
        turn = np.arange(start, start + count) - (self._loop - fade)
        if turn[-1] > 0:
            angle = np.clip(turn / fade, 0.0, 1.0) * (np.pi / 2)
            sound *= np.cos(angle).astype(np.float32)
            sound += np.sin(angle).astype(np.float32) * self._stretch(start - self._loop, count)
        return sound

    def _stretch(self, start: int, count: int) -> Stereo:
        sound = sum(_loop(bed, start, count) for bed in self._beds)
        return np.asarray(sound * slow_curve(self._level, start, count).astype(np.float32), np.float32)

    def _level(self, time: Floats) -> Floats:
        """How the bed comes and goes."""
        texture = self._texture
        turn = 2 * np.pi * time / texture.swell_sec
        slow = np.sin(turn + self._phase[0]) + 0.6 * np.sin(0.618 * turn + self._phase[1])
        swell = 1.0 - 0.5 * texture.swell * (1.0 - slow / 1.6)
        level: Floats = texture.level * self._amount / np.sqrt(2.0) * swell
        return level

    def scatter(self, timeline: Timeline, count: int, rng: Generator) -> None:
        """Drop events at random: mostly faint ones, now and then a loud one."""
        texture = self._texture
        rate = texture.events_per_sec * self._amount
        start = timeline.position
        loud = texture.event_level * np.sqrt(self._amount)
        for at in rng.integers(0, count, int(rng.poisson(rate * count / SAMPLE_RATE))):
            size, place = rng.random() ** 3, rng.uniform(-0.8, 0.8)
            timeline.add(
                start + int(at), self._event(loud * size, place, int(rng.integers(len(self._shapes))))
            )
        for scratch in self._scratches:
            for at in self._passes(scratch, start, count):
                timeline.add(
                    at, self._event(loud * (0.15 + 0.3 * scratch.size), scratch.place, scratch.shape)
                )

    def _passes(self, scratch: _Scratch, start: int, count: int) -> list[int]:
        """When the needle crosses a scratch: once a turn."""
        turn = SAMPLE_RATE / self._turn_hz
        first = int(np.ceil(start / turn - scratch.angle))
        last = int(np.ceil((start + count) / turn - scratch.angle))
        places = [round((number + scratch.angle) * turn) for number in range(first, last)]
        return [at for at in places if start <= at < start + count]

    def _event(self, size: float, place: float, shape: int) -> Stereo:
        sides = np.array([[1.0 - place], [1.0 + place]], np.float32) * np.float32(0.5 * size)
        event: Stereo = sides * self._shapes[shape]
        return event


def _loop(bed: Stereo, start: int, count: int) -> Stereo:
    """A stretch of an endless repetition of a bed."""
    size = bed.shape[1]
    offset = start % size
    turns = -(-(offset + count) // size)
    return np.concatenate([bed] * turns, axis=1)[:, offset : offset + count]
