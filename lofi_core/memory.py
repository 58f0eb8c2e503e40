"""How much memory does this process hold, how much may it hold, and how is it given back?"""

from __future__ import annotations

import ctypes
import gc
import os
import sys
from pathlib import Path

# Of the machine's memory: what models may take when nobody says. Editors and browsers want the rest.
AUTOMATIC_SHARE = 0.5
# What one process that runs backends may hold before its job is ended. Beyond that the system ends something.
PROCESS_SHARE = 0.9
PROC = Path("/proc")
_CGROUP_LIMIT = Path("/sys/fs/cgroup/memory.max")


def resident_bytes() -> int:
    """Memory this process really holds now."""
    return process_bytes(os.getpid()) or 0


def process_bytes(pid: int) -> int | None:
    """Memory a process really holds now. None when it is gone."""
    try:
        pages = (PROC / str(pid) / "statm").read_text().split()[1]
    except OSError:
        return None if (PROC / "self").exists() else _bytes_elsewhere(pid)
    return int(pages) * os.sysconf("SC_PAGE_SIZE")


def _bytes_elsewhere(pid: int) -> int | None:
    import psutil  # where there is no /proc

    try:
        held: int = psutil.Process(pid).memory_info().rss
    except psutil.Error:
        return None
    return held


def machine_bytes() -> int:
    """The memory of this machine, or of the container this process is in."""
    total = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    limit = _CGROUP_LIMIT.read_text().strip() if _CGROUP_LIMIT.exists() else "max"
    return min(total, int(limit)) if limit.isdigit() else total


def budget_bytes(memory_gb: float) -> int:
    """What all models together may take. 0 GB is automatic: half of the machine's memory."""
    return int(memory_gb * 1e9) or int(machine_bytes() * AUTOMATIC_SHARE)


def process_limit_bytes(process_gb: float) -> int:
    """What one process that runs backends may hold. 0 GB is automatic: nine tenths of the machine's."""
    return int(process_gb * 1e9) or int(machine_bytes() * PROCESS_SHARE)


def give_back() -> None:
    """Hand what nobody uses any more back to the system. In the thread that let go of it."""
    gc.collect()
    if sys.platform == "linux" and hasattr(libc := ctypes.CDLL(None), "malloc_trim"):
        libc.malloc_trim(0)  # glibc keeps freed memory for later otherwise
