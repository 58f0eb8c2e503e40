"""Integrated loudness against pyloudnorm, gates and chunking."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np
import pyloudnorm
import pytest

from lofi_core.tracks.loudness import LoudnessMeter

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from tests.tracks.conftest import Noise

    Samples = NDArray[np.float32]


def measure(audio: Samples, rate: int, chunk: int = 5_000) -> float:
    meter = LoudnessMeter(rate, len(audio))
    for start in range(0, audio.shape[1], chunk):
        meter.add(audio[:, start : start + chunk])
    return meter.finish()


def oracle(audio: Samples, rate: int) -> float:
    meter: Any = pyloudnorm.Meter(rate)
    return float(meter.integrated_loudness(audio.T.astype(np.float64)))


def sine(hertz: float, rate: int, channels: int, seconds: float = 5) -> Samples:
    wave = np.sin(2 * np.pi * hertz * np.arange(round(seconds * rate)) / rate)
    return np.tile(wave, (channels, 1)).astype(np.float32)


def white(rate: int, channels: int) -> Samples:
    noise = np.random.default_rng(3).uniform(-0.5, 0.5, (channels, 5 * rate))
    return noise.astype(np.float32)


@pytest.mark.parametrize("rate", [32_000, 44_100, 48_000])
@pytest.mark.parametrize("channels", [1, 2])
@pytest.mark.parametrize("kind", ["white", "sine", "music-like"])
def test_loudness_agrees_with_pyloudnorm(rate: int, channels: int, kind: str, pink_noise: Noise) -> None:
    sounds: dict[str, Callable[[], Samples]] = {
        "white": lambda: white(rate, channels),
        "sine": lambda: 0.3 * sine(220, rate, channels),
        "music-like": lambda: pink_noise(8, rate, channels),
    }
    audio = sounds[kind]()
    assert measure(audio, rate) == pytest.approx(oracle(audio, rate), abs=0.1)


def test_a_full_scale_997_hz_sine_in_one_channel_reads_minus_3_01() -> None:
    audio = sine(997, 48_000, 2)
    audio[1] = 0
    assert measure(audio, 48_000) == pytest.approx(-3.01, abs=0.01)


def test_silence_between_two_sounds_does_not_count(pink_noise: Noise) -> None:
    sound = pink_noise(4)
    silence = np.zeros((2, 20 * 48_000), np.float32)
    padded = np.concatenate([sound, silence, sound], axis=1)
    assert measure(padded, 48_000) == pytest.approx(oracle(padded, 48_000), abs=0.1)
    assert measure(padded, 48_000) == pytest.approx(measure(sound, 48_000), abs=0.3)


def test_what_is_10_lu_under_the_rest_does_not_count() -> None:
    loud, quiet = 0.5 * sine(500, 48_000, 2, 10), 0.02 * sine(500, 48_000, 2, 30)
    both = np.concatenate([loud, quiet], axis=1)
    assert measure(both, 48_000) == pytest.approx(measure(loud, 48_000), abs=0.1)


@pytest.mark.parametrize("chunk", [1_000, 4_801, 48_000, 200_000])
def test_the_reading_is_the_same_to_the_last_bit_for_any_chunking(chunk: int, pink_noise: Noise) -> None:
    audio = pink_noise(3.37)
    assert measure(audio, 48_000, chunk) == measure(audio, 48_000, 77)


@pytest.mark.parametrize("seconds", [0, 0.3, 5])
def test_silence_of_any_length_is_minus_infinity(seconds: float) -> None:
    assert measure(np.zeros((2, round(48_000 * seconds)), np.float32), 48_000) == -math.inf


def test_less_than_400_ms_is_minus_infinity() -> None:
    assert measure(sine(997, 48_000, 1, 0.39), 48_000) == -math.inf
    assert measure(sine(997, 48_000, 1, 0.41), 48_000) > -math.inf
