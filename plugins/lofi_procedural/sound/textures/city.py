"""A city through a window: a rumble that never stops, and cars that pass."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lofi_procedural.plan import SAMPLE_RATE
from lofi_procedural.sound.spectrum import noise_band, slow_noise
from lofi_procedural.sound.textures.texture import Texture, bell, whole

if TYPE_CHECKING:
    from numpy.random import Generator

    from lofi_procedural.sound.types import Mono

PASSING_SAMPLES = 196_608  # 4.1 s


def _car(texture: Texture, rng: Generator) -> Mono:
    """Tyres and engine: it comes slowly, is there, and goes more slowly, duller than it came."""
    tyres = noise_band(rng, PASSING_SAMPLES, *texture.event_hz, slope=-2.0)
    engine = slow_noise(rng, PASSING_SAMPLES, 70.0, 190.0)
    near = bell(PASSING_SAMPLES, rng.uniform(0.3, 0.45))
    sound = 0.5 * tyres * near**2.5 + 0.8 * engine * near
    return whole(sound)


CITY = Texture(
    55.0,
    420.0,
    -4.0,
    0.022,
    0.35,
    12.0,
    0.22,
    0.16,
    event_hz=(300.0, 1_500.0),
    event_sec=PASSING_SAMPLES / SAMPLE_RATE,
    event_shapes=2,
    event=_car,
)
