"""Play for a while with a real daemon that has its hands full, and say what the device got.

Used by `benchmarks.player` and by the test that does the same for a minute.
"""

from __future__ import annotations

import itertools
import subprocess
import sys
import time
from bisect import bisect_left
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import pairwise
from typing import TYPE_CHECKING

import psutil

from benchmarks.own_daemon import resident_mb
from lofi_core.player.ring import GAP_EDGES_MS
from lofi_core.player.tap import Taken, read_times

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from benchmarks.own_daemon import OwnDaemon

CROSSFADE_SEC, TRACK_SEC, JOB_SEC = 3.0, 20.0, 60.0
PROMPT = "rainy night, jazzy rhodes, 75 bpm"
LOOK_SEC = 0.5
# A process that only sleeps, and says at the end for how long it once did not get its turn.
WITNESS = """
import select, sys, time
last, worst = time.monotonic(), 0.0
while not select.select([sys.stdin], [], [], 0.02)[0]:
    now = time.monotonic()
    worst, last = max(worst, now - last - 0.02), now
print(worst)
"""


@dataclass
class Played:
    """What happened meanwhile.

    Attributes:
        taken: each callback of the device from the first sound on.
        started: how many tracks began; each but the first in a crossfade.
        made: how many tracks the daemon made meanwhile.
        resident_mb: of the player, at the end.
        starved_sec: for how long at most a process that only sleeps did not get its turn.
        others_cores: how many cores, on average, processes had that are none of the daemon's.
    """

    taken: list[Taken] = field(default_factory=list)
    started: int = 0
    made: int = 0
    resident_mb: float = 0.0
    starved_sec: float = 0.0
    others_cores: float = 0.0

    @property
    def underruns(self) -> int:
        """How often the device got less than it asked for."""
        return sum(each.ready < each.frames for each in self.taken)

    @property
    def seconds(self) -> float:
        """How long it played."""
        return (self.taken[-1].at_ns - self.taken[0].at_ns) / 1e9 if self.taken else 0.0

    @property
    def gaps_ms(self) -> list[int]:
        """How many pauses between two callbacks were up to each of `GAP_EDGES_MS` long, and longer."""
        counts = [0] * (len(GAP_EDGES_MS) + 1)
        for before, after in pairwise(self.taken):
            counts[bisect_left(GAP_EDGES_MS, (after.at_ns - before.at_ns) / 1e6)] += 1
        return counts


def play_under_load(daemon: OwnDaemon, seconds: float, *, sort: bool) -> Played:
    """Play a list again and again, in crossfades, while tracks are made, on every core, one after another.

    Args:
        daemon: with the backend `busy`.
        seconds: how long.
        sort: whether a thread of the daemon sorts three million integers again and again.
    """
    client, played = daemon.client, Played()
    for number, backend in enumerate(("procedural", "busy", "procedural")):
        track = daemon.make(prompt=PROMPT, duration_sec=TRACK_SEC, backend=backend, seed=number)
        client.call("playlist_add", track_id=track)
    client.call("playlist_mode", repeat="all", crossfade_sec=CROSSFADE_SEC)
    client.call("subscribe", events=["playback_started", "generation_complete"])
    with busy_daemon(daemon, sort=sort) as next_job, witness() as starved_sec:
        others_before, began = others_sec(daemon), time.monotonic()
        client.call("play")
        while played.seconds < seconds:
            event = client.next_event(LOOK_SEC)
            if event and event.name == "playback_started":
                played.started += 1
            elif event and event.name == "generation_complete":
                played.made += 1
                next_job()
            played.taken = from_first_sound(daemon)
        played.resident_mb = resident_mb(daemon.player_pid())
        played.starved_sec = starved_sec()
        played.others_cores = (others_sec(daemon) - others_before) / (time.monotonic() - began)
    return played


def others_sec(daemon: OwnDaemon) -> float:
    """Processor time since the machine began that is not the daemon's nor its children's."""
    times = psutil.cpu_times()
    ours = psutil.Process(daemon.process.pid)
    mine = (each.cpu_times() for each in (ours, *ours.children(recursive=True)))
    return float(times.user + times.nice + times.system - sum(each.user + each.system for each in mine))


@contextmanager
def busy_daemon(daemon: OwnDaemon, *, sort: bool) -> Iterator[Callable[[], None]]:
    """Have tracks made without end: call what is yielded whenever one is done."""
    seeds = itertools.count(100)

    def ask() -> None:
        seed = next(seeds)
        which = {"backend": "busy", "options": {"sort": sort}} if seed % 2 == 0 else {"backend": "procedural"}
        daemon.client.call("generate", prompt=PROMPT, duration_sec=JOB_SEC, seed=seed, **which)

    for _ in range(2):  # one runs, one waits, so that there is always one
        ask()
    daemon.until("generation_start")
    yield ask
    daemon.client.call("queue_clear")


@contextmanager
def witness() -> Iterator[Callable[[], float]]:
    """A process that sleeps; what is yielded ends it, and says how late it was at most, in seconds."""
    process = subprocess.Popen(
        [sys.executable, "-c", WITNESS], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )

    def worst_sec() -> float:
        told, _ = process.communicate("\n")
        return float(told)

    try:
        yield worst_sec
    finally:
        process.kill()
        process.wait()
        for pipe in (process.stdin, process.stdout):
            if pipe:
                pipe.close()


def from_first_sound(daemon: OwnDaemon) -> list[Taken]:
    """The callbacks of the device since there was something to take."""
    if not daemon.tap.exists():
        return []
    return list(itertools.dropwhile(lambda each: each.ready == 0, read_times(daemon.tap)))


def histogram(played: Played) -> str:
    """Two lines of a table."""
    edges = [f"≤ {edge}" for edge in GAP_EDGES_MS] + [f"> {GAP_EDGES_MS[-1]}"]
    return "\n".join(
        f"| {' | '.join(cells)} |"
        for cells in (
            ["pause between callbacks, ms", *edges],
            ["---"] * (len(edges) + 1),
            ["how many", *map(str, played.gaps_ms)],
        )
    )
