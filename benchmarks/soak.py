"""Does anything grow while a daemon runs for long? Memory, tasks, threads, descriptors, processes, files.

`python -m benchmarks.soak [MINUTES]` has many kinds of clients use a daemon at once, on the null device.
After a fifth of the time they stop, and what there is at rest is counted; then they go on, and at the end it
is counted again. Memory is read all the time. Linux.
"""

from __future__ import annotations

import os
import statistics
import sys
import time
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

import psutil

from benchmarks.figures import Figure, show
from benchmarks.own_daemon import own_daemon, resident_mb
from benchmarks.soak_clients import Crowd

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from benchmarks.own_daemon import OwnDaemon

MINUTES, WARM_UP = 30.0, 0.2
LOOK_SEC, REST_SEC = 0.5, 150.0  # spools and an idle player stay for a minute
GROWTH_PERCENT = 5.0
POOL = min(32, (os.cpu_count() or 1) + 4)  # threads that asyncio starts when they are needed, and keeps
VARIABLES = {
    "LOFI_RADIO_DURATION_SEC": "6",
    "LOFI_RADIO_MAX_GB": "0.05",
    "LOFI_STORE_MAX_GB": "0.2",
    "LOFI_QUEUE_CAPACITY": "8",
}


class AtRest(NamedTuple):
    """What a daemon has when nobody wants anything. Its player is there."""

    tasks: int
    threads: int
    descriptors: int
    processes: int
    temporary_files: int


@dataclass
class Soaked:
    """What came of it.

    Attributes:
        before: at rest, after the warm-up.
        after: at rest, at the end.
        daemon_mb: memory while there was load, in the order of time.
        player_mb: the same, where there was a player.
        done: how often each kind of client did its part.
        refused: how often the daemon said no, by code.
        faults: what should not have happened.
    """

    before: AtRest
    after: AtRest
    daemon_mb: list[float] = field(default_factory=list)
    player_mb: list[float] = field(default_factory=list)
    done: dict[str, int] = field(default_factory=dict)
    refused: dict[str, int] = field(default_factory=dict)
    faults: list[str] = field(default_factory=list)


def main(minutes: float) -> None:
    """Run and print."""
    with own_daemon(**VARIABLES) as daemon:
        soaked = soak(daemon, minutes * 60)
    show(figures(soaked))
    for name, memory_mb in (("daemon", soaked.daemon_mb), ("player", soaked.player_mb)):
        print(f"  {name}, MB over time: " + " ".join(f"{value:.0f}" for value in in_parts(memory_mb, 10)))
    for name, counts in (("done", soaked.done), ("refused", soaked.refused)):
        print(f"  {name}: " + ", ".join(f"{what} {count:,}" for what, count in sorted(counts.items())))
    for fault in soaked.faults[:20]:
        print(f"  FAULT {fault}")


def soak(daemon: OwnDaemon, seconds: float) -> Soaked:
    """Warm up, look, load, look again."""
    exports = daemon.home / "exports"
    exports.mkdir()
    crowd = Crowd(daemon.home / "s", exports, seed=0)
    time.sleep(seconds * WARM_UP)
    crowd.stop()
    before = at_rest(daemon)
    soaked = Soaked(before, before, faults=list(crowd.faults))
    crowd = Crowd(daemon.home / "s", exports, seed=1_000_000)
    ends_at = time.monotonic() + seconds * (1 - WARM_UP)
    while time.monotonic() < ends_at:
        time.sleep(LOOK_SEC)
        soaked.daemon_mb.append(resident_mb(daemon.process.pid))
        with suppress(OSError, SystemExit):  # there may be no player just now
            soaked.player_mb.append(resident_mb(daemon.player_pid()))
    crowd.stop()
    soaked.after = at_rest(daemon, before)
    soaked.done, soaked.refused = crowd.done, crowd.refused
    soaked.faults += crowd.faults
    return soaked


def at_rest(daemon: OwnDaemon, expected: AtRest | None = None) -> AtRest:
    """What there is when all work is done; what goes only after a while, such as spools, is waited for."""
    client = daemon.client
    for method in ("queue_clear", "radio_stop", "stop", "playlist_clear"):
        client.call(method)
    for job in client.call("queue_status")["running"]:
        client.call("cancel", job_id=job["job_id"], force=True)
    client.call("audio_devices")  # there is a player now, whether or not there was one
    deadline = time.monotonic() + REST_SEC
    found = counted(daemon)
    while time.monotonic() < deadline:
        settled = is_as_before(found, expected) if expected else found.temporary_files == 0
        status = client.call("status")
        if settled and status["clients"] == 1 and not status["running"]:
            break
        time.sleep(LOOK_SEC)
        found = counted(daemon)
    return found


def is_as_before(after: AtRest, before: AtRest) -> bool:
    """Whether nothing was left; of asyncio's pool of threads, which grows with use, there may be more."""
    return after._replace(threads=0) == before._replace(threads=0) and after.threads <= before.threads + POOL


def counted(daemon: OwnDaemon) -> AtRest:
    """What there is now."""
    process = psutil.Process(daemon.process.pid)
    return AtRest(
        daemon.client.call("status")["tasks"],
        process.num_threads(),
        process.num_fds(),
        len(process.children(recursive=True)),
        sum(1 for _ in temporary_files(daemon.home)),
    )


def temporary_files(home: Path) -> Iterator[Path]:
    """What should be gone when nothing is made: drafts, spools, copies."""
    yield from home.rglob(".tmp-*")
    yield from (home / "exports").iterdir()
    yield from (path for path in home.rglob("spool/*/*") if path.name != "lock")


def growth_percent(memory_mb: list[float]) -> float:
    """From the first fifth to the last, each by its median."""
    first, *_, last = in_parts(memory_mb, 5)
    return (last / first - 1) * 100


def in_parts(values: list[float], parts: int) -> list[float]:
    """The median of each of so many parts of the time."""
    size = max(1, len(values) // parts)
    return [statistics.median(values[start : start + size]) for start in range(0, size * parts, size)]


def figures(soaked: Soaked) -> Iterator[Figure]:
    """The table."""
    for who, memory_mb in (("daemon", soaked.daemon_mb), ("player", soaked.player_mb)):
        yield Figure(f"{who}: resident, median, MB", statistics.median(memory_mb))
        yield Figure(
            f"{who}: growth from the first fifth to the last, %", growth_percent(memory_mb), GROWTH_PERCENT
        )
    for name, before, after in zip(AtRest._fields, soaked.before, soaked.after, strict=True):
        most = before + (POOL if name == "threads" else 0)
        yield Figure(f"{name.replace('_', ' ')} at rest, at the end ({before} before)", after, most)
    yield Figure("faults", len(soaked.faults), 0)


if __name__ == "__main__":
    main(float(sys.argv[1]) if len(sys.argv) > 1 else MINUTES)
