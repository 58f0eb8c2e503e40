"""The part of a file that is here: `NAME.part`, and beside it what the server said the whole one is.

Everything here waits for the disk: call it in a thread. What is written stays through a kill; the next
download goes on from it.
"""

from __future__ import annotations

import fcntl
import os
from typing import TYPE_CHECKING

import msgspec

from lofi_core.errors import ModelDownloadFailed
from lofi_core.files import replace_file
from lofi_core.models.source import Upstream

if TYPE_CHECKING:
    from pathlib import Path


class _Note(msgspec.Struct, frozen=True):
    """What `NAME.part.json` holds."""

    url: str
    upstream: Upstream


class Partial:
    """An open partial file, ours alone.

    Args:
        target: where the whole file will be.
        url: where it comes from. A part of something else is dropped.
        keep_unknown: keep a part of which nobody knows where it came from. Only for a file whose digest is
            known: at the end it decides.

    Raises:
        ModelDownloadFailed: another process is at it.
        OSError: it cannot be written.
    """

    def __init__(self, target: Path, url: str, *, keep_unknown: bool) -> None:
        self._target = target
        self._url = url
        self._path, self._note = part_paths(target)
        target.parent.mkdir(parents=True, exist_ok=True)
        flags = os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_NOFOLLOW | os.O_CLOEXEC
        self._file = os.fdopen(os.open(self._path, flags, 0o644), "r+b", buffering=0)
        try:
            self._lock()
            self.size = self._path.stat().st_size
            self.upstream = Upstream()
            note = self._read_note()
            if note is not None:
                self.upstream = note.upstream
            elif self.size and not keep_unknown:
                self.restart(Upstream())
        except BaseException:
            self._file.close()
            raise

    def append(self, data: bytes) -> None:
        """Write at the end."""
        view = memoryview(data)
        while view:
            written = self._file.write(view)
            view = view[written:]
            self.size += written

    def restart(self, upstream: Upstream) -> None:
        """Drop what is here; what comes next is the beginning of that file."""
        self._file.truncate(0)
        self.size = 0
        self.describe(upstream)

    def describe(self, upstream: Upstream) -> None:
        """Note what the server says, so that a later download can tell whether it is still the same."""
        self.upstream = upstream
        replace_file(self._note, msgspec.json.encode(_Note(self._url, upstream)))

    def learn(self, upstream: Upstream) -> None:
        """Note what a server says that was not known, of the file that is being continued."""
        old = self.upstream
        known = Upstream(
            size_bytes=upstream.size_bytes if old.size_bytes is None else old.size_bytes,
            etag=old.etag or upstream.etag,
            last_modified=old.last_modified or upstream.last_modified,
            sha256=old.sha256 or upstream.sha256,
        )
        if known != old:
            self.describe(known)

    def commit(self) -> None:
        """Give the file its name. It is on the disk by then."""
        os.fsync(self._file.fileno())
        self._path.replace(self._target)
        self._note.unlink(missing_ok=True)
        directory = os.open(self._target.parent, os.O_RDONLY)
        try:
            os.fsync(directory)
        finally:
            os.close(directory)

    def close(self) -> None:
        """Give up the lock. What was written stays, if anything was."""
        if self.size == 0:
            self._note.unlink(missing_ok=True)
            if self._path.exists() and self._path.stat().st_size == 0:
                self._path.unlink()
        self._file.close()

    @property
    def path(self) -> Path:
        """Of the partial file."""
        return self._path

    def _lock(self) -> None:
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            problem = f"another process is downloading {self._target}"
            raise ModelDownloadFailed(problem, "wait until it is done") from None
        there = self._path.stat() if self._path.exists() else None
        if there is None or not os.path.samestat(os.fstat(self._file.fileno()), there):
            # It got its name between our opening it and our locking it: this is not a part any more.
            raise ModelDownloadFailed(f"another process has just downloaded {self._target}", "ask again")

    def _read_note(self) -> _Note | None:
        try:
            note = msgspec.json.decode(self._note.read_bytes(), type=_Note)
        except (OSError, msgspec.MsgspecError, UnicodeDecodeError):
            return None
        return note if note.url == self._url else None


def part_paths(target: Path) -> tuple[Path, Path]:
    """The partial file of a file, and the note beside it."""
    return target.with_name(f"{target.name}.part"), target.with_name(f"{target.name}.part.json")


def part_size(target: Path) -> int:
    """How much of a file is here as a part, in bytes."""
    path, _ = part_paths(target)
    return path.stat().st_size if path.is_file() else 0
