"""How does a track leave the store? A copy in the format asked for, whole or not at all."""

from __future__ import annotations

import os
import shutil
from typing import TYPE_CHECKING, BinaryIO

import soundfile

from lofi_core.files import give_users_mode
from lofi_core.temporary import temporary_path
from lofi_core.tracks.destination import FORMATS, already_there
from lofi_core.tracks.encode import check_whole
from lofi_core.tracks.failures import storage_failures
from lofi_core.tracks.layout import sync_directory, sync_file
from lofi_core.tracks.tags import display_tags, flac_title, loop_of, write_tags
from lofi_core.tracks.track import Exported
from lofi_core.tracks.wav import add_sampler_loop

if TYPE_CHECKING:
    from collections.abc import Callable, Generator
    from pathlib import Path

    from lofi_core.tracks.track import Recipe

BLOCK_FRAMES = 16_384  # between two blocks others use the store thread; MP3 takes some 10 ms for one


def export_steps(
    source: Callable[[], BinaryIO],
    title: str | None,
    recipe: Recipe,
    target: Path,
    format_name: str,
    *,
    overwrite: bool,
) -> Generator[float, None, Exported]:
    """Write `target` by way of a temporary file beside it; yields the fraction done.

    Closing the generator before its end, or any failure, leaves the folder as it was.

    Args:
        source: opens a FLAC of ours, which is closed in the end.
        title: for the tags, which are written anew where they are not as in `source`.
        recipe: of the track.
        target: a new file, or one to be replaced with `overwrite`.
        format_name: one of `FORMATS`.
        overwrite: whether a file that is there goes.

    Raises:
        TrackWriteFailed: the disk is full or read-only, or a file appeared under that name meanwhile.
    """
    temporary = temporary_path(target.parent, f".{format_name}")
    try:
        with storage_failures(f"exporting to {target}", target.parent), source() as file:
            if format_name == "flac":
                _copy(file, temporary, title, recipe)
            else:
                yield from _transcode(file, temporary, format_name, title, recipe)
            give_users_mode(temporary)
            sync_file(temporary)
            size_bytes = temporary.stat().st_size
            _move(temporary, target, overwrite=overwrite)
            sync_directory(target.parent)
    finally:
        temporary.unlink(missing_ok=True)
    return Exported(str(target), size_bytes)


def _copy(source: BinaryIO, temporary: Path, title: str | None, recipe: Recipe) -> None:
    with temporary.open("xb") as file:
        shutil.copyfileobj(source, file)
    if flac_title(temporary) != display_tags(title, recipe)["title"]:  # it was renamed since it was made
        write_tags(temporary, "flac", title, recipe)


def _transcode(
    source: BinaryIO, temporary: Path, format_name: str, title: str | None, recipe: Recipe
) -> Generator[float, None, None]:
    kind = FORMATS[format_name]
    with soundfile.SoundFile(source) as sound:
        rate, channels, frames = sound.samplerate, sound.channels, sound.frames
        with soundfile.SoundFile(
            *(temporary, "x", rate, channels),
            subtype=kind.subtype,
            format=kind.container,
            compression_level=kind.compression_level,
        ) as file:
            if format_name == "wav":  # LIST INFO, which has to be told before the first sample
                for name, value in display_tags(title, recipe).items():
                    setattr(file, name, value)
            for offset in range(0, frames, BLOCK_FRAMES):
                file.write(sound.read(BLOCK_FRAMES, dtype="int32", always_2d=True))
                yield min(1.0, (offset + BLOCK_FRAMES) / frames)
    write_tags(temporary, format_name, title, recipe)
    if format_name == "wav" and (loop := loop_of(recipe)):
        with temporary.open("r+b") as wav:
            add_sampler_loop(wav, rate, loop.start, loop.length)
    check_whole(temporary, frames)


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
