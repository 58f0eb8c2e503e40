"""Does the music go on while the daemon has its hands full? And how soon does a command take effect?

`python -m benchmarks.player [SECONDS]`, with a real daemon and the null device, in real time:

1. For so long tracks are played in crossfades while the daemon makes others on every core, and one of its
   threads sorts three million integers again and again. Prints underruns, and pauses between callbacks, as in
   the table of `docs/performance.md`. `600` is the ten minutes there.
2. Pauses and volumes, from a client's request to the first sample at the device that is another for it: while
   tracks are made on every core, then with the machine left alone.
3. The player is killed in mid-track: until there is sound again.
"""

from __future__ import annotations

import os
import random
import signal
import statistics
import sys
import time
from typing import TYPE_CHECKING

import numpy as np

from benchmarks.own_daemon import own_daemon, resident_mb
from benchmarks.under_load import busy_daemon, histogram, play_under_load
from lofi_core.player.envelopes import RAMP_SEC
from lofi_core.player.outlet import VOLUME_RAMP_SEC
from lofi_core.player.tap import read_times

if TYPE_CHECKING:
    from collections.abc import Iterable

    from benchmarks.own_daemon import OwnDaemon

# Twice, because what the player does not survive three times in a minute is left out.
SECONDS, ROUNDS, KILLS, NOISE_SEC = 60.0, 100, 2, 300
RATE = 48_000
# Each of them makes sound silence, or silence sound.
COMMANDS: tuple[tuple[str, dict[str, float], float], ...] = (
    ("pause", {}, RAMP_SEC),
    ("resume", {}, 0.0),
    ("volume_set", {"level": 0.0}, VOLUME_RAMP_SEC),
    ("volume_set", {"level": 1.0}, 0.0),
)


def main(seconds: float) -> None:
    """Run and print."""
    with own_daemon("busy") as daemon:
        played = play_under_load(daemon, seconds, sort=True)
    print(
        f"{played.seconds:.0f} s in {played.started} tracks, {played.made} made meanwhile, one thread sorting"
    )
    print(f"underruns: {played.underruns}; resident: {played.resident_mb:.0f} MB")
    print(f"a process that only sleeps waited for its turn at most {played.starved_sec * 1000:.0f} ms")
    print(histogram(played))
    with own_daemon("busy", "paced") as daemon:
        track = noise(daemon)
        with busy_daemon(daemon, sort=False):
            show("tracks made on every core", *latencies(daemon, track))
            print(f"resident: {resident_mb(daemon.player_pid()):.0f} MB")
            show_killed("tracks made on every core", daemon)
    with own_daemon("busy", "paced") as daemon:
        track = noise(daemon)
        show("nothing else to do", *latencies(daemon, track))
        show_killed("nothing else to do", daemon)


def noise(daemon: OwnDaemon) -> str:
    """A track without a moment of silence, long enough for all commands."""
    return daemon.make(prompt="noise", duration_sec=NOISE_SEC, backend="paced", options={"speed": 1e6})


def latencies(daemon: OwnDaemon, track: str) -> tuple[list[float], list[float]]:
    """Milliseconds from each request to its effect at the device, and to its answer, of noise that plays."""
    client = daemon.client
    client.call("subscribe", events=["playback_started"])
    client.call("play", track_id=track)
    daemon.until("playback_started")
    asked_ns, answered = [], []
    for _ in range(ROUNDS):
        for method, params, _ in COMMANDS:
            time.sleep(random.uniform(0.1, 0.2))
            asked_ns.append(time.monotonic_ns())
            client.call(method, **params)
            answered.append((time.monotonic_ns() - asked_ns[-1]) / 1e6)
    time.sleep(0.5)
    ramps = [round(ramp_sec * RATE) for _, _, ramp_sec in COMMANDS] * ROUNDS
    return effects_ms(daemon, asked_ns, ramps), answered


def effects_ms(daemon: OwnDaemon, asked_ns: list[int], ramps: list[int]) -> list[float]:
    """When what the device took went silent, began again, and so on, each after its request.

    A fade into silence began so many frames before its last, which is silent.
    """
    taken = list(read_times(daemon.tap))
    ends = np.cumsum([each.frames for each in taken])
    sounds = np.fromfile(daemon.tap, np.float32).reshape(-1, 2)[: ends[-1]].any(axis=1)
    changes = np.flatnonzero(np.diff(sounds)) + 1
    changes = changes[1:]  # the first is the track's begin
    if len(changes) != len(asked_ns):
        raise SystemExit(f"{len(asked_ns)} commands had {len(changes)} effects")
    frames = [int(change) - ramp + bool(ramp) for change, ramp in zip(changes, ramps, strict=True)]
    at_ns = [taken[int(np.searchsorted(ends, frame, "right"))].at_ns for frame in frames]
    return [(at - asked) / 1e6 for at, asked in zip(at_ns, asked_ns, strict=True)]


def show_killed(when: str, daemon: OwnDaemon) -> None:
    """How long it is silent when the player is killed in mid-track."""
    silent_ms = []
    for _ in range(KILLS):
        time.sleep(2.0)
        silent_ms.append(killed_ms(daemon))
    told = ", ".join(f"{each:.0f}" for each in sorted(silent_ms))
    print(f"player killed, {when}: sound again after {statistics.median(silent_ms):.0f} ms ({told})")


def killed_ms(daemon: OwnDaemon) -> float:
    """Milliseconds from the death of the player to the next sound at the device."""
    pid = daemon.player_pid()
    killed_ns = time.monotonic_ns()
    os.kill(pid, signal.SIGKILL)
    while True:
        time.sleep(0.02)
        for each in read_times(daemon.tap):
            if each.at_ns > killed_ns + 20_000_000 and each.ready:
                return (each.at_ns - killed_ns) / 1e6


def show(when: str, effects: list[float], answers: list[float]) -> None:
    """Two lines of latencies."""
    for what, took in (("effect", effects), ("answer", answers)):
        print(f"pause and volume, {when}, until their {what}: {percentiles(took)} ({len(took)})")


def percentiles(took: Iterable[float]) -> str:
    """The middle and the slow end."""
    cuts = statistics.quantiles(took, n=100)
    return f"p50 {cuts[49]:.1f} ms, p99 {cuts[98]:.1f} ms, most {max(took):.1f} ms"


if __name__ == "__main__":
    main(float(sys.argv[1]) if len(sys.argv) > 1 else SECONDS)
