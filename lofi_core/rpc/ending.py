"""A daemon that is on its way out says so in its lock file; whoever comes next waits for its end."""

from __future__ import annotations

import contextlib
import fcntl
import os
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

# Longer than a daemon takes that waits for a backend's step, an upload to the disk and a fade.
ENDING_SEC = 30.0
POLL_SEC = 0.02
MARK = b"ending"


def lock_path(socket_path: Path) -> Path:
    """The lock beside a socket. It is held as long as a daemon has anything to do with that path."""
    return socket_path.with_name(socket_path.name + ".lock")


def write_holder(lock: int, *, ending: bool) -> None:
    """Say in a lock file of ours who holds it, and whether that is about to change."""
    os.ftruncate(lock, 0)
    os.pwrite(lock, b"%d%s\n" % (os.getpid(), b" " + MARK if ending else b""), 0)


def wait_for_end(socket_path: Path, timeout_sec: float = ENDING_SEC) -> None:
    """Return when the daemon that holds the path has ended, or at once if it does not mean to."""
    _wait(socket_path, timeout_sec, only_if_ending=True)


def is_given_up(socket_path: Path, timeout_sec: float) -> bool:
    """Wait until nobody holds the path. False when somebody still does after so long."""
    return _wait(socket_path, timeout_sec, only_if_ending=False)


def _wait(socket_path: Path, timeout_sec: float, *, only_if_ending: bool) -> bool:
    try:
        lock = os.open(lock_path(socket_path), os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW)
    except OSError:
        return True  # nobody ever held it; anything else is told by who wants to hold it
    try:
        deadline = time.monotonic() + timeout_sec
        while not _is_free(lock):
            if only_if_ending and MARK not in os.pread(lock, 64, 0):
                return False
            if time.monotonic() > deadline:
                return False
            time.sleep(POLL_SEC)
        return True
    finally:
        os.close(lock)


def _is_free(lock: int) -> bool:
    with contextlib.suppress(BlockingIOError):
        fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
        fcntl.flock(lock, fcntl.LOCK_UN)
        return True
    return False
