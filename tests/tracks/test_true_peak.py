"""True peak against scipy's resampler, edges and chunking."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
import pytest
from scipy import signal

from lofi_core.tracks.true_peak import GROUP, TruePeakMeter

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from tests.tracks.conftest import Noise


def measure(audio: NDArray[np.float32], chunk: int = 5_000) -> float:
    meter = TruePeakMeter(len(audio))
    for start in range(0, audio.shape[1], chunk):
        meter.add(audio[:, start : start + chunk])
    return meter.finish()


def between_the_samples(frames: int = 48_000) -> NDArray[np.float32]:
    """A full-scale sine whose samples all lie at 0.707: a quarter of the rate, 45 degrees off, faded in."""
    wave = np.sin(np.pi / 2 * np.arange(frames) + np.pi / 4)
    fade = np.minimum(1, np.minimum(np.arange(frames), np.arange(frames)[::-1]) / 2_000)
    faded: NDArray[np.float32] = (wave * fade)[None].astype(np.float32)
    return faded


def test_a_peak_between_the_samples_is_found() -> None:
    audio = between_the_samples()
    assert 20 * math.log10(np.abs(audio).max()) == pytest.approx(-3.01, abs=0.01)
    assert measure(audio) == pytest.approx(0, abs=0.05)


@pytest.mark.parametrize("seed", range(5))
def test_noise_agrees_with_scipys_resampler(seed: int) -> None:
    audio = np.random.default_rng(seed).uniform(-0.5, 0.5, (2, 10_000)).astype(np.float32)
    oversampled = signal.resample_poly(audio.astype(np.float64), 4, 1, axis=1)
    assert measure(audio) == pytest.approx(20 * math.log10(np.abs(oversampled).max()), abs=0.01)


@pytest.mark.parametrize("position", [0, 1, 15, 16, GROUP - 1, GROUP, -1])
def test_a_peak_is_found_wherever_it_lies(position: int) -> None:
    audio = np.zeros((1, GROUP + 100), np.float32)
    pair = [position, position + 1] if position >= 0 else [position - 1, position]
    audio[0, pair] = 0.5  # the signal rises to 0.63 half way between the two
    assert measure(audio) == pytest.approx(20 * math.log10(0.5 * 4 / np.pi), abs=0.1)


def test_the_sample_peak_counts() -> None:
    audio = np.zeros((2, 100), np.float32)
    audio[1, 50] = -0.5
    assert measure(audio) == pytest.approx(20 * math.log10(0.5), abs=1e-6)


@pytest.mark.parametrize("chunk", [1_000, GROUP, GROUP + 1, 500_000])
def test_the_reading_is_the_same_to_the_last_bit_for_any_chunking(chunk: int, pink_noise: Noise) -> None:
    audio = pink_noise(2.1)
    assert measure(audio, chunk) == measure(audio, 77)


@pytest.mark.parametrize("frames", [0, 1, 100_000])
def test_silence_is_minus_infinity(frames: int) -> None:
    assert measure(np.zeros((1, frames), np.float32)) == -math.inf
