"""A track whose samples cannot be read is said to be damaged, and makes room for itself made again."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from lofi_core.errors import TrackWriteFailed
from lofi_core.tracks.failures import TrackDamaged

if TYPE_CHECKING:
    from collections.abc import Callable

    from lofi_core.tracks.track import Track
    from tests.tracks.conftest import Noise, Studio


def damaged(studio: Studio, noise: Noise, **fields: Any) -> Track:
    """A track of 4 s whose file is spoilt in the middle; its size stays."""
    track = studio.store.commit(studio.encode(noise(4.0, 8_000), **fields))
    with Path(track.path).open("r+b") as file:
        file.seek(track.size_bytes // 2)
        file.write(np.random.default_rng(1).bytes(100))
    return track


@pytest.mark.parametrize("format_name", ["flac", "wav", "mp3"])
def test_an_export_says_that_the_track_is_damaged_and_leaves_nothing(
    studio: Studio, pink_noise: Noise, tmp_path: Path, format_name: str
) -> None:
    track = damaged(studio, pink_noise)
    target = tmp_path / f"out.{format_name}"
    with pytest.raises(TrackDamaged, match=r"damaged: its samples cannot be read after [12]\.\d s") as caught:
        studio.complete(studio.store.export(track.track_id, str(target)))
    aside = studio.data_dir / "set-aside" / f"{track.track_id}.flac"
    assert f"it is {aside} now" in str(caught.value.hint)
    assert f"--seed {track.seed}" in str(caught.value.hint)
    assert aside.stat().st_size == track.size_bytes
    assert not target.exists()
    assert studio.store.find(track.track_id) is None


def test_a_waveform_says_so_too(studio: Studio, pink_noise: Noise) -> None:
    track = damaged(studio, pink_noise)
    with pytest.raises(TrackDamaged):
        studio.complete(studio.store.waveform(track.track_id))


def test_the_track_made_again_has_its_marks(studio: Studio, pink_noise: Noise) -> None:
    track = damaged(studio, pink_noise, title="Rain")
    studio.store.update(track.track_id, favourite=True)
    assert studio.complete(studio.store.examine(track.track_id)) is not None
    again = studio.store.commit(studio.encode(pink_noise(4.0, 8_000)))
    assert (again.track_id, again.title, again.favourite) == (track.track_id, "Rain", True)
    assert studio.complete(studio.store.examine(track.track_id)) is None


def test_a_full_disk_is_no_fault_of_the_track(
    studio: Studio, pink_noise: Noise, tmp_path: Path, full_disk: Callable[[int], Any]
) -> None:
    track = studio.store.commit(studio.encode(pink_noise(4.0, 8_000)))
    with full_disk(10_000), pytest.raises(TrackWriteFailed) as caught:
        studio.complete(studio.store.export(track.track_id, str(tmp_path / "out.wav")))
    assert not isinstance(caught.value, TrackDamaged)
    assert studio.store.find(track.track_id) == track
