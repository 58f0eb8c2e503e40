"""What becomes of an index that is damaged? It is put aside, and a new one begins, which the files fill."""

from __future__ import annotations

import logging
import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING

from lofi_core.tracks.index import TrackIndex

if TYPE_CHECKING:
    from pathlib import Path

log = logging.getLogger("lofi.tracks")

FILE_NAME = "index.db"
# What SQLite keeps beside a database.
_COMPANIONS = ("", "-wal", "-shm")
_DAMAGED = ("SQLITE_NOTADB", "SQLITE_CORRUPT")


def is_damage(error: BaseException | None) -> bool:
    """Whether an error says that the index itself is broken, not the disk below it."""
    return getattr(error, "sqlite_errorname", "").startswith(_DAMAGED)


def open_index(path: Path) -> tuple[TrackIndex, bool]:
    """Open or make the index; a damaged one is put aside.

    Returns:
        The index, and whether it is new in place of a damaged one.

    Raises:
        TrackWriteFailed: a newer lofi-core made it.
        sqlite3.Error, OSError: the disk does not let us.
    """
    try:
        return TrackIndex(path), False
    except sqlite3.DatabaseError as error:
        if not is_damage(error):
            raise
        put_aside(path, error)
        return TrackIndex(path), True


def replace_index(index: TrackIndex, path: Path, why: object) -> TrackIndex:
    """Close an index that is damaged, or not the file at its path any more, and open another.

    Raises:
        sqlite3.Error, OSError: the disk does not let us; one that cannot be put aside stays open.
    """
    if index.is_in_place:
        put_aside(path, why)
    else:
        log.error("%s; what is there now is completed from the tracks' own recipes", why)
    index.close()
    return open_index(path)[0]


def put_aside(path: Path, why: object) -> Path:
    """Move a damaged index out of the way; one that was put aside before is replaced."""
    aside = path.with_name(f"{path.name}.damaged")
    for companion in _COMPANIONS:
        target = aside.with_name(aside.name + companion)
        target.unlink(missing_ok=True)
        source = path.with_name(path.name + companion)
        if source.exists():
            source.rename(target)
    log.error(
        "the index %s is damaged (%s); it is %s now, and a new one is made from the tracks' own recipes",
        *(path, why, aside),
    )
    return aside


def find_damage(path: Path) -> str | None:
    """Read all of an index and say what is wrong with it. In any thread."""
    try:
        with closing(sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True)) as connection:
            found = str(connection.execute("PRAGMA quick_check(1)").fetchone()[0])
    except sqlite3.DatabaseError as error:
        return str(error) if is_damage(error) else None
    return None if found == "ok" else found
