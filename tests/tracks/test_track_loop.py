"""Does a track that repeats say where, in each format that it leaves the store in?"""

from __future__ import annotations

import struct
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

import mutagen
import pytest
import soundfile

from lofi_core import Loop
from lofi_core.tracks.export import export_steps
from lofi_core.tracks.recipes import read_recipe
from lofi_core.tracks.tags import loop_of
from tests.tracks.conftest import Studio, complete, make_noise

if TYPE_CHECKING:
    from lofi_core.tracks.track import Track

START, LENGTH = 100, 90_001
LOOP = {"loop": {"start": START, "length": LENGTH}}


@pytest.fixture
def loop(studio: Studio) -> Track:
    return studio.store.commit(studio.encode(make_noise(2.0), 48_000, extra=LOOP))


def exported(track: Track, folder: Path, format_name: str) -> Path:
    target = folder / f"x.{format_name}"

    def source() -> BinaryIO:
        return Path(track.path).open("rb")

    complete(export_steps(source, track.title, track.recipe, target, format_name, overwrite=False))
    return target


def chunks(wav: bytes) -> dict[bytes, bytes]:
    """The chunks of a RIFF file, which fill it to its end."""
    riff, size, kind = struct.unpack("<4sI4s", wav[:12])
    assert (riff, kind) == (b"RIFF", b"WAVE")
    assert size + 8 == len(wav)
    found, at = {}, 12
    while at < len(wav):
        name, length = struct.unpack("<4sI", wav[at : at + 8])
        found[name] = wav[at + 8 : at + 8 + length]
        at += 8 + length + length % 2
    assert at == len(wav)
    return found


@pytest.mark.parametrize("format_name", ["flac", "ogg", "opus"])
def test_tags_tell_the_loop_beside_the_title(loop: Track, tmp_path: Path, format_name: str) -> None:
    tags: Any = mutagen.File(exported(loop, tmp_path, format_name))
    assert (tags["LOOPSTART"], tags["LOOPLENGTH"]) == ([str(START)], [str(LENGTH)])
    assert tags["TITLE"]


def test_an_mp3_tells_the_loop(loop: Track, tmp_path: Path) -> None:
    tags: Any = mutagen.File(exported(loop, tmp_path, "mp3"))
    assert tags["TXXX:LOOPLENGTH"].text == [str(LENGTH)]


def test_a_wav_has_a_sampler_chunk(loop: Track, tmp_path: Path) -> None:
    path = exported(loop, tmp_path, "wav")
    fields = struct.unpack("<15I", chunks(path.read_bytes())[b"smpl"])
    assert fields[2] == 20_833  # ns a sample
    assert fields[7] == 1  # loop
    assert fields[11:13] == (START, START + LENGTH - 1)
    assert soundfile.info(path).frames == soundfile.info(loop.path).frames


@pytest.mark.parametrize("extra", [{}, {"loop": "all of it"}, {"loop": {"start": -1, "length": 2}}])
def test_other_tracks_tell_none(studio: Studio, tmp_path: Path, extra: dict[str, Any]) -> None:
    track = studio.store.commit(studio.encode(make_noise(2.0), 48_000, extra=extra))
    assert b"smpl" not in chunks(exported(track, tmp_path, "wav").read_bytes())
    assert "LOOPSTART" not in mutagen.File(track.path)


def test_the_recipe_keeps_the_loop(loop: Track, tmp_path: Path) -> None:
    assert loop_of(read_recipe(exported(loop, tmp_path, "flac"))) == Loop(START, LENGTH)


@pytest.mark.parametrize(("start", "length"), [(-1, 10), (0, 0)])
def test_a_loop_without_samples_is_none(start: int, length: int) -> None:
    with pytest.raises(ValueError, match="is none"):
        Loop(start, length)
