"""Never above full scale, and nothing at all below it."""

from __future__ import annotations

import numpy as np
import pytest

from lofi_core.player.limiter import RELEASE_DB_PER_SEC, Limiter
from tests.player.conftest import RATE, Samples, sine


def limited(samples: Samples, block: int = 4_800) -> Samples:
    limiter = Limiter(RATE)
    padded = np.concatenate([samples, np.zeros((limiter.delay_frames, 2), np.float32)])
    out = [limiter.process(padded[at : at + block]) for at in range(0, len(padded), block)]
    return np.concatenate(out)[limiter.delay_frames :]


@pytest.mark.parametrize("seed", range(4))
def test_nothing_comes_out_above_full_scale(seed: int) -> None:
    noise = np.random.Generator(np.random.Philox(seed)).standard_normal((RATE, 2))
    bursts = noise * np.abs(sine(1.0, 3.0 + seed, level=8.0))
    assert np.abs(limited(bursts.astype(np.float32))).max() <= 1.0


def test_a_signal_up_to_full_scale_is_left_as_it_is() -> None:
    full = sine(1.0, level=1.0)
    assert np.array_equal(limited(full), full)


def test_how_the_stream_is_cut_changes_nothing() -> None:
    loud = sine(1.0, level=1.7)
    assert np.array_equal(limited(loud, 4_800), limited(loud, 123))


def test_the_gain_falls_before_a_peak_and_returns_in_a_slope() -> None:
    steady = np.full((2 * RATE, 2), 0.5, np.float32)
    steady[RATE] = 4.0
    gain = limited(steady)[:, 0] / steady[:, 0]
    assert gain[RATE] == pytest.approx(0.25, abs=1e-6)
    assert gain[RATE - 480] == 1.0
    decibels = 20 * np.log10(gain)
    assert np.abs(np.diff(decibels)).max() < 0.2  # no step: 12 dB over 5 ms
    back = 12.04 / RELEASE_DB_PER_SEC
    assert decibels[RATE + round(back * RATE / 2)] == pytest.approx(-6, abs=0.2)
    assert gain[RATE + round(back * RATE) + 500] == 1.0


def test_a_steady_tone_that_is_too_loud_is_not_pumped() -> None:
    heard = limited(sine(2.0, level=2.0))[RATE:]
    peaks = [np.abs(heard[at : at + 4_800]).max() for at in range(0, RATE, 4_800)]
    assert max(peaks) - min(peaks) < 0.01
