"""From spool to FLAC: every sample, every tag, or nothing."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np
import pyloudnorm
import pytest
import soundfile
from mutagen.flac import FLAC

from lofi_core import __version__
from lofi_core.errors import InferenceFailed, TrackWriteFailed
from lofi_core.temporary import temporary_path
from lofi_core.tracks.recipes import read_recipe

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from numpy.typing import NDArray

    from tests.tracks.conftest import Noise, Studio

AWKWARD = 'rainy "night"\n\tjazzy\x00rhodes \x1b[31m; DROP TABLE tracks; 雨の夜 🎹 100%_done'


def samples_24(path: Path) -> NDArray[np.int64]:
    return np.asarray(soundfile.read(path, dtype="int32", always_2d=True)[0].T, np.int64) >> 8


@pytest.mark.parametrize("channels", [1, 2])
def test_the_file_holds_the_samples_times_the_gain_to_24_bits(
    studio: Studio, pink_noise: Noise, channels: int
) -> None:
    audio = pink_noise(2.9, 48_000, channels)
    encoded = studio.encode(audio, 48_000)
    gain = 10 ** (encoded.recipe.gain_db / 20)
    assert encoded.recipe.gain_db != 0
    expected = np.rint(audio.astype(np.float64) * gain * 2**23)
    assert np.array_equal(samples_24(encoded.temporary), expected)


def test_what_is_right_by_construction_is_kept_as_it_was_streamed(studio: Studio, pink_noise: Noise) -> None:
    audio = pink_noise(1)
    encoded = studio.encode(audio, 48_000, loudness="by_construction")
    assert encoded.recipe.gain_db == 0
    assert np.array_equal(samples_24(encoded.temporary), np.rint(audio.astype(np.float64) * 2**23))


def test_full_scale_does_not_wrap_around(studio: Studio) -> None:
    encoded = studio.encode(np.array([[1.0, -1.0]], np.float32), loudness="by_construction")
    assert samples_24(encoded.temporary).tolist() == [[2**23 - 1, -(2**23)]]


def test_the_file_is_as_loud_as_the_recipe_says(studio: Studio, pink_noise: Noise) -> None:
    encoded = studio.encode(0.1 * pink_noise(6), 48_000)
    audio, rate = soundfile.read(encoded.temporary)
    measured = pyloudnorm.Meter(rate).integrated_loudness(audio)
    assert encoded.recipe.loudness_lufs == pytest.approx(measured, abs=0.1)
    assert encoded.recipe.true_peak_dbtp is not None
    assert encoded.recipe.true_peak_dbtp <= -1.0
    peak_db = 20 * math.log10(np.abs(audio).max())
    assert peak_db - 0.01 <= encoded.recipe.true_peak_dbtp < peak_db + 1


def test_silence_stays_silence_and_has_no_loudness(studio: Studio) -> None:
    encoded = studio.encode(np.zeros((2, 8_000), np.float32))
    recipe = encoded.recipe
    assert (recipe.gain_db, recipe.loudness_lufs, recipe.true_peak_dbtp) == (0, None, None)
    assert not samples_24(encoded.temporary).any()


def test_the_recipe_comes_back_from_the_files_tag(studio: Studio, pink_noise: Noise) -> None:
    encoded = studio.encode(
        pink_noise(0.5, 8_000),
        prompt=AWKWARD,
        licence="CC-BY-NC 4.0",
        options={"steps": 30, "layers": ["vinyl", None], "deep": {"x": 0.1}},
        extra={"provider": "CPU"},
    )
    recipe = read_recipe(encoded.temporary)
    assert recipe == encoded.recipe
    assert recipe.prompt == AWKWARD
    assert recipe.options["deep"] == {"x": 0.1}
    assert (recipe.software, recipe.software_version) == ("lofi-core", __version__)


def test_the_tags_a_player_shows_are_one_printable_line_each(studio: Studio, pink_noise: Noise) -> None:
    encoded = studio.encode(pink_noise(0.5, 8_000), prompt=AWKWARD, licence="MIT")
    tags: Any = FLAC(encoded.temporary)  # type: ignore[no-untyped-call]
    line = 'rainy "night" jazzy rhodes [31m; DROP TABLE tracks; 雨の夜 🎹 100%_done'
    assert tags["TITLE"] == tags["COMMENT"] == [line]
    assert tags["ARTIST"] == ["lofi-core · sine"]
    assert tags["DATE"] == [encoded.recipe.created_at[:10]]
    assert tags["LICENSE"] == ["MIT"]


def test_a_title_is_the_title_and_a_long_prompt_is_cut_for_one(studio: Studio, pink_noise: Noise) -> None:
    def title(**fields: Any) -> str:
        tags: Any = FLAC(studio.encode(pink_noise(0.1, 8_000), **fields).temporary)  # type: ignore[no-untyped-call]
        return str(tags["TITLE"][0])

    assert title(title="Rain\nII") == "Rain II"
    assert title(prompt="la " * 100) == "la " * 26 + "l…"


def test_progress_rises_to_one(studio: Studio, pink_noise: Noise) -> None:
    spool = studio.spool(pink_noise(5), 48_000)
    fractions = list(studio.store.encode(spool, studio.draft()))
    assert len(fractions) == 4
    assert fractions == sorted(fractions)
    assert fractions[-1] == 1.0


def test_giving_up_half_way_leaves_no_file(studio: Studio, pink_noise: Noise) -> None:
    steps = studio.store.encode(studio.spool(pink_noise(5), 48_000), studio.draft())
    next(steps)
    assert studio.leftovers()
    steps.close()
    assert not studio.leftovers()


def test_no_audio_at_all_is_the_backends_fault(studio: Studio) -> None:
    with pytest.raises(InferenceFailed, match="without any audio"):
        studio.encode(np.zeros((2, 0), np.float32))
    assert not studio.leftovers()


def test_a_full_disk_is_told_and_leaves_no_file(
    studio: Studio, pink_noise: Noise, full_disk: Callable[[int], Any]
) -> None:
    spool = studio.spool(pink_noise(3), 48_000)
    with full_disk(100_000), pytest.raises(TrackWriteFailed, match=studio.draft().track_id) as caught:
        studio.complete(studio.store.encode(spool, studio.draft()))
    assert "is it full" in str(caught.value.hint)
    assert not studio.leftovers()


def test_an_id_that_is_no_hash_never_becomes_a_path(studio: Studio, pink_noise: Noise) -> None:
    with pytest.raises(ValueError, match="32 hex digits"):
        studio.encode(pink_noise(0.1, 8_000), track_id="../../etc/passwd")


@pytest.mark.parametrize("content", [b"", b"not a flac at all"])
def test_a_file_that_is_no_flac_has_no_recipe(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "x.flac"
    path.write_bytes(content)
    with pytest.raises(TrackWriteFailed, match=r"x\.flac"):
        read_recipe(path)


def test_a_foreign_flac_has_no_recipe(tmp_path: Path) -> None:
    path = temporary_path(tmp_path, ".flac")
    soundfile.write(path, np.zeros(100), 8_000)
    with pytest.raises(TrackWriteFailed, match="no LOFI_RECIPE tag"):
        read_recipe(path)
