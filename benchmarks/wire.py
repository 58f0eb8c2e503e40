"""What does a request cost, against a bare echo on the same event loop, and with a daemon that is busy?

`python -m benchmarks.wire [ROUNDS]` starts daemons in directories of their own and a bare asyncio server that
sends back what it gets. Both get the same bytes, in turns, and their main threads run on one core while the
clients have the others: where the system puts two processes decides more than what they do. Linux.
"""

from __future__ import annotations

import os
import socket
import statistics
import subprocess
import sys
import time
from contextlib import contextmanager
from importlib.util import find_spec
from typing import TYPE_CHECKING

from benchmarks.figures import Figure, quantile, show
from benchmarks.in_process import request_us
from benchmarks.many_tracks import daemon_with_tracks
from benchmarks.own_daemon import own_daemon
from benchmarks.requests import Crowd, connected, round_trips

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from benchmarks.own_daemon import OwnDaemon
    from benchmarks.requests import Rate

ROUNDS, ROUND_SEC, PINGS = 10, 0.5, 500
FULL_LOAD_PINGS, PAUSE_SEC = 400, 0.01
STEPS, TRACKS, PAGE = 1_500, 20_000, 100
RUNS, PAGES = 9, 100


def main(rounds: int) -> None:
    """Run and print."""
    for loop in ("asyncio", "uvloop") if find_spec("uvloop") else ("asyncio",):
        with own_daemon(LOFI_DAEMON_EVENT_LOOP=loop) as daemon, echo(daemon.home / "echo", loop) as server:
            for pid in (daemon.process.pid, server.pid):
                to_first_core(pid)
            print(f"on {loop}, a daemon against a bare echo:")
            show(against_echo(daemon, server, rounds))
    with own_daemon("empty") as daemon:  # not tied to a core, as its threads would be, too
        print(f"on {loop}:")
        show([Figure("processor time of a ping in the RPC layer alone, us", request_us(), 5.0)])
        show(steps(daemon))
        with echo(daemon.home / "echo", loop):
            show(under_full_load(daemon))
    with daemon_with_tracks(TRACKS) as daemon:
        show(library(daemon))


@contextmanager
def echo(path: Path, event_loop: str) -> Iterator[subprocess.Popen[bytes]]:
    """The bare server, in a process of its own."""
    command = [sys.executable, "-m", "benchmarks.echo_server", str(path), event_loop]
    server = subprocess.Popen(command)
    try:
        while True:  # there is a file before there is anybody who listens
            with socket.socket(socket.AF_UNIX) as probe:
                if probe.connect_ex(str(path)) == 0:
                    break
            time.sleep(0.01)
        yield server
    finally:
        server.kill()
        server.wait()


def to_first_core(pid: int) -> None:
    """Have the main thread of a process on the first core, and this one on the others."""
    first, *others = sorted(os.sched_getaffinity(pid))
    if others:
        os.sched_setaffinity(pid, {first})
        os.sched_setaffinity(0, others)


def against_echo(daemon: OwnDaemon, server: subprocess.Popen[bytes], rounds: int) -> Iterator[Figure]:
    """One client's round trips, and what many clients have served."""
    ours, theirs = one_client(daemon, rounds)
    yield Figure("ping p50, one client, us", ours * 1e6)
    yield Figure("echo p50, us", theirs * 1e6)
    yield Figure("ratio of the two", ours / theirs, 2.0)
    for clients, target in ((50, 0.45), (500, 0.40)):
        pairs = many_clients(daemon, server, clients, rounds)
        daemons, echoes = zip(*pairs, strict=True)
        yield Figure(f"pings a second, {clients} clients", median(rate.per_sec for rate in daemons))
        yield Figure("echoes a second", median(rate.per_sec for rate in echoes))
        ratio = median(rate.per_sec / bare.per_sec for rate, bare in pairs)
        yield Figure("ratio of the two", ratio, target, at_least=True)
        extra = median(rate.cpu_us - bare.cpu_us for rate, bare in pairs)
        yield Figure("processor time beyond the echo's, us a request", extra, 5.0)


def one_client(daemon: OwnDaemon, rounds: int) -> tuple[float, float]:
    """Median seconds of a ping and of an echo, in turns."""
    clients = [connected(daemon.home / name) for name in ("s", "echo")]
    times: list[list[float]] = [[], []]
    for _ in range(rounds):
        for client, taken in zip(clients, times, strict=True):
            taken.extend(round_trips(client, PINGS))
    for client in clients:
        client.close()
    return statistics.median(times[0]), statistics.median(times[1])


def many_clients(
    daemon: OwnDaemon, server: subprocess.Popen[bytes], clients: int, rounds: int
) -> list[tuple[Rate, Rate]]:
    """Rates of both, in turns."""
    crowds = [
        Crowd(daemon.home / "s", daemon.process.pid, clients),
        Crowd(daemon.home / "echo", server.pid, clients),
    ]
    pairs = [(crowds[0].rate(ROUND_SEC), crowds[1].rate(ROUND_SEC)) for _ in range(rounds)]
    for crowd in crowds:
        crowd.close()
    return pairs


def steps(daemon: OwnDaemon) -> Iterator[Figure]:
    """What the core does between the steps of a backend that does nothing in them."""
    report, extras = daemon.home / "report", []
    for seed in range(RUNS):
        options = {"steps": STEPS, "report": str(report)}
        daemon.make(prompt="nothing", duration_sec=1, backend="empty", seed=seed, options=options)
        extras.append(float(report.read_text()) * 1000)
    yield Figure(f"{STEPS:,} empty steps, beyond a bare loop, ms", statistics.median(extras), 10.0)


def under_full_load(daemon: OwnDaemon) -> Iterator[Figure]:
    """Pings while `procedural` makes tracks as fast as it can; echoes, too, for what the machine does."""
    for seed in range(2):  # the second in case that one is done too soon
        daemon.client.call("generate", prompt="rain", duration_sec=600, backend="procedural", seed=seed)
    daemon.until("generation_progress")
    client, bare = (connected(daemon.home / name) for name in ("s", "echo"))
    times: list[float] = []
    echoes: list[float] = []
    for _ in range(FULL_LOAD_PINGS):
        for each, taken in ((client, times), (bare, echoes)):
            taken.extend(round_trips(each, 1))
            time.sleep(PAUSE_SEC)
    client.close()
    bare.close()
    if not daemon.client.call("queue_status")["running"]:
        raise SystemExit("both tracks were made before the last ping; raise their number")
    for job in daemon.client.call("queue_status")["running"]:
        daemon.client.call("queue_clear")
        daemon.client.call("cancel", job_id=job["job_id"], force=True)
    yield Figure("while procedural generates: ping p50, ms", quantile(times, 0.5) * 1000)
    yield Figure("ping p99, ms", quantile(times, 0.99) * 1000, 20.0)
    yield Figure("echo p99 meanwhile, ms", quantile(echoes, 0.99) * 1000)


def library(daemon: OwnDaemon) -> Iterator[Figure]:
    """A page of a large library."""
    times = []
    for run in range(PAGES):
        start = time.perf_counter()
        answer = daemon.client.call("tracks_list", limit=PAGE, offset=run % RUNS * PAGE)
        times.append((time.perf_counter() - start) * 1000)
    if (len(answer["tracks"]), answer["total"]) != (PAGE, TRACKS):
        raise SystemExit(f"{len(answer['tracks'])} tracks of {answer['total']}: not all are there")
    yield Figure(f"tracks_list of {PAGE} out of {TRACKS:,}, ms", statistics.median(times), 5.0)


def median(values: Iterator[float]) -> float:
    """The middle one."""
    return statistics.median(values)


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else ROUNDS)
