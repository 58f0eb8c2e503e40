"""Which daemon has this data directory? Known also when its socket and its lock file are gone.

The directory itself is locked, which nobody can remove as one does a file. A second daemon at another socket
is let in and told of, for the index takes several writers. One at the same socket is not: the first lives and
puts its socket back.
"""

from __future__ import annotations

import contextlib
import fcntl
import logging
import os
from typing import TYPE_CHECKING, Self

from lofi_core.files import replace_file
from lofi_core.rpc.listener import AlreadyRunning
from lofi_core.tracks.failures import storage_failures

if TYPE_CHECKING:
    from pathlib import Path

log = logging.getLogger("lofi")

FILE_NAME = "daemon"  # who has it, for messages: pid and socket


class DataClaim:
    """This process's claim to a data directory. Use as a context manager.

    Args:
        data_dir: made if it is not there.
        socket: that this daemon serves.

    Raises:
        AlreadyRunning: a living daemon serves that socket from there.
        TrackWriteFailed: there can be no such directory.
    """

    def __init__(self, data_dir: Path, socket: Path) -> None:
        self._note: Path | None = None
        with storage_failures(f"opening the data directory {data_dir}", data_dir):
            data_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
            self._directory = os.open(data_dir, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            self._claim(data_dir, socket)
        except BaseException:
            os.close(self._directory)
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.release()
        os.close(self._directory)

    def release(self) -> None:
        """Let go; where a plugin forked, its child holds it, too."""
        if self._note is not None:
            with contextlib.suppress(OSError):
                self._note.unlink()
        with contextlib.suppress(OSError):
            fcntl.flock(self._directory, fcntl.LOCK_UN)

    def _claim(self, data_dir: Path, socket: Path) -> None:
        note = data_dir / FILE_NAME
        try:
            fcntl.flock(self._directory, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            pid, place = _read(note)
            if place == str(socket):
                raise AlreadyRunning(
                    f"a lofi-core daemon (pid {pid}) already serves {socket}",
                    "use it, stop it with `lofi-core shutdown`, or choose another --socket",
                ) from None
            log.warning(
                "another lofi-core daemon (pid %s, socket %s) uses the data directory %s: both see all "
                "tracks, and whoever writes the playlist last decides what is played after a restart",
                *(pid, place, data_dir),
            )
        except OSError as error:  # some network file systems lock no directories
            log.debug("%s cannot be locked: %s", data_dir, error)
        else:
            with contextlib.suppress(OSError):  # it is for messages only
                replace_file(note, f"{os.getpid()}\n{socket}\n".encode())
                self._note = note


def _read(note: Path) -> tuple[str, str]:
    try:
        pid, place = note.read_text(errors="replace").splitlines()[:2]
    except (OSError, ValueError):
        return "unknown", "unknown"
    return pid, place
