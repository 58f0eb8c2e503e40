"""The growing WAV: readable by others at any time, measured as it grows."""

from __future__ import annotations

import subprocess
import sys
import tracemalloc
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import soundfile

from lofi_core.errors import TrackWriteFailed
from lofi_core.tracks.spool import BLOCK_FRAMES, Spool

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.tracks.conftest import Noise

READ_IN_ANOTHER_PROCESS = """
import sys, soundfile
samples, rate = soundfile.read(sys.argv[1], dtype="float32", always_2d=True)
sys.stdout.buffer.write(samples.T.tobytes())
print(rate, soundfile.info(sys.argv[1]).subtype, file=sys.stderr)
"""


def test_another_process_reads_all_that_was_appended(tmp_path: Path, pink_noise: Noise) -> None:
    audio = pink_noise(0.3)
    spool = Spool(tmp_path / "a.wav", 48_000, 2)
    for end in (1_000, 9_000):
        spool.append(audio[:, spool.frames : end])
        command = [sys.executable, "-c", READ_IN_ANOTHER_PROCESS, str(spool.path)]
        done = subprocess.run(command, check=True, capture_output=True)
        assert done.stdout == audio[:, :end].tobytes()
        assert done.stderr.decode().split() == ["48000", "FLOAT"]
    spool.close()


def test_an_empty_spool_is_a_valid_file(tmp_path: Path) -> None:
    spool = Spool(tmp_path / "a.wav", 44_100, 1)
    assert soundfile.info(spool.path).frames == 0
    spool.discard()


def test_frames_and_seconds_tell_what_is_on_disk(tmp_path: Path) -> None:
    spool = Spool(tmp_path / "a.wav", 8_000, 1)
    spool.append(np.zeros((1, 4_000), np.float32))
    spool.append(np.zeros((1, 0), np.float32))
    assert (spool.frames, spool.available_sec) == (4_000, 0.5)
    spool.discard()


def test_a_chunk_of_many_blocks_comes_back_in_blocks(tmp_path: Path, pink_noise: Noise) -> None:
    audio = pink_noise(BLOCK_FRAMES * 2.5 / 48_000)
    spool = Spool(tmp_path / "a.wav", 48_000, 2)
    spool.append(audio)
    blocks = list(spool.blocks())
    assert max(block.shape[1] for block in blocks) == BLOCK_FRAMES
    assert np.array_equal(np.concatenate(blocks, axis=1), audio)
    spool.discard()


@pytest.mark.parametrize("chunk", [999, 70_000])
def test_the_measurement_does_not_depend_on_the_chunks(tmp_path: Path, chunk: int, pink_noise: Noise) -> None:
    audio = pink_noise(2)
    whole, parts = Spool(tmp_path / "a.wav", 48_000, 2), Spool(tmp_path / "b.wav", 48_000, 2)
    whole.append(audio)
    for start in range(0, audio.shape[1], chunk):
        parts.append(audio[:, start : start + chunk])
    assert whole.measure() == parts.measure()
    assert whole.path.read_bytes() == parts.path.read_bytes()


def test_a_measured_spool_takes_no_more_samples(tmp_path: Path) -> None:
    spool = Spool(tmp_path / "a.wav", 8_000, 1)
    spool.measure()
    with pytest.raises(ValueError, match="closed"):
        spool.append(np.zeros((1, 1), np.float32))


def test_a_spool_that_is_kept_for_a_player_keeps_nothing_but_its_file(tmp_path: Path) -> None:
    spool = Spool(tmp_path / "a.wav", 48_000, 2)
    spool.append(np.zeros((2, 480), np.float32))
    tracemalloc.start()
    try:
        other = Spool(tmp_path / "b.wav", 48_000, 2)
        with_meters, _ = tracemalloc.get_traced_memory()
        other.retire()
        without, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert with_meters - without > 300_000
    spool.retire()
    assert next(spool.blocks()).shape == (2, 480)
    with pytest.raises(ValueError, match="without being measured"):
        spool.measure()


def test_a_full_disk_is_told_and_what_was_there_stays_readable(
    tmp_path: Path, pink_noise: Noise, full_disk: Callable[[int], Any]
) -> None:
    audio = pink_noise(1, 8_000)
    spool = Spool(tmp_path / "a.wav", 8_000, 2)
    spool.append(audio[:, :1_000])
    with full_disk(20_000), pytest.raises(TrackWriteFailed, match="File too large") as caught:
        spool.append(audio[:, 1_000:])
    assert "free some space" in str(caught.value.hint)
    assert np.array_equal(soundfile.read(spool.path, dtype="float32")[0].T, audio[:, :1_000])
    assert spool.frames == 1_000
    spool.discard()


def test_a_spool_that_could_not_be_begun_leaves_no_file(
    tmp_path: Path, full_disk: Callable[[int], Any]
) -> None:
    with full_disk(10), pytest.raises(TrackWriteFailed, match="opening spool"):
        Spool(tmp_path / "a.wav", 8_000, 2)
    assert not list(tmp_path.iterdir())


def test_discarding_removes_the_file_and_may_be_repeated(tmp_path: Path) -> None:
    spool = Spool(tmp_path / "a.wav", 8_000, 1)
    spool.discard()
    spool.discard()
    assert not spool.path.exists()


def test_the_gain_of_a_stream_is_fixed_by_its_beginning(tmp_path: Path, pink_noise: Noise) -> None:
    audio = pink_noise(2.0)
    spool = Spool(tmp_path / "a.wav", 48_000, 2)
    spool.append(audio[:, :48_000] * np.float32(0.05))
    first = spool.stream_gain_db("measured")
    spool.append(audio[:, 48_000:])
    assert first > 0
    assert spool.stream_gain_db("measured") == first
    spool.discard()


def test_a_stream_that_is_right_by_construction_has_no_gain(tmp_path: Path, pink_noise: Noise) -> None:
    spool = Spool(tmp_path / "a.wav", 48_000, 2)
    spool.append(pink_noise(1.0) * np.float32(0.05))
    assert spool.stream_gain_db("by_construction") == 0.0
    spool.discard()
