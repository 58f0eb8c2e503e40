"""Where do tracks and their temporary files lie, and which of these belong to nobody any more?"""

from __future__ import annotations

import os
import re
import secrets
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

TRACKS = "tracks"
# Process ids are used again (a container's daemon always has the same one); this tells us from our ancestors.
_THIS_RUN = secrets.token_hex(4)
_TEMPORARY = re.compile(r"\.tmp-(\d+)-([0-9a-f]{8})-.+")
_TRACK_ID = re.compile(r"[0-9a-f]{32}")


def track_path(data_dir: Path, track_id: str) -> Path:
    """The FLAC of a track.

    Raises:
        ValueError: `track_id` is not 32 hex digits, so it names no file.
    """
    if not _TRACK_ID.fullmatch(track_id):
        raise ValueError(f"track id is {track_id!r}; must be 32 hex digits")
    return data_dir.joinpath(TRACKS, track_id[:2], f"{track_id}.flac")  # at once: pages have many


def kept_path(data_dir: Path, track_id: str) -> Path:
    """The arrays kept with a track, where there are any."""
    return track_path(data_dir, track_id).with_suffix(".npz")


def tracks_dir(data_dir: Path) -> Path:
    """The folder of all tracks; temporary files lie directly in it."""
    return data_dir / TRACKS


def temporary_path(directory: Path, suffix: str) -> Path:
    """A name that is free in `directory` and tells whose it is."""
    return directory / f".tmp-{os.getpid()}-{_THIS_RUN}-{secrets.token_hex(8)}{suffix}"


def remove_leftovers(directory: Path) -> None:
    """Delete the temporary files of processes that ended before they could."""
    for path in directory.glob(".tmp-*"):
        owner = _TEMPORARY.fullmatch(path.name)
        if owner and not _is_alive(int(owner[1]), owner[2]):
            path.unlink(missing_ok=True)


def _is_alive(pid: int, run: str) -> bool:
    if pid == os.getpid():
        return run == _THIS_RUN
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except (PermissionError, OverflowError):
        return True
    return True


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
