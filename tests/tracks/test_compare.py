"""Which samples differ, from where on, and by how much: to the last bit."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
import soundfile

from lofi_core.tracks.compare import BLOCK_FRAMES, Comparison, compare_samples, likeness

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

RATE = 8_000


def noise(frames: int, seed: int = 1) -> NDArray[np.int32]:
    whole = np.random.default_rng(seed).integers(-(2**23), 2**23, (frames, 2), dtype=np.int32)
    return whole << 8


def written(path: Path, samples: NDArray[np.int32]) -> Path:
    soundfile.write(path, samples, RATE, subtype="PCM_24")
    return path


def compared(folder: Path, was: NDArray[np.int32], now: NDArray[np.int32]) -> Comparison:
    files = [written(folder / name, samples) for name, samples in (("a.flac", was), ("b.flac", now))]
    with soundfile.SoundFile(files[0]) as a, soundfile.SoundFile(files[1]) as b:
        return compare_samples(a, b)


def test_the_same_samples_are_identical(tmp_path: Path) -> None:
    found = compared(tmp_path, noise(100_000), noise(100_000))
    assert found.identical
    assert (found.was_frames, found.differing, found.most_db) == (100_000, 0, None)


@pytest.mark.parametrize("frame", [0, BLOCK_FRAMES - 1, BLOCK_FRAMES, 99_999])
def test_the_last_bit_of_one_sample_is_found(tmp_path: Path, frame: int) -> None:
    changed = noise(100_000)
    changed[frame, 1] ^= 1 << 8
    found = compared(tmp_path, noise(100_000), changed)
    assert not found.identical
    assert (found.first_frame, found.differing, found.most_db) == (frame, 1, -138.5)


def test_full_scale_against_full_scale_does_not_wrap_around(tmp_path: Path) -> None:
    low, high = (np.full((10, 2), value * 2**8, np.int64).astype(np.int32) for value in (-(2**23), 2**23 - 1))
    assert compared(tmp_path, low, high).most_db == 6.0


@pytest.mark.parametrize("frames", [70_000, BLOCK_FRAMES])
def test_one_that_is_longer_differs_from_the_others_end_on(tmp_path: Path, frames: int) -> None:
    for was, now in ((100_000, frames), (frames, 100_000)):
        found = compared(tmp_path, noise(100_000)[:was], noise(100_000)[:now])
        assert (found.first_frame, found.differing, found.most_db) == (frames, 0, None)
        assert (found.was_frames, found.now_frames) == (was, now)


def test_a_small_file_that_unpacks_to_hours_is_not_read_to_its_end(tmp_path: Path) -> None:
    hour = np.zeros((3_600 * RATE, 2), np.int32)
    found = compared(tmp_path, hour, hour[:RATE])
    assert not found.identical
    assert found.was_frames < 100 * RATE


def test_a_likeness_is_1_for_the_same_sound_and_0_for_another(tmp_path: Path) -> None:
    files = [written(tmp_path / f"{seed}.flac", noise(80_000, seed)) for seed in (1, 2)]
    softer = written(tmp_path / "softer.flac", noise(80_000, 1) // 4)
    silent = written(tmp_path / "silent.flac", np.zeros((80_000, 2), np.int32))

    def like(a: Path, b: Path) -> float:
        with soundfile.SoundFile(a) as was, soundfile.SoundFile(b) as now:
            return likeness(was, now)

    assert like(files[0], softer) == pytest.approx(1.0, abs=1e-3)
    assert like(files[0], files[1]) == pytest.approx(0.0, abs=0.02)
    assert (like(silent, silent), like(silent, files[0])) == (1.0, 0.0)
