"""What do a full disk, a read-only folder or a broken file look like to a user?"""

from __future__ import annotations

import errno
import sqlite3
from contextlib import contextmanager
from typing import TYPE_CHECKING

from lofi_core.errors import TrackWriteFailed

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

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
        reason = (error.strerror if isinstance(error, OSError) else None) or str(error) or "short write"
        raise TrackWriteFailed(f"{doing} failed: {reason}", _remedy(error, where)) from error


def _storage_errors() -> tuple[type[Exception], ...]:
    # Looked up only once something was raised: finding a track must not import numpy.
    from mutagen import MutagenError
    from soundfile import SoundFileError

    # soundfile asserts that libsndfile took all frames; it does not when the disk is full.
    return OSError, sqlite3.Error, SoundFileError, MutagenError, AssertionError


def _remedy(error: Exception, where: Path) -> str:
    name = getattr(error, "sqlite_errorname", "").split("_IOERR")[0]
    number = getattr(error, "errno", None)
    if number in _FULL or name in _SQLITE_FULL:
        return f"free some space on the disk that holds {where}"
    if number in _FORBIDDEN or name in _SQLITE_FORBIDDEN:
        return f"make {where} writable for this user"
    if name.startswith(_SQLITE_BROKEN):
        return f"the index is damaged; move {where} away and start again, the FLAC files stay"
    return f"check the disk that holds {where}: is it full, read-only or gone?"
