"""Who may own the socket path, and how a socket gets there safely.

Order matters: take the lock, which the kernel frees when its holder dies; see whether anybody answers; remove
what a dead daemon left; bind a socket that is ours alone from birth.
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import os
import socket
import stat
import sys
from typing import TYPE_CHECKING, Self

from lofi_core.errors import NotPermitted

if TYPE_CHECKING:
    from pathlib import Path
    from types import TracebackType

OTHERS_MAY_WRITE = stat.S_IWGRP | stat.S_IWOTH


class AlreadyRunning(NotPermitted):
    """Another daemon serves that socket."""


class Listener:
    """A bound Unix socket and the lock beside it. Use as a context manager.

    It does not listen yet: until the daemon can answer, clients are refused rather than kept waiting.

    Args:
        path: of the socket, short enough for the system.

    Raises:
        AlreadyRunning: a live daemon holds the lock or answers on the path.
        NotPermitted: the directory is not ours, is a symlink, or others may write to it.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        _secure_directory(path.parent)
        self._lock = _take_lock(path)
        try:
            _clear_path(path)
            self.socket = _bind(path)
        except BaseException:
            os.close(self._lock)
            raise
        self._inode = os.lstat(path).st_ino

    @property
    def has_socket(self) -> bool:
        """Whether what lies at the path is our socket."""
        with contextlib.suppress(OSError):
            return os.lstat(self.path).st_ino == self._inode
        return False

    @property
    def has_lock(self) -> bool:
        """Whether the lock file at its path is the one that we hold."""
        with contextlib.suppress(OSError):
            return os.path.samestat(os.lstat(_lock_path(self.path)), os.fstat(self._lock))
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
        """Put a new socket at the path, as at the start. The old one is closed by whoever serves it.

        Raises:
            AlreadyRunning: somebody answers there.
            NotPermitted: there can be none.
        """
        _secure_directory(self.path.parent)
        _clear_path(self.path)
        self.socket = _bind(self.path)
        self._inode = os.lstat(self.path).st_ino

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Remove our socket while the lock is still ours, then let go of both. The lock file stays."""
        with contextlib.suppress(FileNotFoundError):
            if self.has_socket:
                self.path.unlink()
        self.socket.close()
        fcntl.flock(self._lock, fcntl.LOCK_UN)  # where a plugin forked, its child holds it, too
        os.close(self._lock)


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


def _lock_path(path: Path) -> Path:
    return path.with_name(path.name + ".lock")


def _take_lock(path: Path) -> int:
    lock_path = _lock_path(path)
    flags = os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW
    try:
        lock = os.open(lock_path, flags, 0o600)
    except OSError as error:
        raise NotPermitted(f"cannot open the lock file {lock_path}: {error.strerror}") from error
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        holder = os.read(lock, 20).decode(errors="replace").strip() or "unknown"
        os.close(lock)
        raise AlreadyRunning(
            f"a lofi-core daemon (pid {holder}) already serves {path}",
            "use it, stop it with `lofi-core shutdown`, or choose another --socket",
        ) from None
    os.ftruncate(lock, 0)
    os.pwrite(lock, f"{os.getpid()}\n".encode(), 0)
    return lock


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
