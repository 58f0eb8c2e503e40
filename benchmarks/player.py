"""Does the music go on while the machine and the daemon are busy? And how soon does a command take effect?

`python benchmarks/player.py [SECONDS]` plays to the null device, in real time, while one process for each
core counts, and a thread of this process sorts three million numbers again and again, which holds the
interpreter for seconds at a time. Prints underruns, pauses between the device's callbacks, latencies of
commands and memory; then the latencies without the sorting thread: with it, they are this process's own.
"""

from __future__ import annotations

import asyncio
import os
import random
import signal
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

import numpy as np
import soundfile

from lofi_core.player.handle import Player
from lofi_core.player.protocol import AnyEvent, Item, Started, Stats

SECONDS, RATE, TRACK_SEC = 20.0, 44_100, 10
NUMBERS = 3_000_000
COUNT = "while True: sum(range(1_000_000))"


async def main(seconds: float) -> None:
    """Run and print."""
    with tempfile.TemporaryDirectory(prefix="lofi-") as folder:
        items = tracks(Path(folder), round(seconds * 2 / TRACK_SEC) + 4)
        events: asyncio.Queue[AnyEvent] = asyncio.Queue()
        async with Player(events.put_nowait, device="null", crossfade_sec=3.0) as player:
            start = time.perf_counter()
            await player.load(items)
            print(f"first command answered, process started        {since(start):8.0f} ms")
            hogs = busy_processes()
            done = threading.Event()
            sorting = threading.Thread(target=sort_again_and_again, args=(done,))
            sorting.start()
            try:
                show("every core busy, and this process sorting", await latencies(player, seconds))
                done.set()
                await asyncio.to_thread(sorting.join)
                stats = await stats_of(player)
                print(f"underruns                                      {stats.underruns:8}")
                print(f"callbacks                                      {stats.callbacks:8}")
                print(f"resident                                       {stats.rss_bytes / 1e6:8.1f} MB")
                print("pauses between callbacks, up to ms:", dict(stats.gaps_ms))
                show("every core busy", await latencies(player, seconds / 2))
                print(
                    f"underruns in all                               {(await stats_of(player)).underruns:8}"
                )
            finally:
                done.set()
                for hog in hogs:
                    hog.kill()
                    hog.wait()
            show("machine left alone", await latencies(player, seconds / 2))
            print(f"killed, and playing again after                {await killed_ms(player, events):8.0f} ms")


def tracks(folder: Path, count: int) -> list[Item]:
    """Noise in FLAC, at a rate that has to be resampled."""
    noise = np.random.Generator(np.random.Philox(1)).uniform(-0.3, 0.3, (TRACK_SEC * RATE, 2))
    soundfile.write(folder / "a.flac", noise, RATE)
    return [Item(id=f"track {number}", path=str(folder / "a.flac")) for number in range(count)]


def busy_processes() -> list[subprocess.Popen[bytes]]:
    """One that never rests for each core."""
    return [subprocess.Popen([sys.executable, "-c", COUNT]) for _ in range(os.cpu_count() or 1)]


def sort_again_and_again(done: threading.Event) -> None:
    """Hold this process's interpreter."""
    numbers = [random.random() for _ in range(NUMBERS)]
    while not done.is_set():
        sorted(numbers)


async def latencies(player: Player, seconds: float) -> list[float]:
    """Milliseconds from a command to its reply, for commands all the time."""
    took = []
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        start = time.perf_counter()
        await player.set_volume(random.uniform(0.5, 1.0))
        took.append(since(start))
        await asyncio.sleep(0.05)
    return took


async def killed_ms(player: Player, events: asyncio.Queue[AnyEvent]) -> float:
    """Milliseconds from the death of the process to the first sample of the next one."""
    if player.pid is None:
        raise SystemExit("the player has ended")
    while not events.empty():
        events.get_nowait()
    start = time.perf_counter()
    os.kill(player.pid, signal.SIGKILL)
    while not isinstance(await events.get(), Started):
        pass
    return since(start)


async def stats_of(player: Player) -> Stats:
    """How the stream went so far."""
    status = await player.status()
    if status is None:
        raise SystemExit("the player has ended")
    return status.stats


def show(what: str, took: list[float]) -> None:
    """One line of latencies."""
    p99 = statistics.quantiles(took, n=100)[-1] if len(took) > 1 else took[0]
    print(f"command, {what}: p50 {statistics.median(took):.1f} ms, p99 {p99:.1f} ms ({len(took)} commands)")


def since(start: float) -> float:
    """Milliseconds since `start`."""
    return (time.perf_counter() - start) * 1000


if __name__ == "__main__":
    asyncio.run(main(float(sys.argv[1]) if len(sys.argv) > 1 else SECONDS))
