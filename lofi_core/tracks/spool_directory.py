"""Which spools belong to this process, and which are left over from one that died?"""

from __future__ import annotations

import fcntl
import os
import shutil
import tempfile
from pathlib import Path

from lofi_core.files import locked
from lofi_core.tracks.failures import storage_failures

LOCK_NAME = "lock"


class SpoolDirectory:
    """A directory of this process under `cache_dir/spool`, marked as alive by a lock the kernel frees.

    Creating it removes those of dead processes. Directories come and go under one more lock, so that nobody
    takes a directory whose owner is about to lock it for a dead one's.

    Attributes:
        path: this process's directory, mode 0700.
    """

    def __init__(self, cache_dir: Path) -> None:
        self._root = cache_dir / "spool"
        with storage_failures(f"preparing {self._root}", cache_dir):
            self._root.mkdir(parents=True, exist_ok=True, mode=0o700)
            with locked(self._root / LOCK_NAME):
                _remove_dead(self._root)
                self.path = Path(tempfile.mkdtemp(dir=self._root, prefix=f"{os.getpid()}-"))
                self._lock = os.open(self.path / LOCK_NAME, os.O_RDWR | os.O_CREAT, 0o600)
                fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)

    def spool_path(self, name: str) -> Path:
        """A file name in this directory that is free: `name`, numbered when it was there before.

        Somebody may have emptied the cache meanwhile: the directory is there when this returns.

        Raises:
            ValueError: `name` is no plain file name.
        """
        if not name or Path(name).name != name:
            raise ValueError(f"spool name is {name!r}; must be a plain file name")
        with storage_failures(f"preparing {self.path}", self._root):
            self.path.mkdir(parents=True, exist_ok=True, mode=0o700)
        number, path = 1, self.path / f"{name}.wav"
        while path.exists():
            number += 1
            path = self.path / f"{name}-{number}.wav"
        return path

    def close(self) -> None:
        """Remove the directory with every spool in it."""
        shutil.rmtree(self.path, ignore_errors=True)
        os.close(self._lock)


def _remove_dead(root: Path) -> None:
    for directory in root.iterdir():
        if directory.is_dir() and not directory.is_symlink() and not _is_alive(directory):
            shutil.rmtree(directory, ignore_errors=True)


def _is_alive(directory: Path) -> bool:
    try:
        descriptor = os.open(directory / LOCK_NAME, os.O_RDWR)
    except FileNotFoundError:
        return False  # died between the two; nobody is there now, we hold the lock of the root
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(descriptor)
    return False
