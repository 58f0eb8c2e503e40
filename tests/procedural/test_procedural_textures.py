"""How each texture sounds by itself."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
from scipy.signal import resample_poly

from lofi_procedural.plan import SAMPLE_RATE
from lofi_procedural.score import Dice
from lofi_procedural.sound.textures import TEXTURES, Beds
from lofi_procedural.sound.textures.beds import BED_SAMPLES

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Samples = NDArray[np.float32]


def heard(name: str, seconds: int = 12) -> Samples:
    beds = Beds({name: 1.0}, Dice(1, 2))
    return np.concatenate([beds.take(bar, SAMPLE_RATE) for bar in range(seconds)], axis=1)


@pytest.mark.parametrize("name", TEXTURES)
def test_a_texture_does_not_click(name: str) -> None:
    samples = heard(name).astype(np.float64)
    assert np.abs(samples.mean(axis=1)).max() < 1e-3 * np.abs(samples).max()
    bend = np.abs(np.diff(samples, 2, axis=1))
    # At a click, the line would bend by as much as it is high, or more.
    assert bend.max() < 0.9 * np.abs(samples).max()


@pytest.mark.parametrize("name", TEXTURES)
def test_a_texture_leaves_the_top_to_others(name: str) -> None:
    power = np.abs(np.fft.rfft(heard(name).mean(axis=0))) ** 2
    top = int(12_000 * 2 * len(power) / SAMPLE_RATE)
    assert power[top:].sum() < 0.03 * power.sum()


@pytest.mark.parametrize("name", TEXTURES)
def test_a_bed_goes_round_and_stands_in_the_middle(name: str) -> None:
    texture = TEXTURES[name]
    for samples in BED_SAMPLES:
        bed = texture.bed(texture, samples, np.random.default_rng(1)).astype(np.float64)
        left, right = np.mean(bed**2, axis=1)
        assert abs(10 * np.log10(left / right)) < 4.0
        assert np.sqrt(np.mean(bed**2)) == pytest.approx(1.0, abs=0.02)
        bend = np.abs(np.diff(np.concatenate((bed, bed[:, :2]), axis=1), 2, axis=1)).max(axis=0)
        assert bend[-3:].max() < 1.2 * bend[:-3].max()


@pytest.mark.parametrize(
    ("low", "high"), [("thunder", "cafe"), ("city", "cafe"), ("cafe", "insects"), ("wind", "rain")]
)
def test_textures_are_told_apart(low: str, high: str) -> None:
    def centroid_hz(name: str) -> float:
        mono = resample_poly(heard(name).mean(axis=0), 1, 2)
        power = np.abs(np.fft.rfft(mono)) ** 2
        return float(np.sum(np.fft.rfftfreq(len(mono), 2 / SAMPLE_RATE) * power) / power.sum())

    assert 1.5 * centroid_hz(low) < centroid_hz(high)


def test_crickets_and_people_come_and_go() -> None:
    def restless(name: str) -> float:
        """How much the level moves, in frames of 30 ms."""
        frames = np.sqrt(np.mean(heard(name).mean(axis=0).reshape(-1, 1_440) ** 2, axis=1))
        return float(frames.std() / frames.mean())

    assert min(restless("insects"), restless("cafe")) > 0.3 > 2 * restless("tape")


def test_a_scratch_comes_again_in_every_turn_and_rain_far_away_is_duller() -> None:
    worn = Beds({"vinyl": 1.0}, Dice(4, 2))
    turn = round(1.8 * SAMPLE_RATE)
    # What recurs stays when turns are averaged, what is chance does not.
    recurring = np.abs(np.mean([worn.take(bar, turn)[0] for bar in range(12)], axis=0))
    assert recurring.max() > 4.0 * np.quantile(recurring, 0.99)

    def treble(amount: float) -> float:
        power = np.abs(np.fft.rfft(Beds({"rain": amount}, Dice(1, 2)).take(0, 96_000)[0])) ** 2
        return float(power[6_000:].sum() / power.sum())

    assert treble(1.0) > 2.0 * treble(0.2)
