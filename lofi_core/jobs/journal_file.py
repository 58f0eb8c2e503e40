"""Which jobs are accepted and not over, and how did the last thousand end? Two SQLite tables, on the disk.

A file of its own, not two more tables of the track index: that one can be made again from the files, so when
it is damaged it is thrown away and built anew; nobody could build the queue anew. And it has one owner: the
index is shared with `--no-daemon` and a second daemon, which must not run our jobs.
"""

from __future__ import annotations

import logging
import os
import sqlite3
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import msgspec

from lofi_core.errors import TrackWriteFailed
from lofi_core.jobs.history import MAX_ENDED
from lofi_core.jobs.job import Priority, State  # noqa: TC001 - msgspec reads them
from lofi_core.tracks.failures import storage_failures

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

log = logging.getLogger("lofi.jobs")

FILE_NAME = "jobs.db"
SCHEMA_VERSION = 1
# `has_worker`: it had the worker thread when this was written. Who finds that at a start knows which job ran
# when the daemon before died.
_SCHEMA = """
CREATE TABLE accepted (
    sequence    INTEGER PRIMARY KEY,
    job_id      TEXT NOT NULL UNIQUE,
    track_id    TEXT NOT NULL,
    request     BLOB NOT NULL,
    priority    TEXT NOT NULL,
    held        INTEGER NOT NULL,
    has_worker  INTEGER NOT NULL,
    interrupted INTEGER NOT NULL DEFAULT 0
);
CREATE TABLE ended (
    sequence INTEGER PRIMARY KEY,
    job_id   TEXT NOT NULL UNIQUE,
    track_id TEXT NOT NULL,
    state    TEXT NOT NULL,
    percent  INTEGER NOT NULL,
    code     TEXT,
    message  TEXT,
    hint     TEXT,
    path     TEXT
);
CREATE INDEX ended_by_track ON ended (track_id);
"""
# A daemon that dies lets go of the file a moment after its socket; one that lives never does.
BUSY_SEC = 1.0
# The write-ahead log is folded into the file when so many jobs have ended: that waits for the disk, and no
# client waits for an end. SQLite's own bound, in pages of 4 KiB, is for a log that grows without any.
FOLD_AFTER, MOST_LOG_PAGES = 64, 4_000
_BROKEN = ("SQLITE_NOTADB", "SQLITE_CORRUPT")
_ACCEPTED = "job_id, track_id, request, priority, held, has_worker, interrupted"
_ENDED = "job_id, track_id, state, percent, code, message, hint, path"
_PUT_ENDED = f"INSERT OR REPLACE INTO ended ({_ENDED}) VALUES (?, ?, ?, ?, ?, ?, ?, ?)"  # noqa: S608
_PUT_ACCEPTED = f"INSERT OR IGNORE INTO accepted ({_ACCEPTED}) VALUES (?, ?, ?, ?, ?, ?, ?)"  # noqa: S608


class InUse(TrackWriteFailed):
    """Another daemon writes this journal."""


class AcceptedJob(msgspec.Struct, array_like=True):
    """One row of `accepted`; `request` is for who wrote it."""

    job_id: str
    track_id: str
    request: bytes
    priority: Priority
    held: bool
    has_worker: bool = False
    interrupted: int = 0


class EndedJob(msgspec.Struct, array_like=True):
    """One row of `ended`."""

    job_id: str
    track_id: str
    state: State
    percent: int
    code: str | None = None
    message: str | None = None
    hint: str | None = None
    path: str | None = None


class JournalFile:
    """The journal's file. Used in one thread only, all but the first call after `open`.

    While it cannot be opened nothing is known of any job, `add` says why, and the rest has nothing to do.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._connection: sqlite3.Connection | None = None
        self._opened: os.stat_result  # the file that is open
        self._ends = 0

    def open(self) -> None:
        """Open or make the file. A damaged one is put aside: it costs jobs, not the daemon.

        Raises:
            InUse: another daemon has it.
            TrackWriteFailed: it cannot be written.
        """
        with self._failures("opening the journal"):
            self._path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            try:
                self._connection = _connected(self._path)
            except sqlite3.DatabaseError as error:
                if not _sqlite_name(error).startswith(_BROKEN):
                    raise
                aside = self._put_aside()
                log.warning(
                    "the journal %s is damaged, so jobs of before are lost; it is %s now: %s",
                    *(self._path, aside, error),
                )
                self._connection = _connected(self._path)
            self._opened = self._path.stat()

    def add(self, job: AcceptedJob) -> None:
        """Note an accepted job. It survives the process from here on.

        Raises:
            TrackWriteFailed: it is not noted.
        """
        if self._connection is None:
            self.open()
        elif not self._is_in_place():  # SQLite would go on writing into a file that nobody opens any more
            self._begin_anew(self._connection)
        with self._failures(f"noting job {job.job_id}"), self._transaction() as connection:
            connection.execute(_PUT_ACCEPTED, msgspec.structs.astuple(job))

    def withdraw(self, job_id: str) -> None:
        """Take back `add`: the job was not accepted after all."""
        if self._connection is None:
            return
        with self._failures(f"withdrawing job {job_id}"), self._transaction() as connection:
            connection.execute("DELETE FROM accepted WHERE job_id = ?", (job_id,))

    def note(self, job_id: str, priority: Priority, *, held: bool, has_worker: bool) -> None:
        """Note how a job stands now."""
        if self._connection is None:
            return
        with self._failures(f"noting job {job_id}"), self._transaction() as connection:
            connection.execute(
                "UPDATE accepted SET priority = ?, held = ?, has_worker = ? WHERE job_id = ?",
                (priority, held, has_worker, job_id),
            )

    def end(self, job: EndedJob) -> None:
        """Note how a job ended. Of those that ended longest ago, what is beyond the bound goes."""
        if self._connection is None:
            return
        with self._failures(f"noting the end of job {job.job_id}"), self._transaction() as connection:
            connection.execute("DELETE FROM accepted WHERE job_id = ?", (job.job_id,))
            connection.execute(_PUT_ENDED, msgspec.structs.astuple(job))
            connection.execute(
                "DELETE FROM ended WHERE sequence <= (SELECT max(sequence) FROM ended) - ?", (MAX_ENDED,)
            )
        self._ends += 1
        if self._ends % FOLD_AFTER == 0:
            with self._failures("folding the log"):
                self._connection.execute("PRAGMA wal_checkpoint(PASSIVE)")

    def find_ended(self, job_id: str | None, track_id: str | None) -> EndedJob | None:
        """The job of that id, or else the last one that was about that track, if it is over."""
        if self._connection is None:
            return None
        by, value = ("job_id", job_id) if job_id is not None else ("track_id", track_id)
        query = f"SELECT {_ENDED} FROM ended WHERE {by} = ? ORDER BY sequence DESC LIMIT 1"  # noqa: S608
        with self._failures(f"looking up job {value!r}"):
            row = self._connection.execute(query, (value,)).fetchone()
        return None if row is None else msgspec.convert(row, EndedJob)

    def take_stock(self) -> list[AcceptedJob]:
        """All that was accepted and is not over, oldest first, as a daemon finds it when it starts.

        What had the worker when the one before died was interrupted once more.
        """
        if self._connection is None:
            return []
        with self._failures("reading the journal"), self._transaction() as connection:
            connection.execute(
                "UPDATE accepted SET interrupted = interrupted + 1, has_worker = 0 WHERE has_worker"
            )
            rows = _all(connection, "accepted", _ACCEPTED)
        return [msgspec.convert(row, AcceptedJob, strict=False) for row in rows]  # 0 and 1 for booleans

    def close(self) -> None:
        """Close the file, at the end of a daemon that was told to end: no job was interrupted."""
        connection, self._connection = self._connection, None
        if connection is None:
            return
        try:
            with self._failures("closing the journal"):
                connection.execute("UPDATE accepted SET has_worker = 0 WHERE has_worker")
        finally:
            connection.close()

    @contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        connection = self._connection
        assert connection is not None  # noqa: S101 - callers look
        connection.execute("BEGIN IMMEDIATE")
        try:
            yield connection
            connection.execute("COMMIT")
        finally:
            if connection.in_transaction:
                connection.execute("ROLLBACK")

    @contextmanager
    def _failures(self, doing: str) -> Iterator[None]:
        try:
            with storage_failures(f"{doing} in {self._path}", self._path.parent):
                yield
        except TrackWriteFailed as error:
            name = _sqlite_name(error.__cause__)
            if name.startswith("SQLITE_BUSY"):
                raise InUse(f"another daemon keeps its jobs in {self._path}") from error
            if name.startswith(_BROKEN):
                hint = "start the daemon again: a damaged journal is put aside"
                raise TrackWriteFailed(error.message, hint) from error
            raise

    def _is_in_place(self) -> bool:
        try:
            return os.path.samestat(self._path.stat(), self._opened)
        except OSError:
            return False

    def _begin_anew(self, connection: sqlite3.Connection) -> None:
        """Somebody removed the file, and what was in it goes into another.

        Raises:
            InUse: there is another file already, which may be another daemon's.
            TrackWriteFailed: it cannot be made.
        """
        if self._path.exists():  # closing ours would remove the log of that one
            raise InUse(f"another journal was put in the place of {self._path}")
        log.warning("the journal %s was removed; what was in it is written into a new one", self._path)
        with self._failures("reading the journal"):
            accepted, ended = _all(connection, "accepted", _ACCEPTED), _all(connection, "ended", _ENDED)
        self._connection = None
        connection.close()  # before there is another: it removes the log of that name
        self.open()
        with self._failures("filling the journal"), self._transaction() as new:
            new.executemany(_PUT_ACCEPTED, accepted)
            new.executemany(_PUT_ENDED, ended)

    def _put_aside(self) -> Path:
        aside = self._path.with_name(f"{self._path.name}.damaged")
        self._path.replace(aside)
        self._path.with_name(f"{self._path.name}-wal").unlink(missing_ok=True)
        return aside


def _connected(path: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(path, timeout=BUSY_SEC, isolation_level=None)
    try:
        # The kernel frees the lock when the process dies; until then the file is this daemon's alone.
        connection.execute("PRAGMA locking_mode = EXCLUSIVE")
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = NORMAL")
        connection.execute(f"PRAGMA wal_autocheckpoint = {MOST_LOG_PAGES}")
        connection.execute("BEGIN IMMEDIATE")
        _migrate(connection, path)
        connection.execute("COMMIT")
    except BaseException:
        connection.close()
        raise
    return connection


def _migrate(connection: sqlite3.Connection, path: Path) -> None:
    (problem,) = connection.execute("PRAGMA quick_check(1)").fetchone()
    if problem != "ok":
        raise _Damaged(problem)
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    if version > SCHEMA_VERSION:
        raise TrackWriteFailed(
            f"{path} has schema {version}; this lofi-core knows {SCHEMA_VERSION}",
            "it was made by a newer lofi-core; update this one, or move the file away",
        )
    if version == 0:
        for statement in _SCHEMA.split(";"):
            connection.execute(statement)
        connection.execute(f"PRAGMA user_version = {SCHEMA_VERSION}")


def _all(connection: sqlite3.Connection, table: str, columns: str) -> list[tuple[Any, ...]]:
    return connection.execute(f"SELECT {columns} FROM {table} ORDER BY sequence").fetchall()  # noqa: S608


class _Damaged(sqlite3.DatabaseError):
    """What `quick_check` found."""

    sqlite_errorname = "SQLITE_CORRUPT"


def _sqlite_name(error: BaseException | None) -> str:
    return getattr(error, "sqlite_errorname", "")
