"""How the drums sound: a kit built once per track, a few strokes of each voice."""

from __future__ import annotations

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
    "rim": 0.24,
    "hat": 0.105,
    "open_hat": 0.08,
    "shaker": 0.09,
    "brush": 0.13,
}


class Kit:
    """The drums of one track: drawn once, so that they stay themselves from bar to bar."""

    def __init__(self, rng: Generator) -> None:
        self._deep = 46.0 + 10.0 * rng.random()  # Hz the kick settles on
        self._snare = 170.0 + 40.0 * rng.random()
        makers = {
            "kick": self._make_kick,
            "snare": self._make_snare,
            "rim": self._make_rim,
            "hat": lambda r: _metal(r, 0.045),
            "open_hat": lambda r: _metal(r, 0.28),
            "shaker": _make_shaker,
            "brush": _make_brush,
        }
        self._strokes: dict[str, list[Mono]] = {
            voice: [_finish(make(rng)) for _ in range(STROKES)] for voice, make in makers.items()
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
        time = _time(0.32)
        # The pitch falls from four times the resting pitch; its integral is the phase.
        fall, span = 0.028 * (1 + 0.05 * rng.standard_normal()), 3.0 * self._deep
        phase = self._deep * time + span * fall * (1.0 - np.exp(-time / fall))
        body = np.sin(2 * np.pi * phase) * np.exp(-time / 0.11)
        click = noise_band(rng, len(time), 500.0, 3_000.0) * np.exp(-time / 0.004) * 0.10
        return body + click

    def _make_snare(self, rng: Generator) -> Floats:
        time = _time(0.26)
        tune = self._snare * (1 + 0.01 * rng.standard_normal())
        body = np.sin(2 * np.pi * tune * time) + 0.5 * np.sin(2 * np.pi * 1.83 * tune * time)
        wires = noise_band(rng, len(time), 900.0, 6_500.0, slope=-1.5)
        return 0.55 * body * np.exp(-time / 0.035) + 0.5 * wires * np.exp(-time / 0.06)

    def _make_rim(self, rng: Generator) -> Floats:
        time = _time(0.09)
        tune = 1_650.0 * (1 + 0.01 * rng.standard_normal())
        wood = np.sin(2 * np.pi * tune * time) + 0.6 * np.sin(2 * np.pi * 0.31 * tune * time)
        return wood * np.exp(-time / 0.012) + 0.25 * noise_band(rng, len(time), 400.0, 4_000.0) * np.exp(
            -time / 0.01
        )


def _metal(rng: Generator, decay_sec: float) -> Floats:
    """A cymbal struck: high noise with a rough upper edge well under where it would tire."""
    time = _time(min(0.9, 6.0 * decay_sec))
    rate = decay_sec * (1 + 0.1 * rng.standard_normal())
    return 0.5 * noise_band(rng, len(time), 6_500.0, 11_000.0, slope=-2.0) * np.exp(-time / rate)


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
