"""A tag is found in what we write and in what taggers make of it; no file costs more than it should."""

from __future__ import annotations

import io
import shutil
import struct
import subprocess
import zlib
from typing import TYPE_CHECKING, Any

import mutagen
import mutagen.flac
import mutagen.id3
import numpy as np
import pytest
import soundfile
from hypothesis import given
from hypothesis import strategies as st

from lofi_core.tracks.find_tag import MAX_TAGS_BYTES, NotAudioError, find_tag

if TYPE_CHECKING:
    from pathlib import Path

TEXT = '{"prompt": "rain 雨 🎹"}' + " " * 70_000  # over a page of Ogg
KINDS = {"flac": ("FLAC", "PCM_24"), "wav": ("WAV", "PCM_24"), "ogg": ("OGG", "VORBIS"), "mp3": ("MP3", None)}
KINDS["opus"] = ("OGG", "OPUS")
FFMPEG = shutil.which("ffmpeg")
ID3: Any = mutagen.id3
COVER = np.random.default_rng(1).bytes(300_000)


def audio(path: Path) -> Path:
    container, subtype = KINDS[path.suffix[1:]]
    soundfile.write(path, np.zeros(48_000), 48_000, format=container, subtype=subtype)
    return path


def tagged(path: Path, encoding: int = 3, version: int = 4) -> Path:
    """With a cover and other tags before ours, by mutagen."""
    file: Any = mutagen.File(audio(path))
    if path.suffix in {".mp3", ".wav"}:
        file.add_tags()
        file.tags.add(ID3.APIC(encoding=0, mime="image/png", type=3, desc="", data=COVER))
        file.tags.add(ID3.TXXX(encoding=encoding, desc="OTHER", text="x"))
        file.tags.add(ID3.TXXX(encoding=encoding, desc="LOFI_TEST", text=TEXT))
        file.save(v2_version=version)
        return path
    if path.suffix == ".flac":
        picture = mutagen.flac.Picture()  # type: ignore[no-untyped-call]
        picture.data = COVER
        file.add_picture(picture)
    file["COVERART"] = "A" * 400_000
    file["LOFI_TEST"] = TEXT
    file["TITLE"] = "z"
    file.save()
    return path


def found(path: Path, name: str = "LOFI_TEST") -> str | None:
    with path.open("rb") as file:
        return find_tag(file, name)


@pytest.mark.parametrize("suffix", KINDS)
def test_it_is_found_among_others(tmp_path: Path, suffix: str) -> None:
    path = tagged(tmp_path / f"a.{suffix}")
    assert found(path) == TEXT
    assert found(path, "LOFI") is None
    assert found(audio(tmp_path / f"bare.{suffix}")) is None


@pytest.mark.parametrize(("encoding", "version"), [(1, 3), (1, 4), (2, 4), (3, 4)])
def test_it_is_found_in_any_encoding_and_version_of_id3(tmp_path: Path, encoding: int, version: int) -> None:
    assert found(tagged(tmp_path / "a.mp3", encoding, version)) == TEXT


@pytest.mark.skipif(FFMPEG is None, reason="no ffmpeg")
@pytest.mark.parametrize(
    ("suffix", "flags"),
    [
        ("flac", ()),
        ("ogg", ()),
        ("opus", ()),
        ("mp3", ("-id3v2_version", "3")),
        ("mp3", ("-id3v2_version", "4")),
    ],
)
def test_it_is_found_in_a_copy_that_ffmpeg_makes(tmp_path: Path, suffix: str, flags: tuple[str, ...]) -> None:
    path, copy = tagged(tmp_path / f"a.{suffix}"), tmp_path / f"b.{suffix}"
    command = [
        str(FFMPEG),
        "-v",
        "error",
        "-i",
        str(path),
        "-map",
        "0:a",
        "-codec",
        "copy",
        *flags,
        str(copy),
    ]
    subprocess.run(command, check=True)
    assert (found(copy) or "").strip() == TEXT.strip()


def id3(*frames: bytes, flags: int = 0) -> bytes:
    content = b"".join(frames)
    return b"ID3\x04\x00" + bytes([flags]) + syncsafe(len(content)) + content


def frame(content: bytes, bits: int = 0, kind: bytes = b"TXXX") -> bytes:
    return kind + syncsafe(len(content)) + struct.pack(">H", bits) + content


def syncsafe(size: int) -> bytes:
    return bytes((size >> shift) & 0x7F for shift in (21, 14, 7, 0))


def in_id3(content: bytes) -> str | None:
    return find_tag(io.BytesIO(content), "LOFI_TEST")


def test_a_frame_may_be_kept_from_looking_like_audio() -> None:
    told = b"\x01" + "LOFI_TEST\0".encode("utf-16") + "ÿÿ".encode("utf-16")
    kept_apart = told.replace(b"\xff", b"\xff\x00")
    assert in_id3(id3(frame(kept_apart, 0x0002))) == in_id3(id3(frame(kept_apart), flags=0x80)) == "ÿÿ"
    with_length = syncsafe(len(told)) + told
    assert in_id3(id3(frame(with_length, 0x0001))) == "ÿÿ"


def test_nothing_is_unpacked_and_frames_without_number_are_left_alone() -> None:
    bomb = zlib.compress(b"\x03LOFI_TEST\0" + bytes(20_000_000))
    assert in_id3(id3(frame(syncsafe(0) + bomb, 0x0009))) is None
    assert in_id3(id3(frame(b"x") * 400_000)) is None
    with pytest.raises(NotAudioError, match=f"over {MAX_TAGS_BYTES:,} bytes"):
        in_id3(b"ID3\x04\x00\x00" + syncsafe(MAX_TAGS_BYTES + 1))


@given(
    st.sampled_from(
        [b"fLaC", b"OggS", b"RIFF\0\0\0\0WAVE", b"RIFF\0\0\0\0WAVEid3 \x40\0\0\0ID3\x03", b"ID3\x03"]
    ),
    st.binary(max_size=300),
)
def test_whatever_follows_is_a_tag_or_no_audio(begin: bytes, rest: bytes) -> None:
    try:
        text = in_id3(begin + rest)
    except NotAudioError:
        text = None
    assert text is None or isinstance(text, str)


@pytest.mark.parametrize("suffix", KINDS)
def test_a_file_that_is_cut_off_or_scrambled_is_a_tag_or_no_audio(tmp_path: Path, suffix: str) -> None:
    content = tagged(tmp_path / f"a.{suffix}").read_bytes()
    rng = np.random.default_rng(3)
    for _ in range(40):
        changed = bytearray(content[: rng.integers(len(content))])
        for at in rng.integers(0, min(len(changed), 2_000) or 1, rng.integers(8)):
            changed[at : at + 1] = rng.bytes(1)
        try:
            text = in_id3(bytes(changed))
        except NotAudioError:
            continue
        assert text is None or len(text) <= len(content)
