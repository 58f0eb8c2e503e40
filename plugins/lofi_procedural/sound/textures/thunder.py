"""Thunder, far away: rolls of low noise, a dull first stroke and echoes that grow darker."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from lofi_procedural.plan import SAMPLE_RATE
from lofi_procedural.sound.spectrum import noise_band, slow_noise
from lofi_procedural.sound.textures.texture import Texture, whole

if TYPE_CHECKING:
    from numpy.random import Generator

    from lofi_procedural.sound.types import Mono

ROLL_SAMPLES = 262_144  # 5.5 s
ECHOES = 7


def _roll(_texture: Texture, rng: Generator) -> Mono:
    """One thunder: strokes that overlap, each softer and duller, in a long decay."""
    time = np.arange(ROLL_SAMPLES) / SAMPLE_RATE
    deep = slow_noise(rng, ROLL_SAMPLES, 35.0, 110.0)
    dull = noise_band(rng, ROLL_SAMPLES, 70.0, 320.0, slope=-3.0)
    swell = np.zeros(ROLL_SAMPLES)
    for at, force in zip(np.sort(rng.uniform(0.0, 2.2, ECHOES)), rng.uniform(0.4, 1.0, ECHOES), strict=True):
        since = np.maximum(0.0, time - at)
        swell += force * (since / 0.09) * np.exp(1.0 - since / 0.09 / (1.0 + 3.0 * at))
    swell = np.minimum(swell, 2.0) * np.exp(-time / 1.9)
    sound = (deep + dull * np.exp(-time / 1.1)) * swell
    sound *= np.minimum(1.0, (ROLL_SAMPLES - np.arange(ROLL_SAMPLES)) / (0.3 * SAMPLE_RATE))
    return whole(sound)


THUNDER = Texture(
    40.0,
    160.0,
    -4.0,
    0.010,
    0.8,
    11.0,
    0.16,
    0.42,
    event_sec=ROLL_SAMPLES / SAMPLE_RATE,
    event_shapes=2,
    event=_roll,
)
