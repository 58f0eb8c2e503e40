"""Which tracks are there? The SQLite table the store looks things up in."""

from __future__ import annotations

import os
import sqlite3
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

import msgspec

from lofi_core.errors import TrackWriteFailed
from lofi_core.tracks.track import Recipe, time_text
from lofi_core.tracks.words import fold

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence
    from pathlib import Path

SCHEMA_VERSION = 5
_SCHEMA = """
CREATE TABLE tracks (
    sequence   INTEGER PRIMARY KEY AUTOINCREMENT,
    track_id   TEXT NOT NULL UNIQUE,
    job_id     TEXT NOT NULL,
    title      TEXT,
    favourite  INTEGER NOT NULL,
    created_at TEXT NOT NULL,
    frames     INTEGER NOT NULL,
    size_bytes INTEGER NOT NULL,
    search     TEXT NOT NULL,
    recipe     BLOB NOT NULL,
    kept_bytes INTEGER NOT NULL DEFAULT 0,
    used_at    TEXT NOT NULL
);
CREATE INDEX tracks_by_job ON tracks (job_id);
CREATE INDEX tracks_by_size ON tracks (size_bytes, kept_bytes);
CREATE INDEX tracks_by_use ON tracks (favourite, used_at);
CREATE INDEX tracks_in_order ON tracks (sequence);
"""
# What makes the next version of each: 1 kept nothing beside the files, 2 did not note when a track was used,
# 3 listed by the clock's time, which may go back, 4 read all that comes before a page.
_STEPS = {
    1: """
ALTER TABLE tracks ADD COLUMN kept_bytes INTEGER NOT NULL DEFAULT 0;
DROP INDEX tracks_by_size;
CREATE INDEX tracks_by_size ON tracks (size_bytes, kept_bytes);
""",
    2: """
ALTER TABLE tracks ADD COLUMN used_at TEXT NOT NULL DEFAULT '';
UPDATE tracks SET used_at = created_at;
CREATE INDEX tracks_by_use ON tracks (favourite, used_at);
""",
    3: "DROP INDEX tracks_by_age",
    4: "CREATE INDEX tracks_in_order ON tracks (sequence)",
}


class DamagedIndex(sqlite3.DatabaseError):
    """The file is a database, and what is in it is not ours or cannot be read."""

    sqlite_errorname = "SQLITE_CORRUPT"


class Entry(msgspec.Struct, frozen=True, kw_only=True):
    """One row: what the file's recipe says, and what only the index knows."""

    track_id: str
    title: str | None
    favourite: bool
    frames: int
    size_bytes: int
    recipe: Recipe
    kept_bytes: int = 0


class TrackIndex:
    """The table. Used only in the thread that made it; `with index:` is a transaction."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._connection = sqlite3.connect(path)
        self._totals = 0, 0
        self._counted_at = -1, -1  # of changes: by us, and whatever SQLite counts those of others with
        self._file = path.stat()
        try:
            self._connection.execute("PRAGMA journal_mode = WAL")
            self._connection.execute("PRAGMA synchronous = NORMAL")
            self._migrate(path)
            self._connection.execute(f"{_SELECT} ORDER BY used_at LIMIT 1").fetchone()
        except BaseException as error:
            self._connection.close()
            if getattr(error, "sqlite_errorname", "") == "SQLITE_ERROR":  # no such table, no such column
                raise DamagedIndex(str(error)) from error
            raise

    def __enter__(self) -> None:
        if not self.is_in_place:  # SQLite would go on writing into a file that nobody opens any more
            raise DamagedIndex(f"{self._path} was removed, or another file was put in its place")
        self._connection.execute("BEGIN IMMEDIATE")

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        try:
            if kind is None:
                self._connection.commit()
        finally:
            self._connection.rollback()  # after a commit that failed, too; after one that did not, nothing

    @property
    def is_in_place(self) -> bool:
        """Whether the file at the path is still the one that is open."""
        try:
            return os.path.samestat(self._path.stat(), self._file)
        except OSError:
            return False

    def get(self, track_id: str) -> Entry | None:
        """The row of a track."""
        rows = self._connection.execute(f"{_SELECT} WHERE track_id = ?", (track_id,)).fetchall()
        return _entry(rows[0]) if rows else None

    def by_job(self, job_id: str) -> Entry | None:
        """The row of the track that a job made, unless another job made it again since."""
        rows = self._connection.execute(f"{_SELECT} WHERE job_id = ?", (job_id,)).fetchall()
        return _entry(rows[0]) if rows else None

    def put(self, entry: Entry, *, is_new: bool) -> None:
        """Add a row in place of any of the same id.

        A track that is made is the newest, and used last, whatever the clock says.

        Args:
            entry: the row.
            is_new: it was made just now; else its place and its use are of the time that its recipe says.

        Raises:
            TrackWriteFailed: the recipe holds what could not be read back.
        """
        recipe = entry.recipe
        encoded = msgspec.json.encode(recipe)
        try:
            _DECODER.decode(encoded)
        except msgspec.ValidationError as error:
            raise TrackWriteFailed(f"the recipe of track {entry.track_id} is unsound: {error}") from error
        self._connection.execute(
            "INSERT OR REPLACE INTO tracks"
            " (sequence, track_id, job_id, title, favourite, created_at, frames, size_bytes, search, recipe,"
            " kept_bytes, used_at)"
            " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (
                *(self._place(recipe.created_at, is_new=is_new), entry.track_id, recipe.job_id),
                *(entry.title, entry.favourite, recipe.created_at, entry.frames, entry.size_bytes),
                *(_searchable(entry), encoded, entry.kept_bytes),
                self._later_use(recipe.created_at) if is_new else recipe.created_at,
            ),
        )

    def update(self, entry: Entry) -> None:
        """Change title and favourite of the row; its age stays."""
        self._connection.execute(
            "UPDATE tracks SET title = ?, favourite = ?, search = ? WHERE track_id = ?",
            (entry.title, entry.favourite, _searchable(entry), entry.track_id),
        )

    def use(self, track_id: str, used_at: str) -> None:
        """Note that a track was played, exported or asked for: last of all, also when the clock went back."""
        row = self._connection.execute(
            "UPDATE tracks SET used_at = ? WHERE track_id = ?", (self._later_use(used_at), track_id)
        )
        ours, others = self._counted_at
        self._counted_at = ours + row.rowcount, others  # the totals stay

    def least_used(self, keep: Collection[str], since: str, now: str) -> str | None:
        """The track that was used longest ago; no favourite, none of `keep`, none used in between."""
        rows = self._connection.execute(
            "SELECT track_id FROM tracks WHERE favourite = 0 AND NOT (used_at > ? AND used_at <= ?)"
            " ORDER BY used_at, sequence",
            (since, now),
        )
        return next((track_id for (track_id,) in rows if track_id not in keep), None)

    def remove(self, track_id: str) -> None:
        """Drop the row of a track, if there is one."""
        self._connection.execute("DELETE FROM tracks WHERE track_id = ?", (track_id,))

    def page(
        self, limit: int, offset: int, query: str | None, *, favourite: bool | None
    ) -> tuple[Sequence[Entry], int]:
        """Rows newest first, and how many there are in all. Arguments as in `TrackStore.list`."""
        # instr, not LIKE: no letter of a word is a wildcard, and the folding knows more than ASCII
        words = fold(query or "").split()
        conditions = ["instr(search, ?) > 0" for _ in words]
        values: list[Any] = list(words)
        if favourite is not None:
            conditions.append("favourite = ?")
            values.append(favourite)
        where = f" WHERE {' AND '.join(conditions)}" if conditions else ""
        if not conditions:
            # What is skipped is skipped in a small index: the rows themselves fill thousands of pages.
            ordered = "SELECT sequence FROM tracks INDEXED BY tracks_in_order ORDER BY sequence DESC"
            rows = self._connection.execute(
                f"{_SELECT} WHERE sequence <= ({ordered} LIMIT 1 OFFSET ?) ORDER BY sequence DESC LIMIT ?",
                (offset, limit),
            )
            return [_entry(row) for row in rows], self.count_and_bytes()[0]
        rows = self._connection.execute(
            f"{_SELECT}{where} ORDER BY sequence DESC LIMIT ? OFFSET ?", (*values, limit, offset)
        )
        entries = [_entry(row) for row in rows]
        counted = f"SELECT count(*) FROM tracks{where}"  # noqa: S608 - `where` is our own text
        return entries, self._connection.execute(counted, values).fetchone()[0]

    def sizes(self, prefix: str) -> dict[str, int]:
        """The size of the file of each track whose id begins so."""
        rows = self._connection.execute(
            "SELECT track_id, size_bytes FROM tracks WHERE track_id >= ? AND track_id < ?",
            (prefix, f"{prefix}g"),  # behind every hex digit
        )
        return dict(rows.fetchall())

    def marked(self, prefix: str) -> list[tuple[str, str | None, bool]]:
        """Id, title and favourite mark of each track of which somebody said one, and whose id begins so."""
        rows = self._connection.execute(
            "SELECT track_id, title, favourite FROM tracks WHERE track_id >= ? AND track_id < ?"
            " AND (favourite != 0 OR title IS NOT NULL)",
            (prefix, f"{prefix}g"),
        )
        return [(track_id, title, bool(favourite)) for track_id, title, favourite in rows]

    def count_and_bytes(self) -> tuple[int, int]:
        """How many tracks, and the size of their files together. From memory unless something has changed."""
        others = self._connection.execute("PRAGMA data_version").fetchone()[0]
        changes = self._connection.total_changes, others
        if changes != self._counted_at:
            row = self._connection.execute(
                "SELECT count(*), coalesce(sum(size_bytes + kept_bytes), 0) FROM tracks"
            ).fetchone()
            self._totals, self._counted_at = (row[0], row[1]), changes
        return self._totals

    def close(self) -> None:
        """Close the connection; SQLite folds the write-ahead log into the file."""
        self._connection.close()

    def _place(self, created_at: str, *, is_new: bool) -> int:
        """Where a track comes among all: at the end, or behind those that are no younger.

        Places are milliseconds since 1970 where the clock only ever went forward.
        """
        place = round(datetime.fromisoformat(created_at).timestamp() * 1000)
        if is_new:
            last = self._connection.execute("SELECT max(sequence) FROM tracks").fetchone()[0]
            return max(place, (last or 0) + 1)
        is_taken = "SELECT 1 FROM tracks WHERE sequence = ?"
        while self._connection.execute(is_taken, (place,)).fetchone():
            place += 1
        return place

    def _later_use(self, moment: str) -> str:
        """That moment, or the one behind the last use, if it is later."""
        last = "SELECT max(used_at) FROM tracks WHERE favourite = ?"  # one look at `tracks_by_use` each
        uses = [self._connection.execute(last, (mark,)).fetchone()[0] for mark in (0, 1)]
        latest = max((use for use in uses if use), default="")
        if moment > latest:
            return moment
        return time_text(datetime.fromisoformat(latest) + timedelta(milliseconds=1))

    def _migrate(self, path: Path) -> None:
        with self:
            version = self._connection.execute("PRAGMA user_version").fetchone()[0]
            if version > SCHEMA_VERSION:
                raise TrackWriteFailed(
                    f"{path} has schema {version}; this lofi-core knows {SCHEMA_VERSION}",
                    "it was made by a newer lofi-core; update this one",
                )
            if version < SCHEMA_VERSION:
                steps = [_STEPS[step] for step in range(version, SCHEMA_VERSION)] if version else [_SCHEMA]
                for statement in ";".join(steps).split(";"):
                    self._connection.execute(statement)
                self._connection.execute(f"PRAGMA user_version = {SCHEMA_VERSION}")


_SELECT = "SELECT track_id, title, favourite, frames, size_bytes, recipe, kept_bytes FROM tracks"
_DECODER = msgspec.json.Decoder(Recipe)


def _entry(row: tuple[Any, ...]) -> Entry:
    track_id, title, favourite, frames, size_bytes, encoded, kept_bytes = row
    try:
        recipe = _DECODER.decode(encoded)
    except (msgspec.MsgspecError, TypeError) as error:
        raise DamagedIndex(f"the recipe of track {track_id} cannot be read: {error}") from error
    return Entry(
        track_id=track_id,
        title=title,
        favourite=bool(favourite),
        frames=frames,
        size_bytes=size_bytes,
        recipe=recipe,
        kept_bytes=kept_bytes,
    )


def _searchable(entry: Entry) -> str:
    return fold(f"{entry.recipe.prompt}\n{entry.title or ''}\n{entry.recipe.backend}")
