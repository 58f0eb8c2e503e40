"""Which temporary files belong to a process that lives, and which to nobody any more?"""

from __future__ import annotations

import contextlib
import hashlib
import os
import re
import secrets
from functools import cache
from pathlib import Path

_NAME = re.compile(r"\.tmp-(\d+)-([0-9a-f]{8})-.+")
_BOOT_ID = Path("/proc/sys/kernel/random/boot_id")
_UNKNOWN = "00000000"


def temporary_path(directory: Path, suffix: str) -> Path:
    """A name that is free in `directory` and tells whose it is."""
    pid = os.getpid()
    return directory / f".tmp-{pid}-{_own_run(pid)}-{secrets.token_hex(8)}{suffix}"


def remove_leftovers(directory: Path) -> None:
    """Delete the temporary files of processes that ended before they could."""
    for path in directory.glob(".tmp-*"):
        if is_left_over(path.name):
            with contextlib.suppress(OSError):  # gone, another user's, or the disk is read-only
                path.unlink()


def is_left_over(name: str) -> bool:
    """Whether a file of that name is temporary, and nobody's any more."""
    owner = _NAME.fullmatch(name)
    return owner is not None and not _is_alive(int(owner[1]), owner[2])


def _is_alive(pid: int, run: str) -> bool:
    try:
        os.kill(pid, 0)
    except (ProcessLookupError, OverflowError):
        return False
    except PermissionError:
        return _run_of(pid) == run  # another user's: it may have our process's old number
    return _run_of(pid) in {run, _UNKNOWN}


@cache
def _own_run(pid: int) -> str:
    return _run_of(pid)


def _run_of(pid: int) -> str:
    """Eight hex digits for the moment at which a process began.

    Numbers of processes are used again (a container's daemon always has the same one); this tells one process
    from another of its number, whatever the clock says.
    """
    try:
        # Behind the name, which may hold anything, the twentieth field: ticks since the system started.
        ticks = Path(f"/proc/{pid}/stat").read_text(errors="replace").rpartition(")")[2].split()[19]
        moment = f"{_BOOT_ID.read_text()}{ticks}"
    except OSError:
        moment = _began_elsewhere(pid)
    return hashlib.blake2s(moment.encode(), digest_size=4).hexdigest() if moment else _UNKNOWN


def _began_elsewhere(pid: int) -> str:
    import psutil  # where there is no /proc

    try:
        return str(psutil.Process(pid).create_time())
    except psutil.Error:
        return ""
