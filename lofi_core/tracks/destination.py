"""May a client have a file written there, and in which format?"""

from __future__ import annotations

import os
import tempfile
from dataclasses import dataclass
from pathlib import Path

from lofi_core.errors import InvalidParams, NotPermitted, TrackWriteFailed


@dataclass(frozen=True, slots=True)
class Format:
    """How libsndfile is told of a format, and the sample rates it takes.

    Attributes:
        container: libsndfile's major format.
        subtype: and its encoding.
        sample_rates: Hz; empty is any.
        compression_level: 0 is best, 1 smallest; None is libsndfile's choice.
    """

    container: str
    subtype: str
    sample_rates: tuple[int, ...] = ()
    compression_level: float | None = None


FORMATS = {
    "flac": Format("FLAC", "PCM_24"),
    "wav": Format("WAV", "PCM_24"),
    "ogg": Format("OGG", "VORBIS", compression_level=0.4),  # Vorbis quality 6, about 190 kbit/s
    "opus": Format(
        *("OGG", "OPUS"),
        (8_000, 12_000, 16_000, 24_000, 48_000),
        compression_level=0.7,  # about 160 kbit/s
    ),
    "mp3": Format(
        *("MP3", "MPEG_LAYER_III"),
        (8_000, 11_025, 12_000, 16_000, 22_050, 24_000, 32_000, 44_100, 48_000),
        compression_level=0.2,  # LAME V2, about 190 kbit/s
    ),
}


def choose_format(path: str, name: str | None, sample_rate: int) -> str:
    """The format's name: `name`, or what the path's suffix says.

    Raises:
        InvalidParams: no such format, no suffix, or one that cannot hold the track's sample rate.
    """
    chosen = (name if name is not None else Path(path).suffix.removeprefix(".")).lower()
    if chosen not in FORMATS:
        what = f"format is {name!r}" if name is not None else f"{path!r} has no suffix that names a format"
        raise InvalidParams(
            f"{what}; the formats are {', '.join(FORMATS)}", "set format (--format), or give it such a suffix"
        )
    rates = FORMATS[chosen].sample_rates
    if rates and sample_rate not in rates:
        raise InvalidParams(
            f"{chosen} cannot hold {sample_rate} Hz; it takes {', '.join(map(str, rates))}",
            "export to flac, wav or ogg",
        )
    return chosen


def check_destination(path: str, data_dir: Path, *, overwrite: bool) -> Path:
    """Say where to write, with every symlink above the name resolved.

    Raises:
        InvalidParams: the path is not absolute, or names no file.
        NotPermitted: it lies inside the data directory.
        TrackWriteFailed: its folder is missing or read-only, or a file is there already.
    """
    given = Path(path)
    if not given.is_absolute():
        raise InvalidParams(f"path is {path!r}; must be absolute", f"try {Path.cwd() / 'track.flac'}")
    if given.name in {"", ".."} or path.endswith("/") or "\0" in path:
        raise InvalidParams(f"path is {path!r}; must end in a file name")
    try:
        parent = given.parent.resolve(strict=True)
        inside = any(folder.samefile(data_dir) for folder in (parent, *parent.parents))
    except (OSError, RuntimeError) as error:
        raise TrackWriteFailed(
            f"there is no folder {given.parent} that can be entered", "make it first"
        ) from error
    if not parent.is_dir():
        raise TrackWriteFailed(f"{given.parent} is not a folder", "choose another")
    if inside:
        raise NotPermitted(f"{path!r} lies inside the data directory", "export to a folder outside of it")
    target = parent / given.name
    _check_free(target, path, overwrite=overwrite)
    try:  # asking for permission is not enough: root has it on a read-only disk and in /proc, too
        tempfile.TemporaryFile(dir=parent).close()
    except OSError as error:
        problem = f"cannot write into {given.parent}: {error.strerror}"
        raise TrackWriteFailed(problem, "make it writable, or choose another") from error
    return target


def _check_free(target: Path, given: str, *, overwrite: bool) -> None:
    if not os.path.lexists(target):
        return
    if target.exists() and not target.is_file():
        raise InvalidParams(f"{given} is not a file", "give the name of a file")
    if not overwrite:
        raise already_there(given)


def already_there(target: Path | str) -> TrackWriteFailed:
    """The error for a file that nobody allowed us to replace."""
    return TrackWriteFailed(f"{target} is there already", "set overwrite (--force), or choose another name")
