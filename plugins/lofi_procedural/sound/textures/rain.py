"""Rain: a dull roar far away, the patter of what falls near, and single drops."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from lofi_procedural.sound.spectrum import noise_band, slow_noise
from lofi_procedural.sound.textures.texture import Texture, even

if TYPE_CHECKING:
    from numpy.random import Generator

    from lofi_procedural.sound.types import Floats, Stereo

FAR_HZ, NEAR_HZ = 1_500.0, 1_800.0
PATTER_HZ = (14.0, 90.0)


def _fall(texture: Texture, samples: int, rng: Generator) -> Stereo:
    """Unlike on both sides; the farther it rains, the less of the patter is left."""
    return even(np.stack([_side(texture, samples, rng) for _ in range(2)]))


def _side(texture: Texture, samples: int, rng: Generator) -> Floats:
    roar = noise_band(rng, samples, texture.low_hz, FAR_HZ, texture.slope)
    near = noise_band(rng, samples, NEAR_HZ, texture.high_hz, texture.slope)
    patter = 0.6 + np.maximum(0.0, slow_noise(rng, samples, *PATTER_HZ))
    nearness = (texture.high_hz / RAIN.high_hz) ** 2
    side: Floats = roar + 0.5 * nearness * patter * near
    return side


RAIN = Texture(
    350.0,
    7_000.0,
    -3.0,
    0.017,
    0.25,
    7.0,
    26.0,
    0.028,
    event_hz=(900.0, 3_500.0),
    event_sec=0.004,
    dulls=0.6,
    bed=_fall,
)
