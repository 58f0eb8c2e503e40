"""What a texture is made of: a bed of noise that goes round, and the small events in it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from lofi_procedural.plan import SAMPLE_RATE
from lofi_procedural.sound.spectrum import noise_band

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.random import Generator

    from lofi_procedural.sound.types import Floats, Mono, Stereo


def noise_bed(texture: Texture, samples: int, rng: Generator) -> Stereo:
    """Noise of the texture's band, unlike on both sides; its end runs into its start."""
    sides = [noise_band(rng, samples, texture.low_hz, texture.high_hz, texture.slope) for _ in range(2)]
    return np.stack(sides).astype(np.float32)


def tick(texture: Texture, rng: Generator) -> Mono:
    """A few cycles that die away, with a soft start so that it is dust and not a digital click."""
    time = np.arange(round(8 * texture.event_sec * SAMPLE_RATE)) / SAMPLE_RATE
    hz = rng.uniform(*texture.event_hz)
    cycles: Floats = np.sin(2 * np.pi * hz * time) * np.exp(-time / texture.event_sec)
    return (cycles * np.minimum(1.0, time / 0.0004)).astype(np.float32)


@dataclass(frozen=True, slots=True)
class Texture:
    """A bed of noise and the small events in it.

    Attributes:
        low_hz: lower edge of the bed.
        high_hz: upper edge.
        slope: tilt in dB per octave.
        level: RMS of the bed at full amount.
        swell: how far the bed comes and goes, 0 … 1.
        swell_sec: how long that takes.
        events_per_sec: at full amount.
        event_level: peak of a loud event at full amount.
        event_hz: pitch of an event, lowest and highest.
        event_sec: decay of an event.
        event_shapes: how many unlike events there are.
        dulls: how much duller it is at the least amount, which is far away, 0 … 1.
        turn_sec: of what it lies on, if that turns: after so long its scratches come again.
        bed: makes the bed [2, N], of unit RMS, whose end runs into its start.
        event: makes an event [N] with a peak of about 1, silent at both ends.
    """

    low_hz: float
    high_hz: float
    slope: float
    level: float
    swell: float
    swell_sec: float
    events_per_sec: float = 0.0
    event_level: float = 0.0
    event_hz: tuple[float, float] = (1_500.0, 5_000.0)
    event_sec: float = 0.0012
    event_shapes: int = 8
    dulls: float = 0.0
    turn_sec: float = 0.0
    bed: Callable[[Texture, int, Generator], Stereo] = noise_bed
    event: Callable[[Texture, Generator], Mono] = tick


def bell(samples: int, rise: float) -> Floats:
    """A swell from 0 to 1 and back to 0 over so many samples; `rise` is the share of it that grows."""
    place = np.linspace(0.0, 1.0, samples)
    swell: Floats = np.where(place < rise, place / rise, (1.0 - place) / (1.0 - rise))
    return np.sin(swell * np.pi / 2) ** 2


def even(sound: Floats) -> Stereo:
    """A bed [2, N] at unit RMS."""
    scaled: Stereo = (sound / np.sqrt(np.mean(sound**2))).astype(np.float32)
    return scaled


def whole(sound: Floats) -> Mono:
    """An event [N] with its peak at 1."""
    scaled: Mono = (sound / np.abs(sound).max()).astype(np.float32)
    return scaled
