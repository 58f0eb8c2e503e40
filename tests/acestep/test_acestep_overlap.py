"""Decoding in windows and blocks: as the reference does it, and without its seams."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
from scipy.signal import fftconvolve

from lofi_acestep.latents import HOP, MELS_PER_FRAME, samples_of, to_dcae, to_log_mel
from lofi_acestep.overlap import cut, reference_mel, reference_starts, reference_waves
from lofi_acestep.resample import Resampler
from lofi_acestep.vocoding import HALO, both_channels, vocode_exact
from lofi_acestep.windows import window_starts, windowed_mel
from tests.acestep.golden import Vectors, worst

if TYPE_CHECKING:
    from collections.abc import Iterable

    from numpy.typing import NDArray

    Floats = NDArray[np.float32]

VECTORS = Vectors("setA_overlap.npz")
TOLERANCE = 1e-4
FULL = {key: VECTORS[key] for key in VECTORS.keys(r"full\.T\d+\.(sr44100\.wav|length)")}
OVERLAPPED = [key.removesuffix(".wav") for key in VECTORS.keys(r"overlap\.T\d+\.sr\d+\.wav")]
CLAIMED = VECTORS.keys(r"overlap\.T\d+\.sr\d+\.(idx|length)")


def stand_in_latents(frames: int) -> Floats:
    c, h, t = np.ogrid[:8, :16, :frames]
    made: Floats = np.sin(0.1 * t * (c + 1) + 0.3 * h)[None].astype(np.float32)
    return made


def stand_in_mel(latents: Floats) -> Floats:
    """The README's stand-in for the DCAE, with edges that its windows show."""
    x = to_dcae(latents)[0]
    m, w, k = np.ogrid[:128, : x.shape[-1], :MELS_PER_FRAME]
    edges = 0.2 * np.exp(-w / 3) + 0.2 * np.exp(-(x.shape[-1] - 1 - w) / 3)
    inner = [0.05 * x[4 * ch + np.arange(128) % 4, np.arange(128) // 8][..., None] for ch in range(2)]
    made = np.tanh(np.stack(inner) + edges + 0.1 * np.cos(2 * np.pi * k / 8))
    return to_log_mel(made.reshape(1, 2, len(m), -1).astype(np.float32))


def stand_in_wave(mel: Floats) -> Floats:
    """The README's stand-in for the vocoder, with edges that its blocks show."""
    f, j = np.ogrid[: mel.shape[-1], :HOP]
    last = mel.shape[-1] - 1
    tone = mel[0].mean(0)[:, None] / 10 * np.sin(0.01 * j)
    edges = 0.3 * np.exp(-f / 2) * np.cos(0.02 * j) + 0.3 * np.exp(-(last - f) / 2)
    made: Floats = (tone + edges).reshape(-1).astype(np.float32)
    return made


def joined(pieces: Iterable[Floats]) -> Floats:
    return np.concatenate(list(pieces), axis=-1)


def decode_as_the_reference(frames: int, rate: int) -> Floats:
    waves = reference_waves(reference_mel(stand_in_latents(frames), stand_in_mel), stand_in_wave)
    if rate == 44_100:
        return joined(cut(waves, samples_of(frames)))
    resampler = Resampler(2)
    made = [resampler.push(piece) for piece in waves]
    return joined(cut([*made, resampler.finish()], samples_of(frames, rate)))


@pytest.mark.parametrize("key", OVERLAPPED)
def test_windows_and_blocks_sound_as_the_references(key: str) -> None:
    _, frames, rate = key.split(".")
    made = decode_as_the_reference(int(frames[1:]), int(rate[2:]))
    assert made.shape[1] == VECTORS[f"{key}.length"]
    assert worst(made[:, VECTORS[f"{key}.idx"]], VECTORS[f"{key}.wav"]) < TOLERANCE


@pytest.mark.parametrize("frames", [40, 600])
def test_the_whole_at_once_sounds_as_the_references(frames: int) -> None:
    made = both_channels(stand_in_mel(stand_in_latents(frames)), stand_in_wave)
    index = VECTORS[f"overlap.T{frames}.sr44100.idx"]
    assert made.shape[1] == FULL[f"full.T{frames}.length"]
    assert worst(made[:, index], FULL[f"full.T{frames}.sr44100.wav"]) < TOLERANCE


@pytest.mark.parametrize("frames", [1, 255, 256, 257, 385, 512, 513, 640, 641, 2583])
def test_the_references_windows_make_all_the_mel_and_no_more(frames: int) -> None:
    made = joined(reference_mel(numbered(frames), tell_frames))
    assert made[0, 0, 0].tolist() == list(range(frames * MELS_PER_FRAME))
    assert reference_starts(frames)[-1] + 512 >= frames


@pytest.mark.parametrize("frames", [1, 100, 511, 512, 513, 516, 1020, 1021, 1024, 1030])
def test_the_references_blocks_make_all_the_samples(frames: int) -> None:
    mel = np.zeros((1, 2, 128, frames), np.float32)
    made = joined(cut(reference_waves([mel], stand_in_wave), frames * HOP))
    assert made.shape == (2, frames * HOP)


def numbered(frames: int) -> Floats:
    """Latents that know where in the track they are."""
    return np.broadcast_to(np.arange(frames, dtype=np.float32), (1, 8, 16, frames))


def tell_frames(latents: Floats) -> Floats:
    """Mel that knows where in the track it is, as long as the latents do."""
    fine = latents[0, 0, 0, :, None] * MELS_PER_FRAME + np.arange(MELS_PER_FRAME, dtype=np.float32)
    return np.broadcast_to(fine.reshape(-1), (1, 2, 128, fine.size))


@pytest.mark.parametrize("frames", [1, 2, 31, 32, 33, 40, 47, 48, 49, 64, 100, 333])
def test_fixed_windows_make_every_frame_of_the_track_in_its_place(frames: int) -> None:
    made = joined(windowed_mel(numbered(frames), tell_frames, 32))
    assert made.shape == (1, 2, 128, frames * MELS_PER_FRAME)
    assert made[0, 0, 0] == pytest.approx(np.arange(frames * MELS_PER_FRAME), abs=1e-3)


@pytest.mark.parametrize("frames", [5, 128, 129, 191, 192, 193, 322, 645])
def test_every_fixed_window_is_full(frames: int) -> None:
    seen: list[int] = []

    def decode(latents: Floats) -> Floats:
        seen.append(latents.shape[-1])
        return tell_frames(latents)

    joined(windowed_mel(numbered(frames), decode, 128))
    assert set(seen) == {128}
    assert len(seen) == len(window_starts(frames, 128))


def test_a_track_shorter_than_a_fixed_window_is_mirrored_at_its_end() -> None:
    seen: list[float] = []

    def decode(latents: Floats) -> Floats:
        seen.extend(latents[0, 0, 0].tolist())
        return tell_frames(latents)

    joined(windowed_mel(numbered(3), decode, 8))
    assert seen == [0, 1, 2, 1, 0, 1, 2, 1]


def test_the_last_fixed_window_ends_with_the_track() -> None:
    assert window_starts(322, 128) == [0, 64, 128, 192, 194]
    assert window_starts(320, 128) == [0, 64, 128, 192]
    assert window_starts(100, 128) == [0]


@pytest.mark.parametrize("frames", [33, 48, 70, 200])
def test_one_fixed_window_goes_over_into_the_next_without_a_step(frames: int) -> None:
    """Windows that disagree by 1 must not show it between one frame of mel and the next."""
    count = iter(range(100))

    def disagree(latents: Floats) -> Floats:
        made = np.ones((1, 2, 128, latents.shape[-1] * MELS_PER_FRAME), np.float32)
        return made * (next(count) % 2)

    made = joined(windowed_mel(numbered(frames), disagree, 32))[0, 0, 0]
    steps = np.abs(np.diff(made))
    assert steps.max() <= 1 / 32 + 1e-6  # a fade is an eighth of 32 x 8 frames
    assert steps.sum() == pytest.approx(len(window_starts(frames, 32)) - 1, abs=1e-3)


def test_nothing_of_what_a_fixed_window_makes_at_its_inner_edges_is_left() -> None:
    def edges(latents: Floats) -> Floats:
        made = np.zeros((1, 2, 128, 256), np.float32)
        made[..., : 6 * MELS_PER_FRAME] = made[..., -6 * MELS_PER_FRAME :] = 1
        return made

    made = joined(windowed_mel(numbered(200), edges, 32))[0, 0, 0]
    assert not made[6 * MELS_PER_FRAME : -6 * MELS_PER_FRAME].any()


RESPONSE = np.random.default_rng(4).normal(size=(HALO + 80) * HOP).astype(np.float32) / 300


def convolving(mel: Floats) -> Floats:
    """A vocoder that sees exactly -80…+79 frames, as the real one does."""
    impulses = np.zeros(mel.shape[-1] * HOP, np.float32)
    impulses[::HOP] = mel[0].mean(0)
    return fftconvolve(impulses, RESPONSE, "full")[79 * HOP :][: len(impulses)].astype(np.float32)


@pytest.mark.parametrize(("frames", "block"), [(1, 64), (64, 64), (300, 64), (320, 64), (307, 50), (90, 512)])
def test_blocks_with_a_halo_sound_as_the_whole(frames: int, block: int) -> None:
    mel = np.random.default_rng(frames).normal(size=(1, 2, 128, frames)).astype(np.float32)
    made = joined(vocode_exact(np.split(mel, range(0, frames, 37), axis=-1), convolving, block))
    assert worst(made, both_channels(mel, convolving)) < 1e-5


def test_a_halo_one_frame_shorter_is_heard() -> None:
    mel = np.random.default_rng(1).normal(size=(1, 2, 128, 300)).astype(np.float32)
    made = joined(vocode_exact([mel], convolving, 64, halo=HALO - 2))
    assert worst(made, both_channels(mel, convolving)) > 1e-4


def test_no_more_than_a_block_and_its_halo_is_vocoded_at_once() -> None:
    seen: list[int] = []

    def listen(mel: Floats) -> Floats:
        seen.append(mel.shape[-1])
        return np.zeros(mel.shape[-1] * HOP, np.float32)

    made = joined(vocode_exact([np.zeros((1, 2, 128, 1000), np.float32)], listen, 128))
    assert made.shape == (2, 1000 * HOP)
    assert max(seen) <= 128 + 2 * HALO


def test_samples_come_before_the_mel_has_ended() -> None:
    taken: list[int] = []

    def coming() -> Iterable[Floats]:
        for i in range(50):
            taken.append(i)
            yield np.zeros((1, 2, 128, 40), np.float32)

    next(iter(vocode_exact(coming(), stand_in_wave, 128)))
    assert len(taken) <= 6
    taken.clear()
    next(iter(reference_waves(coming(), stand_in_wave)))
    assert len(taken) <= 13


def test_a_stream_is_cut_where_the_track_ends() -> None:
    pieces = [np.zeros((2, 5), np.float32) for _ in range(4)]
    assert [piece.shape[1] for piece in cut(pieces, 12)] == [5, 5, 2]
    assert [piece.shape[1] for piece in cut(pieces, 10)] == [5, 5]


def test_every_vector_is_checked() -> None:
    lengths = {f"{key}.{part}" for key in OVERLAPPED for part in ("idx", "length")}
    assert set(CLAIMED) == lengths
    assert not VECTORS.unclaimed
