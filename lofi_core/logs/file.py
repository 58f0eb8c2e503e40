"""Where is the log kept? In a bounded file, of which a few older ones stay, for its owner's eyes only.

Each record is one write, in the thread that logs it: what a daemon said before it was killed is there. The
system takes it into its own memory, and nobody waits for a disk.
"""

from __future__ import annotations

import contextlib
import fcntl
import logging
import os
import stat
import sys
from itertools import pairwise
from typing import TYPE_CHECKING

from lofi_core.files import make_private_directory
from lofi_core.logs.lines import Formatter

if TYPE_CHECKING:
    from pathlib import Path

LOG_NAME = "lofi.log"
MAX_BYTES = 1_000_000  # of each file
BACKUPS = 3
_FLAGS = os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK


def begin_logging(level: str, path: Path | None = None) -> None:
    """Log to standard error, and to a file. That it cannot be written is told, and no reason to fail.

    Args:
        level: the least that is logged.
        path: of the file. Where standard error goes there already, it is written once, and what native code
            prints moves along when the next file is begun.
    """
    logging.raiseExceptions = False  # a closed terminal or a full disk must not make a traceback of each line
    handlers: list[logging.Handler] = []
    problem: OSError | None = None
    if path is not None:
        try:
            handlers.append(LogFile(path))
        except OSError as error:
            problem = error
    if not any(isinstance(handler, LogFile) and handler.has_stderr for handler in handlers):
        handlers.append(logging.StreamHandler(sys.stderr))
    for handler in handlers:
        handler.setFormatter(Formatter())
    logging.basicConfig(level=level.upper(), handlers=handlers)
    if problem is not None:
        logging.getLogger("lofi").warning("the log file %s cannot be written: %s", path, problem.strerror)


class LogFile(logging.Handler):
    """Appends to a file, and begins the next one where it is full. Daemons may share one.

    Args:
        path: its directory is made where it is not there.
        max_bytes: of one file; a record is never cut in two.
        backups: how many older files stay, as `NAME.1` and so on, the youngest first.

    Attributes:
        has_stderr: standard error goes to this file too.

    Raises:
        OSError: it cannot be written, or is no plain file.
    """

    def __init__(self, path: Path, max_bytes: int = MAX_BYTES, backups: int = BACKUPS) -> None:
        super().__init__()
        self._path = path
        self._max_bytes = max_bytes
        self._backups = backups
        self._file = open_log(path)
        self.has_stderr = _is_same(self._file, sys.__stderr__.fileno()) if sys.__stderr__ else False

    def emit(self, record: logging.LogRecord) -> None:
        """Write one record. On a full disk it is lost, and the next one is tried."""
        with contextlib.suppress(OSError):
            data = f"{self.format(record)}\n".encode("utf-8", "backslashreplace")
            self._make_room(len(data))
            os.write(self._file, data)

    def close(self) -> None:
        """Close the file."""
        super().close()
        with contextlib.suppress(OSError):
            os.close(self._file)

    def _make_room(self, size: int) -> None:
        if not self._is_in_place():  # somebody removed it, or another daemon has begun the next one
            self._reopen()
        held = os.fstat(self._file).st_size
        if held == 0 or held + size <= self._max_bytes:
            return
        fcntl.flock(self._file, fcntl.LOCK_EX)  # of daemons that share it, one begins the next
        try:
            if self._is_in_place():
                self._shift()
        finally:
            fcntl.flock(self._file, fcntl.LOCK_UN)
        self._reopen()

    def _is_in_place(self) -> bool:
        try:
            return os.path.samestat(os.lstat(self._path), os.fstat(self._file))
        except FileNotFoundError:
            return False

    def _shift(self) -> None:
        older = (self._path.with_name(f"{self._path.name}.{number + 1}") for number in range(self._backups))
        for young, old in reversed(list(pairwise([self._path, *older]))):
            with contextlib.suppress(FileNotFoundError):
                young.replace(old)

    def _reopen(self) -> None:
        file = open_log(self._path)
        os.close(self._file)
        self._file = file
        if self.has_stderr:
            for number in (1, 2):
                os.dup2(file, number)


def open_log(path: Path) -> int:
    """The file's descriptor, to append to; nobody else may read it.

    Raises:
        OSError: it cannot be written, is a link or is no plain file.
    """
    make_private_directory(path.parent)
    file = os.open(path, _FLAGS, 0o600)
    found = os.fstat(file)
    if not stat.S_ISREG(found.st_mode):
        os.close(file)
        raise OSError(None, "it is no plain file", str(path))
    if found.st_mode & 0o077:
        os.fchmod(file, 0o600)
    return file


def _is_same(one: int, other: int) -> bool:
    try:
        return os.path.samestat(os.fstat(one), os.fstat(other))
    except OSError:
        return False
