"""What do a full disk, a read-only folder or a broken file look like to a user?"""

from __future__ import annotations

import contextlib
import errno
import os
import sqlite3
from contextlib import contextmanager
from typing import TYPE_CHECKING

from lofi_core.errors import TrackWriteFailed

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

SYSTEM_ERROR = 2  # libsndfile's, for what the disk says; all its others are about the content
# A write that failed is undone only after this was looked up.
FULL_BELOW_BYTES = 100_000
_FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}
_FORBIDDEN = {errno.EACCES, errno.EPERM, errno.EROFS}
_SQLITE_FULL = {"SQLITE_FULL"}
_SQLITE_FORBIDDEN = {"SQLITE_READONLY", "SQLITE_CANTOPEN", "SQLITE_PERM"}
_SQLITE_BROKEN = ("SQLITE_NOTADB", "SQLITE_CORRUPT")


class TrackDamaged(TrackWriteFailed):
    """The samples of a track cannot be read. Its file is set aside, and the library has it no more."""


@contextmanager
def storage_failures(doing: str, where: Path) -> Iterator[None]:
    """Turn what the disk, SQLite, libsndfile or mutagen raise into `TrackWriteFailed`.

    Args:
        doing: completes "… failed", with the value: `writing track 0af3…`.
        where: the file or folder, for the remedy.
    """
    try:
        yield
    except _storage_errors() as error:
        number = getattr(error, "errno", None)
        if isinstance(error, AssertionError) or getattr(error, "code", None) == SYSTEM_ERROR:
            number = _of_the_disk(where)
        reason = (os.strerror(number) if number else None) or str(error) or "short write"
        raise TrackWriteFailed(f"{doing} failed: {reason}", _remedy(error, number, where)) from error


def _storage_errors() -> tuple[type[Exception], ...]:
    # Looked up only once something was raised: finding a track must not import numpy.
    from mutagen import MutagenError
    from soundfile import SoundFileError

    # soundfile asserts that libsndfile took all frames; it does not when the disk is full.
    return OSError, sqlite3.Error, SoundFileError, MutagenError, AssertionError


def _of_the_disk(where: Path) -> int | None:
    """What libsndfile does not say: it knows but one "System error", where it says anything."""
    with contextlib.suppress(OSError):
        found = os.statvfs(where if where.exists() else where.parent)
        if found.f_flag & os.ST_RDONLY:
            return errno.EROFS
        if found.f_bavail * found.f_frsize < FULL_BELOW_BYTES:
            return errno.ENOSPC
    return None


def _remedy(error: Exception, number: int | None, where: Path) -> str:
    name = getattr(error, "sqlite_errorname", "").split("_IOERR")[0]
    if number in _FULL or name in _SQLITE_FULL:
        return f"free some space on the disk that holds {where}"
    if number in _FORBIDDEN or name in _SQLITE_FORBIDDEN:
        return f"make {where} writable for this user"
    if name.startswith(_SQLITE_BROKEN):
        return "the index is damaged: start the daemon again, and it is made anew from the tracks"
    if getattr(error, "code", SYSTEM_ERROR) != SYSTEM_ERROR:  # libsndfile's, about the content
        return "is it whole, and is it audio?"
    return f"check the disk that holds {where}: is it full, read-only or gone?"
