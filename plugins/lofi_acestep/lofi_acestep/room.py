"""How much memory is there for decoding a track at once, and how much would that take?"""

from __future__ import annotations

import re
from pathlib import Path

# Measured with a DCAE of the published size and random weights on a CPU: 1.37 GB for 322 frames. It is eight
# arrays of its last stage: 128 channels of 128 mel bins, 8 mel frames a latent frame, in float32.
BYTES_PER_FRAME = 4_300_000
SHARE = 0.8  # of what is available; the rest is for everyone else
_MEMINFO, _CGROUP = Path("/proc/meminfo"), Path("/sys/fs/cgroup")


def whole_decode_bytes(frames: int) -> int:
    """What decoding so many latent frames at once takes, beside the weights."""
    return frames * BYTES_PER_FRAME


def fits(frames: int, available: int | None = None) -> bool:
    """Whether so many latent frames can be decoded at once.

    Args:
        frames: T.
        available: bytes; None: what the machine says. Where it does not say, everything fits.
    """
    room = available_bytes() if available is None else available
    return room is None or whole_decode_bytes(frames) <= room * SHARE


def available_bytes() -> int | None:
    """Memory this process could still take: of the machine, and of the container it is in."""
    rooms = [room for room in (_of_machine(), _of_container()) if room is not None]
    return min(rooms) if rooms else None


def _of_machine() -> int | None:
    if not _MEMINFO.exists():
        return None
    found = re.search(r"MemAvailable:\s+(\d+) kB", _MEMINFO.read_text())
    return int(found[1]) * 1024 if found else None


def _of_container() -> int | None:
    limit, current = _CGROUP / "memory.max", _CGROUP / "memory.current"
    if not (limit.exists() and current.exists()):
        return None
    allowed = limit.read_text().strip()
    return int(allowed) - int(current.read_text()) if allowed.isdigit() else None
