"""Lengths and scales of latents, against the reference's."""

import numpy as np
import pytest

from lofi_acestep.latents import frame_length, samples_of, to_dcae, to_log_mel
from tests.acestep.golden import Vectors, worst

MISC = Vectors("setA_misc.npz")
LENGTHS = list(zip(MISC["durations"].tolist(), MISC["frame_lengths"].tolist(), strict=True))
LATENTS, SCALED = MISC["latent_z"], MISC["latent_to_dcae"]
MEL, LOG_MEL = MISC["dcae_mel"], MISC["vocoder_mel"]
# Tested where they belong: noise, guidance, resampling.
ELSEWHERE = MISC.keys(r"noise.*|interval_table|resample_.*")


@pytest.mark.parametrize(("duration_sec", "frames"), LENGTHS)
def test_frames_are_rounded_down_as_in_the_reference(duration_sec: float, frames: float) -> None:
    assert frame_length(round(duration_sec, 4)) == frames  # stored as float32


def test_latents_reach_the_dcae_on_its_scale() -> None:
    assert worst(to_dcae(LATENTS), SCALED) < 1e-5


def test_mel_reaches_the_vocoder_on_its_scale() -> None:
    assert worst(to_log_mel(MEL), LOG_MEL) < 1e-5


def test_scales_keep_float32() -> None:
    assert to_dcae(LATENTS).dtype == to_log_mel(MEL).dtype == np.float32


@pytest.mark.parametrize(("frames", "rate", "samples"), [(322, 44_100, 1_318_912), (40, 48_000, 178_329)])
def test_samples_are_4096_a_frame_at_the_vocoders_rate(frames: int, rate: int, samples: int) -> None:
    assert samples_of(frames, rate) == samples


def test_every_vector_is_checked() -> None:
    assert not MISC.unclaimed
