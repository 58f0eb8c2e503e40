"""How the drums sound: a kit built once per track, a few strokes of each voice."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from lofi_procedural.plan import SAMPLE_RATE
from lofi_procedural.sound.spectrum import noise_band

if TYPE_CHECKING:
    from numpy.random import Generator

    from lofi_procedural.score import Hit
    from lofi_procedural.sound.types import Floats, Mono, Stereo

STROKES = 4
# Where each voice stands, -1 (left) … 1 (right), and its level.
PLACES = {
    "kick": 0.0,
    "snare": -0.08,
    "rim": 0.3,
    "hat": 0.34,
    "open_hat": 0.34,
    "shaker": -0.4,
    "brush": 0.15,
}
LEVELS = {
    "kick": 0.62,
    "snare": 0.34,
    "rim": 0.19,
    "hat": 0.105,
    "open_hat": 0.08,
    "shaker": 0.09,
    "brush": 0.16,
}


@dataclass(frozen=True, slots=True)
class Character:
    """What tells one kit from another.

    Attributes:
        kick_hz: what the kick settles on, lowest and highest.
        kick_drop: how far above that it begins, as a multiple of it.
        kick_fall_sec: how long the drop takes.
        kick_sec: decay of its body.
        beater: level of the stroke itself.
        snare_hz: tuning of the head, lowest and highest.
        wires_hz: band of the wires.
        wires_sec: decay of the wires.
        gate_sec: after which the snare is cut off, softly.
        hat_hz: band of the cymbals.
        hat_sec: decay of the closed ones.
    """

    kick_hz: tuple[float, float] = (46.0, 56.0)
    kick_drop: float = 3.0
    kick_fall_sec: float = 0.028
    kick_sec: float = 0.11
    beater: float = 0.10
    snare_hz: tuple[float, float] = (170.0, 210.0)
    wires_hz: tuple[float, float] = (900.0, 6_500.0)
    wires_sec: float = 0.06
    gate_sec: float = 1.0
    hat_hz: tuple[float, float] = (6_500.0, 11_000.0)
    hat_sec: float = 0.045


DUSTY = Character(
    kick_sec=0.1, beater=0.14, wires_hz=(700.0, 5_000.0), wires_sec=0.05, hat_hz=(5_200.0, 9_000.0)
)
ACOUSTIC = Character(
    kick_hz=(54.0, 64.0),
    kick_drop=1.6,
    kick_fall_sec=0.02,
    kick_sec=0.09,
    beater=0.07,
    snare_hz=(185.0, 225.0),
    wires_hz=(1_300.0, 7_500.0),
    wires_sec=0.085,
    hat_sec=0.06,
)
# A sine that rings on, and noise cut short: the boxes of the eighties.
DEEP = Character(
    kick_hz=(41.0, 47.0),
    kick_drop=2.4,
    kick_fall_sec=0.04,
    kick_sec=0.24,
    beater=0.06,
    wires_sec=0.1,
    hat_sec=0.032,
)
GATED = Character(
    kick_hz=(48.0, 55.0),
    kick_drop=4.5,
    kick_fall_sec=0.02,
    kick_sec=0.13,
    beater=0.13,
    snare_hz=(185.0, 205.0),
    wires_hz=(700.0, 7_000.0),
    wires_sec=0.2,
    gate_sec=0.15,
    hat_sec=0.04,
)
# What plays a groove, one of these; all others are played on drums of wood.
KITS = {
    "boom_bap": (DUSTY, DUSTY, ACOUSTIC),
    "jazz_hop": (DUSTY, ACOUSTIC),
    "half_time": (DEEP,),
    "trip_hop": (DUSTY, DEEP),
    "synthwave": (GATED,),
    "four": (GATED, DEEP),
}

# How far each groove is played out, so that the drums are heard beside a band at its level.
GROOVE_LEVELS = {
    "boom_bap": 1.4,
    "jazz_hop": 1.4,
    "half_time": 1.7,
    "waltz": 2.0,
    "six_eight": 2.4,
    "brushed": 2.2,
    "waltz_brushed": 2.0,
    "six_eight_brushed": 2.0,
}


class Kit:
    """The drums of one track: drawn once, so that they stay themselves from bar to bar."""

    def __init__(self, rng: Generator, groove: str) -> None:
        kits = KITS.get(groove, (ACOUSTIC,))
        self.character = kits[int(rng.integers(len(kits)))]
        self._deep = rng.uniform(*self.character.kick_hz)
        self._snare = rng.uniform(*self.character.snare_hz)
        hat_sec = self.character.hat_sec
        level = GROOVE_LEVELS.get(groove, 1.0)
        makers = {
            "kick": self._make_kick,
            "snare": self._make_snare,
            "rim": self._make_rim,
            "hat": lambda r: self._make_metal(r, hat_sec),
            "open_hat": lambda r: self._make_metal(r, 6.0 * hat_sec),
            "shaker": _make_shaker,
            "brush": _make_brush,
        }
        self._strokes: dict[str, list[Mono]] = {
            voice: [_finish(make(rng) * level) for _ in range(STROKES)] for voice, make in makers.items()
        }

    def play(self, hit: Hit, rng: Generator) -> Stereo:
        """One stroke [2, N], placed in the stereo field."""
        stroke = self._strokes[hit.voice][int(rng.integers(STROKES))]
        place = PLACES[hit.voice]
        sides = np.array([[np.sqrt(1.0 - place)], [np.sqrt(1.0 + place)]]) * self.level(hit)
        placed: Stereo = sides.astype(np.float32) * stroke
        return placed

    def level(self, hit: Hit) -> float:
        """The gain a stroke is played with."""
        return float(LEVELS[hit.voice] * hit.velocity**1.3)

    def stroke(self, voice: str) -> Mono:
        """One stroke [N] of a voice, before its level and place."""
        return self._strokes[voice][0]

    def _make_kick(self, rng: Generator) -> Floats:
        kit = self.character
        time = _time(0.05 + 2.5 * kit.kick_sec)
        # The pitch falls to where it rests; its integral is the phase.
        fall = kit.kick_fall_sec * (1 + 0.05 * rng.standard_normal())
        phase = self._deep * (time + kit.kick_drop * fall * (1.0 - np.exp(-time / fall)))
        body = np.sin(2 * np.pi * phase) * np.exp(-time / kit.kick_sec)
        beater = noise_band(rng, len(time), 500.0, 3_000.0) * np.exp(-time / 0.004) * kit.beater
        return body + beater

    def _make_snare(self, rng: Generator) -> Floats:
        kit = self.character
        time = _time(min(kit.gate_sec + 0.02, 0.08 + 3.0 * kit.wires_sec))
        tune = self._snare * (1 + 0.01 * rng.standard_normal())
        modes = ((1.0, 0.8), (1.59, 0.5), (2.14, 0.4), (2.9, 0.25))  # of a head: it is struck off its middle
        body = sum(level * np.sin(2 * np.pi * ratio * tune * time) for ratio, level in modes)
        wires = noise_band(rng, len(time), *kit.wires_hz, slope=-1.5)
        return 0.5 * body * np.exp(-time / 0.028) + 0.5 * wires * np.exp(-time / kit.wires_sec)

    def _make_metal(self, rng: Generator, decay_sec: float) -> Floats:
        """A cymbal struck: high noise with a rough upper edge well under where it would tire."""
        time = _time(min(0.9, 6.0 * decay_sec))
        rate = decay_sec * (1 + 0.1 * rng.standard_normal())
        return 0.5 * noise_band(rng, len(time), *self.character.hat_hz, slope=-2.0) * np.exp(-time / rate)

    def _make_rim(self, rng: Generator) -> Floats:
        time = _time(0.09)
        tune = 1_650.0 * (1 + 0.01 * rng.standard_normal())
        wood = np.sin(2 * np.pi * tune * time) + 0.6 * np.sin(2 * np.pi * 0.31 * tune * time)
        return wood * np.exp(-time / 0.012) + 0.25 * noise_band(rng, len(time), 400.0, 4_000.0) * np.exp(
            -time / 0.01
        )


def _make_shaker(rng: Generator) -> Floats:
    time = _time(0.09)
    swell = np.minimum(1.0, time / 0.02) * np.exp(-np.maximum(0.0, time - 0.02) / 0.02)
    hiss: Floats = 0.6 * noise_band(rng, len(time), 4_500.0, 9_000.0) * swell
    return hiss


def _make_brush(rng: Generator) -> Floats:
    time = _time(0.22)
    swell = np.minimum(1.0, time / 0.006) * np.exp(-time / 0.05)
    sweep: Floats = 0.5 * noise_band(rng, len(time), 1_200.0, 6_000.0, slope=-2.0) * swell
    return sweep


def _time(seconds: float) -> Floats:
    """Sample times of an even number of samples."""
    return np.arange(2 * round(seconds * SAMPLE_RATE / 2)) / SAMPLE_RATE


def _finish(stroke: Floats) -> Mono:
    """Half a millisecond in and ten out, so that no stroke clicks."""
    rise, fall = 24, 480
    stroke[:rise] *= np.linspace(0.0, 1.0, rise)
    stroke[-fall:] *= np.linspace(1.0, 0.0, fall)
    return stroke.astype(np.float32)
