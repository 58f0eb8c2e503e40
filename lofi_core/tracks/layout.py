"""Where do tracks lie, with what belongs to them, and what is no track?"""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

TRACKS = "tracks"
_TRACK_ID = re.compile(r"[0-9a-f]{32}")


def is_track_id(text: str) -> bool:
    """Whether it can be one: 32 hex digits."""
    return _TRACK_ID.fullmatch(text) is not None


def track_path(data_dir: Path, track_id: str) -> Path:
    """The FLAC of a track.

    Raises:
        ValueError: `track_id` is not 32 hex digits, so it names no file.
    """
    return data_dir / relative_path(track_id)


def relative_path(track_id: str) -> str:
    """The same from the data directory on, as text: a page has a hundred, and a `Path` takes its time."""
    if not is_track_id(track_id):
        raise ValueError(f"track id is {track_id!r}; must be 32 hex digits")
    return f"{TRACKS}/{track_id[:2]}/{track_id}.flac"


def kept_path(data_dir: Path, track_id: str) -> Path:
    """The arrays kept with a track, where there are any."""
    return track_path(data_dir, track_id).with_suffix(".npz")


def tracks_dir(data_dir: Path) -> Path:
    """The folder of all tracks; temporary files lie directly in it."""
    return data_dir / TRACKS


def marks_path(data_dir: Path, track_id: str) -> Path:
    """What people said of a track, where anybody did."""
    return track_path(data_dir, track_id).with_suffix(".json")


def set_aside_dir(data_dir: Path) -> Path:
    """Where files go that are no tracks, or no whole ones."""
    return data_dir / "set-aside"


def set_aside(data_dir: Path, path: Path) -> Path:
    """Move a file out of the way, under its own name or, where that is taken, a numbered one."""
    folder = set_aside_dir(data_dir)
    folder.mkdir(exist_ok=True, mode=0o700)
    number, target = 1, folder / path.name
    while os.path.lexists(target):
        number += 1
        target = folder / f"{path.stem}-{number}{path.suffix}"
    path.rename(target)
    return target


def is_set_aside(data_dir: Path, track_id: str) -> bool:
    """Whether the file of a track lies there."""
    return (set_aside_dir(data_dir) / track_path(data_dir, track_id).name).exists()


def size_of(path: Path) -> int | None:
    """Of a file, in bytes; None when there is none."""
    try:
        return path.stat().st_size
    except (FileNotFoundError, NotADirectoryError):
        return None


def sync_file(path: Path) -> None:
    """Have a file's content on the disk before anyone relies on it."""
    _fsync(path, os.O_RDONLY)


def sync_directory(path: Path) -> None:
    """Have a rename in a directory on the disk."""
    _fsync(path, os.O_RDONLY | os.O_DIRECTORY)


def _fsync(path: Path, flags: int) -> None:
    descriptor = os.open(path, flags)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
