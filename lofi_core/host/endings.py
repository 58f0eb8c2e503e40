"""What does it mean that a backend's process ended by itself, in words?"""

from __future__ import annotations

import signal

from lofi_core.calls import SMALLER

LOG = "the daemon's log may say more; the next job starts a new process"


def ending(backend: str, status: int) -> tuple[str, str]:
    """Message and hint.

    Args:
        backend: whose process it was.
        status: as `subprocess` gives it: negative for a signal.
    """
    if status >= 0:
        return f"the process of {backend} ended by itself, with status {status}", LOG
    name = signal_name(-status)
    if name == "SIGKILL":
        # The kernel's killer leaves no other trace than this signal.
        return f"the process of {backend} was killed; often the system ran out of memory", f"{SMALLER}; {LOG}"
    if name == "SIGTERM":
        return f"the process of {backend} was told to end ({name})", LOG
    remedy = f"`lofi-core models check {backend}` checks its files"
    return f"the process of {backend} crashed ({name})", f"{remedy}; {LOG}"


def signal_name(number: int) -> str:
    """`SIGSEGV`, or `signal 40` where it has no name."""
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"
