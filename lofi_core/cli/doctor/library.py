"""Can what the daemon keeps be read?"""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from functools import partial
from typing import TYPE_CHECKING

from lofi_core.cli.doctor.finding import Area, Finding
from lofi_core.cli.output import size
from lofi_core.tracks.index import SCHEMA_VERSION
from lofi_core.tracks.layout import set_aside_dir, tracks_dir

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from lofi_core.cli.doctor.patient import Patient

INDEX = "index.db"
BUSY_SEC = 0.5
_OF_THE_DISK = ("SQLITE_CANTOPEN", "SQLITE_IOERR", "SQLITE_PERM", "SQLITE_READONLY")
_AREA, _KEPT = Area("library"), Area("data")


def check_library(patient: Patient) -> Iterator[Finding]:
    """The index of tracks beside their files, then whatever else is kept."""
    data = patient.settings.paths.data
    if (data / INDEX).is_file():
        yield from _AREA.guarded(partial(_check_index, patient, data))
    else:
        yield _AREA.ok("no track was made yet")
    yield from _AREA.guarded(partial(_look_aside, set_aside_dir(data)))
    for path in sorted(data.glob("*.db")):
        if path.name != INDEX:
            yield from _KEPT.guarded(partial(_check_database, path))
    for path in sorted(data.glob("*.json")):
        yield from _KEPT.guarded(partial(_check_json, path))


def _check_index(patient: Patient, data: Path) -> Iterator[Finding]:
    index = data / INDEX
    with closing(_opened(index)) as connection:
        try:
            version = connection.execute("PRAGMA user_version").fetchone()[0]
            found = connection.execute("PRAGMA quick_check(1)").fetchone()[0]
            if version > SCHEMA_VERSION:
                told = f"{index} was made by a newer lofi-core (schema {version}, not {SCHEMA_VERSION})"
                yield _AREA.problem(told, "update this lofi-core")
                return
            if found != "ok":
                yield _damaged(_AREA, index, found)
                return
            count, held, patient.newest = connection.execute(
                "SELECT count(*), coalesce(sum(size_bytes), 0), max(created_at) FROM tracks"
            ).fetchone()
        except sqlite3.DatabaseError as error:
            yield _unread(_AREA, index, error)
            return
    there = sum(1 for _ in tracks_dir(data).glob("??/*.flac"))
    told = f"{count} tracks, {size(held)}"
    if there != count:
        remedy = "a daemon that starts sets it right; while one makes or deletes a track it may be so"
        yield _AREA.warning(f"{told} in the index, and {there} files", remedy)
    else:
        yield _AREA.ok(told)


def _look_aside(place: Path) -> Iterator[Finding]:
    sizes = [path.stat().st_size for path in place.glob("*")]
    if sizes:
        told = (
            f"{len(sizes)} files, {size(sum(sizes))}, are set aside in {place}: damaged, or no tracks of ours"
        )
        yield _AREA.warning(told, "the log says why; remove what you do not want")


def _check_database(path: Path) -> Iterator[Finding]:
    with closing(_opened(path)) as connection:
        try:
            found = connection.execute("PRAGMA quick_check(1)").fetchone()[0]
        except sqlite3.DatabaseError as error:
            yield _unread(_KEPT, path, error)
            return
    yield _KEPT.ok(f"{path} can be read") if found == "ok" else _damaged(_KEPT, path, found)


def _check_json(path: Path) -> Iterator[Finding]:
    try:
        json.loads(path.read_bytes())
    except ValueError as error:
        yield _KEPT.warning(f"{path} cannot be read: {error}", "remove it; the daemon begins a new one")
    else:
        yield _KEPT.ok(f"{path} can be read")


def _opened(path: Path) -> sqlite3.Connection:
    return sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True, timeout=BUSY_SEC)


def _unread(area: Area, path: Path, error: sqlite3.DatabaseError) -> Finding:
    """What it means that SQLite cannot read a file; not each time is the file the cause."""
    name = getattr(error, "sqlite_errorname", "")
    if name.startswith("SQLITE_BUSY"):
        return area.ok(f"{path} is in use")
    if name.startswith(_OF_THE_DISK):
        remedy = f"make {path.parent} writable for you: SQLite needs that to read, too"
        return area.problem(f"{path} cannot be read: {error}", remedy)
    return _damaged(area, path, error)


def _damaged(area: Area, path: Path, why: object) -> Finding:
    remedy = f"stop the daemon and move {path} away; tracks are files of their own, and stay"
    return area.problem(f"{path} is damaged: {why}", remedy)
