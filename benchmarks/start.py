"""How soon does a command answer, and the daemon? What does it hold? How soon is a track found again?

`python -m benchmarks.start [RUNS] [TRACKS]` takes turns, so that the ratios hold on a busy machine: Python
with asyncio and json, commands, and daemons in directories of their own. Prints medians. Linux.
"""

from __future__ import annotations

import statistics
import subprocess
import sys
import threading
import time
from collections import defaultdict
from typing import TYPE_CHECKING

from benchmarks.figures import Figure, quantile, show
from benchmarks.many_tracks import REQUEST, daemon_with_tracks
from benchmarks.own_daemon import own_daemon, resident_mb

if TYPE_CHECKING:
    from collections.abc import Iterator

    from benchmarks.own_daemon import OwnDaemon

RUNS, TRACKS, HITS, ANSWERS = 15, 20_000, 500, 100
LONG_SEC = 600
LOOK_SEC = 0.02
USUAL = "python -c 'import asyncio, json'"


def main(runs: int, tracks: int) -> None:
    """Run and print."""
    show(against_python(runs))
    show(memory())
    show(tracks_of_a_new_daemon(runs))
    show(acceptances())
    with daemon_with_tracks(tracks) as daemon:
        show(cache_hits(daemon, tracks))


def against_python(runs: int) -> Iterator[Figure]:
    """Commands and daemons in turns with Python alone."""
    taken: dict[str, list[float]] = defaultdict(list)
    with own_daemon() as daemon:
        for run in range(runs + 1):
            if run == 1:  # the first one wrote the bytecode
                taken.clear()
            taken[USUAL].append(command_ms(daemon, "-c", "import asyncio, json"))
            taken["status"].append(command_ms(daemon, "-m", "lofi_core", "status"))
            taken["--help"].append(command_ms(daemon, "-m", "lofi_core", "--help"))
            taken["daemon ready"].append(ready_ms())
    for name, target in ((USUAL, None), ("status", 2.0), ("--help", 1.7), ("daemon ready", 5.0)):
        yield Figure(f"{name}, ms", statistics.median(taken[name]))
        if target is not None:
            ratios = [ours / usual for ours, usual in zip(taken[name], taken[USUAL], strict=True)]
            yield Figure("its ratio to Python", statistics.median(ratios), target)


def command_ms(daemon: OwnDaemon, *arguments: str) -> float:
    """A process of Python's from its start to its end."""
    start = time.perf_counter()
    subprocess.run([sys.executable, *arguments], env=daemon.environ, check=True, stdout=subprocess.DEVNULL)
    return since(start)


def ready_ms() -> float:
    """From the start of a daemon in an empty directory to its first answer."""
    start = time.perf_counter()
    with own_daemon():  # asks for a ping
        return since(start)


def memory() -> Iterator[Figure]:
    """What a daemon holds when idle, and at most while it makes a long track."""
    with own_daemon() as daemon:
        pid = daemon.process.pid
        yield Figure("resident when idle, MB", resident_mb(pid), 60.0)
        done = threading.Event()
        peak = [0.0]

        def look() -> None:
            while not done.wait(LOOK_SEC):
                peak[0] = max(peak[0], resident_mb(pid))

        looking = threading.Thread(target=look)
        looking.start()
        daemon.make(prompt="rain", duration_sec=LONG_SEC, backend="procedural", seed=1)
        done.set()
        looking.join()
        yield Figure(f"resident at most while {LONG_SEC} s are made, MB", peak[0], 350.0)
        yield Figure("resident afterwards, MB", resident_mb(pid))


def tracks_of_a_new_daemon(runs: int) -> Iterator[Figure]:
    """How soon there is music: the first track brings numpy in, the next ones do not."""
    taken: dict[str, list[float]] = defaultdict(list)
    for _ in range((runs + 2) // 3):
        with own_daemon() as daemon:
            for which in ("first track of a daemon", "next track"):
                start = time.perf_counter()
                daemon.client.call("generate", prompt="rainy night", duration_sec=60, backend="procedural")
                for moment, event in (("first audio", "generation_audio"), ("60 s", "generation_complete")):
                    daemon.until(event)
                    taken[f"{which}: {moment}, ms"].append(since(start))
    for name, values in taken.items():
        yield Figure(name, statistics.median(values))


def cache_hits(daemon: OwnDaemon, tracks: int) -> Iterator[Figure]:
    """A request for a track that is there."""
    times = []
    for _ in range(HITS):
        start = time.perf_counter()
        answer = daemon.client.call("generate", **REQUEST)
        times.append(since(start))
        if answer["status"] != "cached":
            raise SystemExit(f"the track was not found: {answer}")
        daemon.until("generation_complete")
    if (count := daemon.client.call("status")["tracks"]["count"]) != tracks:
        raise SystemExit(f"the library has {count} tracks, not {tracks}")
    yield Figure(f"a cache hit with {tracks:,} tracks, p50, ms", statistics.median(times))
    yield Figure("the same, p99, ms", quantile(times, 0.99), 20.0)


def acceptances() -> Iterator[Figure]:
    """How long `generate` takes to be answered, its job written down, while the worker only waits."""
    request = {"prompt": "x", "backend": "paced", "duration_sec": 600, "options": {"speed": 0.1}}
    with own_daemon("paced", LOFI_QUEUE_CAPACITY=str(ANSWERS)) as daemon:
        daemon.client.call("generate", **request)
        times = []
        for seed in range(ANSWERS):
            start = time.perf_counter()
            daemon.client.call("generate", seed=seed, **request)
            times.append(since(start))
    yield Figure("`generate` and its answer, p50, ms", statistics.median(times))
    yield Figure("the same, p99, ms", quantile(times, 0.99))


def since(start: float) -> float:
    """Milliseconds since `start`."""
    return (time.perf_counter() - start) * 1000


if __name__ == "__main__":
    given = [int(argument) for argument in sys.argv[1:]]
    main(*(given + [RUNS, TRACKS][len(given) :]))
