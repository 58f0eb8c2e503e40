"""A summer night: crickets near and far, each with its own note and pace."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from lofi_procedural.plan import SAMPLE_RATE
from lofi_procedural.sound.spectrum import noise_band
from lofi_procedural.sound.textures.texture import Texture, even

if TYPE_CHECKING:
    from numpy.random import Generator

    from lofi_procedural.sound.types import Floats, Stereo

CRICKETS = 4
SONG_HZ = (3_300.0, 4_700.0)
CHIRPS_PER_SEC = (0.9, 1.7)
PULSES, PULSES_PER_SEC = 3, 28.0
FAR_LEVEL = 0.35  # of the many that are only a shimmer


def _night(texture: Texture, samples: int, rng: Generator) -> Stereo:
    """Crickets in their places over the shimmer of all the others."""
    far = [noise_band(rng, samples, texture.low_hz, texture.high_hz, texture.slope) for _ in range(2)]
    sound = FAR_LEVEL * np.stack(far)
    for place in rng.uniform(-0.9, 0.9, CRICKETS):
        near = rng.uniform(0.3, 1.0)
        sides = np.array([[np.sqrt(1.0 - place)], [np.sqrt(1.0 + place)]])
        sound += near * sides * _cricket(samples, rng)
    return even(sound)


def _cricket(samples: int, rng: Generator) -> Floats:
    """Chirps of a few soft pulses; a whole number of chirps and of cycles, so that it goes round."""
    seconds = samples / SAMPLE_RATE
    time = np.arange(samples) / SAMPLE_RATE
    cycles, chirps = (max(1, round(rng.uniform(*span) * seconds)) for span in (SONG_HZ, CHIRPS_PER_SEC))
    since = (time * chirps / seconds + rng.random()) % 1.0 * seconds / chirps  # from the start of the chirp
    singing = since < PULSES / PULSES_PER_SEC
    pulses = np.sin(np.pi * PULSES_PER_SEC * since) ** 2 * singing
    song: Floats = 3.0 * pulses * np.sin(2 * np.pi * cycles / seconds * time + rng.uniform(0.0, 2 * np.pi))
    return song


INSECTS = Texture(2_600.0, 5_200.0, 0.0, 0.009, 0.35, 10.0, bed=_night)
