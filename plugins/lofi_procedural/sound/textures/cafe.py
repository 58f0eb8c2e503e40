"""A café: people who talk, none of whom can be understood, and a cup now and then."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from lofi_procedural.plan import SAMPLE_RATE
from lofi_procedural.sound.spectrum import noise_band, slow_noise
from lofi_procedural.sound.textures.texture import Texture, even, whole

if TYPE_CHECKING:
    from numpy.random import Generator

    from lofi_procedural.sound.types import Floats, Mono, Stereo

TALKERS = 4
SYLLABLES_HZ = (2.0, 5.5)


def _murmur(texture: Texture, samples: int, rng: Generator) -> Stereo:
    """Voices as breath in the bands of vowels, each swelling at its own pace in its own place."""
    room = noise_band(rng, samples, texture.low_hz, texture.high_hz, texture.slope)
    vowels = noise_band(rng, samples, 330.0, 750.0) + 0.45 * noise_band(rng, samples, 1_100.0, 2_100.0)
    sound = np.stack((room, np.roll(room, samples // 3))) * 0.5
    for place in np.linspace(-0.8, 0.8, TALKERS):
        # Turned by chance, the same noise is another voice; the whole stays a ring.
        voice = np.roll(vowels, int(rng.integers(samples))) * _speech(samples, rng)
        sound += np.array([[np.sqrt(1.0 - place)], [np.sqrt(1.0 + place)]]) * voice
    return even(sound)


def _speech(samples: int, rng: Generator) -> Floats:
    """How loud somebody is who says syllables, in phrases with silence between them."""
    syllables = np.maximum(0.0, slow_noise(rng, samples, *SYLLABLES_HZ))
    phrases = np.clip(0.4 + slow_noise(rng, samples, 0.2, 0.7), 0.0, 1.5)
    speech: Floats = syllables * phrases
    return speech


def _cup(texture: Texture, rng: Generator) -> Mono:
    """A cup set down: a few partials of porcelain, touched more than struck."""
    time = np.arange(round(6 * texture.event_sec * SAMPLE_RATE)) / SAMPLE_RATE
    base = rng.uniform(*texture.event_hz)
    sound = np.zeros(len(time))
    for ratio, level in ((1.0, 1.0), (1.52, 0.5), (2.33, 0.3)):
        partial = ratio * base * (1.0 + 0.02 * rng.standard_normal())
        decay = texture.event_sec / ratio
        sound += level * np.sin(2 * np.pi * partial * time) * np.exp(-time / decay)
    sound *= np.minimum(1.0, time / 0.0015) * np.minimum(1.0, (time[-1] - time) / 0.01)
    return whole(sound)


CAFE = Texture(
    120.0,
    1_600.0,
    -3.0,
    0.018,
    0.3,
    9.0,
    0.7,
    0.030,
    event_hz=(1_700.0, 3_200.0),
    event_sec=0.06,
    bed=_murmur,
    event=_cup,
)
