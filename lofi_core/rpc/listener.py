"""Who may own the socket path, and how a socket gets there safely.

Order matters: take the lock, which the kernel frees when its holder dies; see whether anybody answers; remove
what a dead daemon left; bind a socket that is ours alone from birth.
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import logging
import os
import socket
import stat
import sys
import time
from typing import TYPE_CHECKING, Self

from lofi_core.errors import NotPermitted
from lofi_core.rpc.ending import lock_path, write_holder

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path
    from types import TracebackType

log = logging.getLogger("lofi.rpc")

OTHERS_MAY_WRITE = stat.S_IWGRP | stat.S_IWOTH
# Who wants to know whether anybody has the lock takes it for a moment (`ending.py`): that is no refusal.
LOCK_TRIES, LOCK_PAUSE_SEC = 10, 0.005


class AlreadyRunning(NotPermitted):
    """Another daemon serves that socket."""


class Listener:
    """A bound Unix socket and the lock beside it. Use as a context manager.

    It does not listen yet: until the daemon can answer, clients are refused rather than kept waiting.

    Args:
        path: of the socket, short enough for the system.
        handed: the socket that already listens there, if whoever started us has made it; see `handed.py`.

    Attributes:
        is_handed: whether the socket at the path stays when we go.
        is_hidden: whether new clients find no socket; see `hide`.

    Raises:
        AlreadyRunning: a live daemon holds the lock or answers on the path.
        NotPermitted: the directory is not ours, is a symlink, or others may write to it.
    """

    def __init__(self, path: Path, handed: socket.socket | None = None) -> None:
        self.path = path
        self.is_handed = handed is not None
        self.is_hidden = False
        self._aside = path.with_name(path.name + ".ending")
        _secure_directory(path.parent)
        self._lock = _take_lock(path)
        try:
            if handed is None:
                _clear_path(path)
                self._remove(self._aside)
            self.socket = handed or _bind(path)
        except BaseException:
            os.close(self._lock)
            raise
        self._inode = os.lstat(path).st_ino

    @property
    def has_socket(self) -> bool:
        """Whether what lies at the path is our socket."""
        return self._is_ours(self.path)

    @property
    def has_lock(self) -> bool:
        """Whether the lock file at its path is the one that we hold."""
        with contextlib.suppress(OSError):
            return os.path.samestat(os.lstat(lock_path(self.path)), os.fstat(self._lock))
        return False

    def take_lock(self) -> None:
        """Lock the file that lies there now, or a new one; the old one is let go.

        Raises:
            AlreadyRunning: another process holds it.
            NotPermitted: there can be none.
        """
        _secure_directory(self.path.parent)
        lock = _take_lock(self.path)
        os.close(self._lock)
        self._lock = lock

    def bind(self) -> None:
        """Put a new socket of our own at the path, as at the start, in place of the old one.

        Raises:
            AlreadyRunning: somebody answers there.
            NotPermitted: there can be none.
        """
        _secure_directory(self.path.parent)
        _clear_path(self.path)
        before, self.socket = self.socket, _bind(self.path)
        before.close()
        self.is_handed = False
        self._inode = os.lstat(self.path).st_ino

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def hide(self) -> None:
        """Let new clients find nobody, and the next daemon wait for our end, which comes soon.

        Who has connected by now, or is about to, is served as before. A socket that was handed to us stays
        where it is: its clients wait there for whoever is started next.
        """
        self.is_hidden = True
        with _told(f"write the lock file {lock_path(self.path)}"):
            write_holder(self._lock, ending=True)
        if not self.is_handed and self._is_ours(self.path):
            with _told(f"take the socket {self.path} away"):
                self.path.rename(self._aside)

    def show(self) -> None:
        """Undo `hide`."""
        self.is_hidden = False
        if not self.is_handed and self._is_ours(self._aside):
            with _told(f"put the socket {self.path} back"):
                self._aside.rename(self.path)
        with _told(f"write the lock file {lock_path(self.path)}"):
            write_holder(self._lock, ending=False)

    def close(self) -> None:
        """Remove our socket while the lock is still ours, then let go of both. The lock file stays."""
        if not self.is_handed:
            for place in (self.path, self._aside):
                if self._is_ours(place):
                    with _told(f"remove the socket {place}"):
                        place.unlink()
        self.socket.close()
        fcntl.flock(self._lock, fcntl.LOCK_UN)  # where a plugin forked, its child holds it, too
        os.close(self._lock)

    def _is_ours(self, place: Path) -> bool:
        with contextlib.suppress(OSError):
            return os.lstat(place).st_ino == self._inode
        return False

    @staticmethod
    def _remove(aside: Path) -> None:
        """Remove what a daemon left that died while it was ending. Nobody can be found there."""
        with contextlib.suppress(FileNotFoundError):
            if stat.S_ISSOCK(os.lstat(aside).st_mode):
                aside.unlink()


@contextlib.contextmanager
def _told(what: str) -> Iterator[None]:
    """On the way out a disk that is full or read-only stops nothing."""
    try:
        yield
    except OSError as error:
        log.warning("cannot %s: %s", what, error.strerror)


def _secure_directory(directory: Path) -> None:
    try:
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        found = os.lstat(directory)
    except FileExistsError:
        raise NotPermitted(f"{directory} is no directory", "choose another --socket") from None
    except OSError as error:
        raise NotPermitted(
            f"the socket's directory {directory} cannot be made: {error.strerror}", "choose another --socket"
        ) from error
    if not stat.S_ISDIR(found.st_mode):
        raise NotPermitted(f"{directory} is a symbolic link or no directory", "choose another --socket")
    if found.st_uid != os.geteuid():
        raise NotPermitted(
            f"{directory} belongs to user {found.st_uid}, not to you", "choose another --socket"
        )
    ours_by_name = directory.name == "lofi" or (directory.name == "run" and directory.parent.name == "lofi")
    if ours_by_name and found.st_mode & 0o077:
        directory.chmod(0o700)  # the default places; others are the user's business
    elif found.st_mode & OTHERS_MAY_WRITE:
        shared = found.st_mode & stat.S_ISVTX  # /tmp, as root sees it, must stay as it is
        raise NotPermitted(
            f"other users may write to {directory}, and could put their socket in place of ours",
            f"choose another --socket, such as {directory / 'lofi' / 'lofi.sock'}"
            if shared
            else f"chmod 700 {directory}, or choose another --socket",
        )


def _take_lock(path: Path) -> int:
    place = lock_path(path)
    flags = os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW
    try:
        lock = os.open(place, flags, 0o600)
    except OSError as error:
        raise NotPermitted(f"cannot open the lock file {place}: {error.strerror}") from error
    if not _is_locked(lock):
        holder = next(iter(os.read(lock, 20).decode(errors="replace").split()), "unknown")
        os.close(lock)
        raise AlreadyRunning(
            f"a lofi-core daemon (pid {holder}) already serves {path}",
            "use it, stop it with `lofi-core shutdown`, or choose another --socket",
        )
    try:
        write_holder(lock, ending=False)
    except OSError as error:
        os.close(lock)
        raise NotPermitted(f"cannot write the lock file {place}: {error.strerror}") from error
    return lock


def _is_locked(lock: int) -> bool:
    """Take the lock. False when somebody else has it."""
    for _ in range(LOCK_TRIES):
        with contextlib.suppress(BlockingIOError):
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return True
        time.sleep(LOCK_PAUSE_SEC)
    return False


def _clear_path(path: Path) -> None:
    """Remove a dead daemon's socket; refuse to touch a live one or anything that is no socket."""
    try:
        found = os.lstat(path)
    except FileNotFoundError:
        return
    if not stat.S_ISSOCK(found.st_mode):
        raise NotPermitted(f"{path} exists and is no socket", "remove it, or choose another --socket")
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
        probe.settimeout(1.0)
        try:
            probe.connect(str(path))
        except ConnectionRefusedError:
            path.unlink()
            return
        except OSError as error:
            if error.errno != errno.ENOENT:
                raise NotPermitted(
                    f"{path} cannot be taken over: {error}", "choose another --socket"
                ) from error
            return
    raise AlreadyRunning(f"another program already serves {path}", "stop it, or choose another --socket")


def _bind(path: Path) -> socket.socket:
    bound = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        if sys.platform == "darwin":  # fchmod on an unbound socket does nothing there
            before = os.umask(0o177)
            try:
                bound.bind(str(path))
            finally:
                os.umask(before)
        else:
            os.fchmod(bound.fileno(), 0o600)
            bound.bind(str(path))
        bound.setblocking(False)  # noqa: FBT003 - the standard library's signature
    except OSError as error:
        bound.close()
        raise NotPermitted(f"cannot listen on {path}: {error.strerror}", "choose another --socket") from error
    return bound
