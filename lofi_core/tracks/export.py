"""How does a track leave the store? A copy in the format asked for, whole or not at all."""

from __future__ import annotations

import os
import shutil
from typing import TYPE_CHECKING

import soundfile

from lofi_core.tracks.destination import FORMATS, already_there
from lofi_core.tracks.encode import check_whole
from lofi_core.tracks.failures import storage_failures
from lofi_core.tracks.layout import sync_directory, sync_file, temporary_path
from lofi_core.tracks.tags import (
    add_loop_tags,
    display_tags,
    flac_title,
    loop_of,
    write_flac_tags,
    write_id3_tags,
)
from lofi_core.tracks.track import Exported
from lofi_core.tracks.wav import add_sampler_loop

if TYPE_CHECKING:
    from collections.abc import Generator
    from pathlib import Path

    from lofi_core.tracks.track import Track

BLOCK_FRAMES = 16_384  # between two blocks others use the store thread; MP3 takes some 10 ms for one


def export_steps(
    track: Track, target: Path, format_name: str, *, overwrite: bool
) -> Generator[float, None, Exported]:
    """Write `target` by way of a temporary file beside it; yields the fraction done.

    Closing the generator before its end, or any failure, leaves the folder as it was.

    Raises:
        TrackWriteFailed: the disk is full or read-only, or a file appeared under that name meanwhile.
    """
    temporary = temporary_path(target.parent, f".{format_name}")
    try:
        with storage_failures(f"exporting to {target}", target.parent):
            if format_name == "flac":
                _copy(track, temporary)
            else:
                yield from _transcode(track, temporary, format_name)
            sync_file(temporary)
            size_bytes = temporary.stat().st_size
            _move(temporary, target, overwrite=overwrite)
            sync_directory(target.parent)
    finally:
        temporary.unlink(missing_ok=True)
    return Exported(str(target), size_bytes)


def _copy(track: Track, temporary: Path) -> None:
    shutil.copyfile(track.path, temporary)
    title = display_tags(track.title, track.recipe)["title"]
    if flac_title(temporary) != title:  # it was renamed since it was made
        write_flac_tags(temporary, track.title, track.recipe)


def _transcode(track: Track, temporary: Path, format_name: str) -> Generator[float, None, None]:
    kind = FORMATS[format_name]
    with soundfile.SoundFile(track.path) as source:
        rate, channels, frames = source.samplerate, source.channels, source.frames
        with soundfile.SoundFile(
            *(temporary, "x", rate, channels),
            subtype=kind.subtype,
            format=kind.container,
            compression_level=kind.compression_level,
        ) as file:
            if format_name != "mp3":  # has to be told before the first sample
                for name, value in display_tags(track.title, track.recipe).items():
                    setattr(file, name, value)
            for offset in range(0, frames, BLOCK_FRAMES):
                file.write(source.read(BLOCK_FRAMES, dtype="int32", always_2d=True))
                yield min(1.0, (offset + BLOCK_FRAMES) / frames)
    check_whole(temporary, frames)
    if format_name == "mp3":
        write_id3_tags(temporary, track.title, track.recipe)
    elif format_name in {"ogg", "opus"}:
        add_loop_tags(temporary, track.recipe)
    elif loop := loop_of(track.recipe):
        with temporary.open("r+b") as wav:
            add_sampler_loop(wav, rate, loop.start, loop.length)


def _move(temporary: Path, target: Path, *, overwrite: bool) -> None:
    if overwrite:
        temporary.replace(target)
        return
    try:
        os.link(temporary, target)  # unlike a rename it never replaces a file that appeared meanwhile
    except FileExistsError as error:
        raise already_there(target) from error
    except OSError:  # a file system without links
        if os.path.lexists(target):
            raise already_there(target) from None
        temporary.replace(target)
