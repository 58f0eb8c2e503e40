"""Every exported file says what it is, to other programs and to us; a file of anybody's is met with doubt."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec
import mutagen
import numpy as np
import pytest
import soundfile

from lofi_core.errors import TrackWriteFailed
from lofi_core.tracks.recipes import (
    MAX_FILE_BYTES,
    MAX_RECIPE_CHARACTERS,
    InvalidRecipe,
    NoRecipe,
    read_recipe,
)
from lofi_core.tracks.track import RECIPE_TAG

if TYPE_CHECKING:
    from tests.tracks.conftest import Noise, Studio

FORMATS = ("flac", "wav", "ogg", "opus", "mp3")
AWKWARD = 'rainy "night"\njazzy\x00rhodes 雨の夜 🎹'
ONE_LINE = 'rainy "night" jazzy rhodes 雨の夜 🎹'
FFPROBE = shutil.which("ffprobe")


def exported(studio: Studio, noise: Noise, suffix: str, **fields: Any) -> Path:
    track = studio.store.commit(studio.encode(noise(0.5, 48_000), 48_000, prompt=AWKWARD, **fields))
    target = studio.root / f"out.{suffix}"
    studio.complete(studio.store.export(track.track_id, str(target)))
    return target


def with_tag(path: Path, text: str) -> Path:
    """A FLAC whose recipe somebody wrote."""
    soundfile.write(path, np.zeros(100), 8_000)
    file: Any = mutagen.File(path)
    file[RECIPE_TAG] = text
    file.save()
    return path


@pytest.mark.parametrize("suffix", FORMATS)
def test_the_recipe_travels_in_every_format(studio: Studio, pink_noise: Noise, suffix: str) -> None:
    target = exported(studio, pink_noise, suffix, options={"deep": {"x": 0.1}, "words": ["雨", None]})
    (track,), _ = studio.store.list()
    assert read_recipe(target) == track.recipe
    assert track.recipe.prompt == AWKWARD


def test_it_travels_whatever_the_file_is_called(studio: Studio, pink_noise: Noise) -> None:
    target = exported(studio, pink_noise, "mp3")
    assert read_recipe(target.rename(target.with_suffix(".flac"))).prompt == AWKWARD


@pytest.mark.skipif(FFPROBE is None, reason="no ffprobe")
@pytest.mark.parametrize("suffix", FORMATS)
def test_other_programs_show_title_artist_comment_date_and_recipe(
    studio: Studio, pink_noise: Noise, suffix: str
) -> None:
    target = exported(studio, pink_noise, suffix, title="Rain 雨")
    wanted = ("-v", "error", "-show_entries", "format_tags:stream_tags", "-of", "json")
    command = [str(FFPROBE), *wanted, str(target)]
    told = json.loads(subprocess.run(command, capture_output=True, check=True).stdout)
    places = [told["format"], *told.get("streams", [])]
    tags = {name.lower(): value for place in places for name, value in place.get("tags", {}).items()}
    assert (tags["title"], tags["artist"]) == ("Rain 雨", "lofi-core · sine")
    assert tags["date"] == read_recipe(target).created_at[:10]
    assert tags["comment"] == ONE_LINE
    if suffix != "wav":  # there ffprobe looks at LIST INFO only, which has no room for it
        assert json.loads(tags["lofi_recipe"])["prompt"] == AWKWARD


def test_the_digest_is_that_of_the_wavs_samples(studio: Studio, pink_noise: Noise) -> None:
    target = exported(studio, pink_noise, "wav")
    content = target.read_bytes()
    start = content.index(b"data") + 8
    samples = content[start : start + 24_000 * 2 * 3]
    assert read_recipe(target).samples_sha256 == hashlib.sha256(samples).hexdigest()


def test_a_recipe_of_a_version_that_took_no_digest_is_one(studio: Studio, tmp_path: Path) -> None:
    fields = msgspec.to_builtins(studio.add().recipe)
    del fields["samples_sha256"]
    assert read_recipe(with_tag(tmp_path / "old.flac", json.dumps(fields))).samples_sha256 is None


@pytest.mark.parametrize(
    ("name", "change"),
    [
        ("not JSON", lambda text: text[:-1]),
        ("no object", lambda _: "[1, 2]"),
        ("a member lacks", lambda text: text.replace('"seed"', '"sead"')),
        ("of another kind", lambda text: text.replace('"seed":7', '"seed":"7"')),
        ("no digest", lambda text: text.replace('"samples_sha256":"', '"samples_sha256":"../')),
        ("very deep", lambda _: "[" * 200_000),
        ("huge", lambda text: text.replace("prompt a", "la" * MAX_RECIPE_CHARACTERS)),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_recipe_that_cannot_be_one_is_refused(
    studio: Studio, tmp_path: Path, name: str, change: Any
) -> None:
    text = msgspec.json.encode(studio.add().recipe).decode()
    with pytest.raises(InvalidRecipe, match=r"bad\.flac"):
        read_recipe(with_tag(tmp_path / "bad.flac", change(text)))


def test_what_is_no_plain_file_is_refused_without_waiting(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.flac")
    with (tmp_path / "huge.flac").open("wb") as file:
        file.truncate(MAX_FILE_BYTES + 1)
    for path in (tmp_path / "pipe.flac", tmp_path, tmp_path / "huge.flac", Path("/dev/zero")):
        with pytest.raises(NoRecipe):
            read_recipe(path)
    with pytest.raises(TrackWriteFailed, match="No such file"):
        read_recipe(tmp_path / "missing.flac")
