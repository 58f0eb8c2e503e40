"""How many clients can there be at once? As many as there are files to be open, and not without end."""

from __future__ import annotations

import contextlib
import resource

MAX_CLIENTS = 1000
# The index, spools, tracks, models, and the sockets of player and backends.
FILES_BESIDES = 200


def room_for_clients() -> int:
    """Have the system allow as many open files as `MAX_CLIENTS` need; how many clients there may be, then."""
    allowed, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = MAX_CLIENTS + FILES_BESIDES
    if not _is_enough(allowed, wanted):
        more = wanted if _is_enough(most, wanted) else most
        with contextlib.suppress(OSError, ValueError):  # then it is what it was
            resource.setrlimit(resource.RLIMIT_NOFILE, (more, most))
            allowed = more
    return MAX_CLIENTS if _is_enough(allowed, wanted) else max(allowed - FILES_BESIDES, allowed // 4)


def _is_enough(limit: int, wanted: int) -> bool:
    return limit == resource.RLIM_INFINITY or limit >= wanted
