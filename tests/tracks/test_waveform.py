"""The bars a player draws."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest
import soundfile

from lofi_core.errors import InvalidParams, TrackWriteFailed, UnknownTrack

if TYPE_CHECKING:
    from tests.tracks.conftest import Noise, Studio


def stored(
    studio: Studio, audio: np.ndarray[tuple[int, ...], np.dtype[np.float32]], rate: int = 48_000
) -> str:
    encoded = studio.encode(audio, rate, loudness="by_construction")
    return studio.store.commit(encoded).track_id


@pytest.mark.parametrize("bins", [1, 7, 80, 1_000])
def test_each_bar_is_the_peak_of_its_part(studio: Studio, pink_noise: Noise, bins: int) -> None:
    audio = pink_noise(4.2)
    peaks = studio.complete(studio.store.waveform(stored(studio, audio), bins))
    edges = [bar * audio.shape[1] // bins for bar in range(bins + 1)]
    expected = [np.abs(audio[:, edges[bar] : edges[bar + 1]]).max() for bar in range(bins)]
    assert peaks == pytest.approx(expected, abs=1e-4)


def test_more_bars_than_frames_repeat_their_neighbours(studio: Studio) -> None:
    track_id = stored(studio, np.array([[0.25, -0.5, 1.0]], np.float32))
    peaks = studio.complete(studio.store.waveform(track_id, 6))
    assert peaks == [0.25, 0.25, 0.5, 0.5, 1.0, 1.0]


def test_silence_is_flat(studio: Studio) -> None:
    assert (
        studio.complete(studio.store.waveform(stored(studio, np.zeros((2, 999), np.float32)), 3)) == [0] * 3
    )


@pytest.mark.parametrize("bins", [0, -1, 10_001])
def test_a_number_of_bars_out_of_range_is_refused(studio: Studio, bins: int) -> None:
    with pytest.raises(InvalidParams, match=str(bins)):
        studio.store.waveform(studio.add().track_id, bins)


def test_an_unknown_track_has_no_waveform(studio: Studio) -> None:
    with pytest.raises(UnknownTrack):
        studio.store.waveform("0" * 32)


def test_a_damaged_file_is_told(studio: Studio) -> None:
    track = studio.add()
    Path(track.path).write_bytes(b"\0" * track.size_bytes)
    with pytest.raises(TrackWriteFailed, match=track.track_id):
        studio.complete(studio.store.waveform(track.track_id))


def test_reading_stops_at_most_a_block_after_it_is_given_up(studio: Studio, pink_noise: Noise) -> None:
    steps = studio.store.waveform(stored(studio, pink_noise(5)), 80)
    assert 0 < next(steps) < 0.5
    steps.close()
    assert soundfile.info(next(studio.data_dir.rglob("*.flac"))).frames == 240_000
