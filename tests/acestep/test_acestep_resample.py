"""44.1 to 48 kHz, against torchaudio's resampler."""

import numpy as np
import pytest

from lofi_acestep.resample import FROM, GROUP, WIDTH, Resampler, kernel, resampled_length
from tests.acestep.golden import Vectors, worst

MISC = Vectors("setA_misc.npz")
IN, OUT, KERNEL = MISC["resample_in"], MISC["resample_out"], MISC["resample_kernel"]
STREAM = np.random.default_rng(2).uniform(-1, 1, (2, 40_000)).astype(np.float32)


def resample(samples: np.ndarray, *cuts: int) -> np.ndarray:
    resampler = Resampler(len(samples))
    made = [resampler.push(piece) for piece in np.split(samples, cuts, axis=1)]
    return np.concatenate([*made, resampler.finish()], axis=1)


def test_the_kernel_is_torchaudios() -> None:
    assert worst(kernel(), KERNEL) < 1e-6
    assert MISC["resample_width"] == WIDTH


def test_samples_are_torchaudios() -> None:
    made = resample(IN)
    assert made.dtype == np.float32
    assert worst(made, OUT) < 5e-5


@pytest.mark.parametrize("size", [1_000, 9_408, 9_422, 12_345])
def test_pieces_of_any_size_give_the_same_bits_as_the_whole(size: int) -> None:
    assert (resample(STREAM, *range(size, STREAM.shape[1], size)) == resample(STREAM)).all()


def test_uneven_and_empty_pieces_give_the_same_bits_as_the_whole() -> None:
    assert (resample(STREAM, 0, 1, 1, 2, 150, 9_400, 30_000, 39_999) == resample(STREAM)).all()


@pytest.mark.parametrize("samples", [0, 1, 147, 148, 9_407, GROUP * FROM, GROUP * FROM + 1, 40_000])
def test_as_many_samples_come_out_as_torchaudio_gives(samples: int) -> None:
    assert resample(STREAM[:, :samples]).shape == (2, -(-samples * 160 // 147))
    assert resampled_length(samples) == -(-samples * 160 // 147)


def test_a_long_stream_is_not_kept() -> None:
    resampler = Resampler(2)
    for _ in range(20):
        resampler.push(STREAM)
    assert resampler._pending.shape[1] < 2 * GROUP * FROM


def test_a_tone_keeps_its_pitch_and_its_level() -> None:
    tone = np.sin(2 * np.pi * 1_000 * np.arange(44_100) / 44_100)[None].astype(np.float32)
    wanted = np.sin(2 * np.pi * 1_000 * np.arange(48_000) / 48_000)
    assert worst(resample(tone)[0, 200:-200], wanted[200:-200]) < 2e-3


def test_channels_do_not_mix() -> None:
    silent_right = STREAM * np.array([[1], [0]], np.float32)
    assert not resample(silent_right)[1].any()
