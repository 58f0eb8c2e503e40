"""What does MusicGen cost inside the daemon: memory, answers to others, the time to the first sound?

`python -m benchmarks.musicgen_daemon [--keep DIRECTORY] [--seconds 30]` makes a checkpoint of random weights
of the size of musicgen-small, and everything else is a real daemon, asked through its socket. 4 GB of disk
are needed meanwhile; `--keep` leaves the model in a directory and takes it from there the next time. Linux
only: memory is read from /proc, of the daemon and of the processes it started; peaks are of their sum, looked
at 50 times a second.
"""

from __future__ import annotations

import argparse
import contextlib
import multiprocessing
import os
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmarks.musicgen_checkpoint import write_checkpoint
from benchmarks.own_daemon import connected

if TYPE_CHECKING:
    from collections.abc import Iterator
    from multiprocessing.synchronize import Event

    from lofi_core.rpc.client import Client

PROMPT = "lofi hip hop, jazzy piano, rain on the window"
PING_EVERY_SEC = 0.01
JOB_TIMEOUT_SEC = 600.0
IDLE_SEC = 5.0  # for the answers of a daemon at rest: what the machine itself takes
LOOK_EVERY_SEC = 0.02
PRECISIONS = ("quality", "fast")


class Daemon:
    """A daemon in a process of its own, and what the system says of its memory."""

    def __init__(self, home: Path, models: Path) -> None:
        self.socket = home / "s"
        clean = {name: value for name, value in os.environ.items() if not name.startswith("LOFI_")}
        environ = {
            **clean,
            "LOFI_DATA_DIR": str(home),
            "LOFI_SOCKET": str(self.socket),
            "LOFI_MODELS_DIR": str(models),
        }
        command = [sys.executable, "-m", "lofi_core", "serve"]
        self.process = subprocess.Popen(command, env=environ, stderr=subprocess.DEVNULL)
        self.client = connected(self.socket)
        self.client.call("ping")
        self.peak_mb = 0.0
        self._over = threading.Event()
        self._watcher = threading.Thread(target=self._watch)
        self._watcher.start()

    def memory_mb(self, field: str = "VmRSS") -> float:
        """A line of /proc/PID/status of the daemon."""
        return memory_mb(self.process.pid, field) or 0.0

    def children_mb(self) -> float:
        """Resident memory of the processes that the daemon started."""
        tasks = Path(f"/proc/{self.process.pid}/task")
        with contextlib.suppress(OSError):  # a thread has just ended
            found = [pid for task in tasks.iterdir() for pid in (task / "children").read_text().split()]
            return sum(memory_mb(int(pid)) or 0.0 for pid in found)
        return 0.0

    def forget_peak(self) -> None:
        """Let `peak_mb` begin again."""
        self.peak_mb = 0.0

    def _watch(self) -> None:
        while not self._over.wait(LOOK_EVERY_SEC):
            self.peak_mb = max(self.peak_mb, self.memory_mb() + self.children_mb())

    def stop(self) -> None:
        """End it."""
        self._over.set()
        self._watcher.join()
        with contextlib.suppress(Exception):
            self.client.call("shutdown")
        self.process.wait(30)

    def track(self, precision: str, seconds: float, seed: int = 1) -> dict[str, float]:
        """Make a track; seconds until it was started, first heard and on the disk."""
        begun = time.perf_counter()
        at: dict[str, float] = {}
        self.client.call(
            "generate",
            prompt=PROMPT,
            backend="musicgen",
            duration_sec=seconds,
            seed=seed,
            cache=False,
            options={"precision": precision},
        )
        while "generation_complete" not in at:
            event = self.client.next_event(JOB_TIMEOUT_SEC)
            if event is None or event.name in {"generation_error", "generation_cancelled"}:
                raise SystemExit(f"no track: {event}")
            at.setdefault(event.name, time.perf_counter() - begun)
            if event.name == "generation_progress" and event.fields["stage"] == "sample":
                at.setdefault("sampling", time.perf_counter() - begun)
        return at


def memory_mb(pid: int, field: str = "VmRSS") -> float | None:
    """A line of /proc/PID/status; None when the process is gone."""
    with contextlib.suppress(OSError):
        for line in Path(f"/proc/{pid}/status").read_text().splitlines():
            if line.startswith(field + ":"):
                return int(line.split()[1]) * 1024 / 1e6
    return None


@contextlib.contextmanager
def daemon(models: Path) -> Iterator[Daemon]:
    """One that ends with the block."""
    with tempfile.TemporaryDirectory(prefix="lofi-") as home:
        started = Daemon(Path(home), models)
        try:
            yield started
        finally:
            started.stop()


def ask_all_the_time(socket: Path, method: str, stop: Event, answers: Any) -> None:
    """Another client, in a process of its own: how long each answer took, ms."""
    client: Client = connected(socket)
    took: list[float] = []
    while not stop.is_set():
        begun = time.perf_counter()
        client.call(method)
        took.append((time.perf_counter() - begun) * 1000)
        time.sleep(PING_EVERY_SEC)
    answers.put(took)


@contextlib.contextmanager
def asked(socket: Path, method: str, took: list[float]) -> Iterator[None]:
    """While the block runs, another client asks."""
    start = multiprocessing.get_context("spawn")
    stop, answers = start.Event(), start.Queue()
    client = start.Process(target=ask_all_the_time, args=(socket, method, stop, answers))
    client.start()
    try:
        yield
    finally:
        stop.set()
        took.extend(answers.get(timeout=30))
        client.join()


def show(name: str, value: str) -> None:
    """One line of the table, as soon as it is known."""
    print(f"| {name} | {value} |", flush=True)


def build(models: Path) -> None:
    """What the first track of each precision costs, and what one alone takes afterwards."""
    for precision in PRECISIONS:
        with daemon(models) as first:
            times = first.track(precision, 1)
            peak = first.peak_mb
            show(f"first track ever, `{precision}`: until it samples", f"{times['sampling']:.1f} s")
            show("the same: peak, building included", f"{peak:.0f} MB")


def switching(models: Path) -> None:
    """The peak of each precision alone, and of one after the other."""
    peaks: dict[str, float] = {}
    for precision in PRECISIONS:
        with daemon(models) as alone:
            alone.track(precision, 2)
            peaks[precision] = alone.peak_mb
            show(f"peak, `{precision}` alone, 2 s", f"{peaks[precision]:.0f} MB")
    with daemon(models) as both:
        both.track("quality", 2)
        both.track("fast", 2)
        peak = both.peak_mb
        ratio = peak / max(peaks.values())
        show("peak, `quality` then `fast` in one daemon", f"{peak:.0f} MB, {ratio:.2f} of the larger")


def unloading(models: Path) -> None:
    """What is left when a model is gone, the first time and later."""
    with daemon(models) as one:
        show("the daemon when idle, no library loaded yet", f"{one.memory_mb():.0f} MB")
        for time_ in ("first", "second", "third"):
            one.client.call("load_backend", backend="musicgen")
            while "musicgen" not in one.client.call("status")["models_loaded"]:
                time.sleep(0.1)
            loaded = f"{one.memory_mb():.0f} + {one.children_mb():.0f}"
            if time_ == "first":
                one.client.call("unload_backend", backend="musicgen")
                left = f"{one.memory_mb():.0f} + {one.children_mb():.0f}"
                show("`quality` loaded; after `unload`: daemon + its process", f"{loaded}; {left} MB")
            one.track("quality", 2)
            made = f"{one.memory_mb():.0f} + {one.children_mb():.0f}"
            one.client.call("unload_backend", backend="musicgen")
            code = one.memory_mb("RssFile")
            left = f"{one.memory_mb():.0f} + {one.children_mb():.0f}"
            show(
                f"the {time_} time: loaded; after a track; after `unload`",
                f"{loaded}; {made}; {left} MB, {code:.0f} of them mapped files",
            )


def playing(models: Path, seconds: float) -> None:
    """One long track of `fast`, while two other clients ask."""
    pings: list[float] = []
    statuses: list[float] = []
    idle: list[float] = []
    with daemon(models) as one:
        one.track("fast", 1)
        one.forget_peak()
        with asked(one.socket, "ping", idle):
            time.sleep(IDLE_SEC)
        with asked(one.socket, "ping", pings), asked(one.socket, "status", statuses):
            times = one.track("fast", seconds, seed=2)
        peak = one.peak_mb
    total = times["generation_complete"]
    show(f"{seconds:g} s of `fast`: peak", f"{peak:.0f} MB")
    show("the same: first audio after the request", f"{times['generation_audio']:.2f} s")
    show("the same: on the disk", f"{total:.1f} s, {seconds / total:.2f} x real time")
    for name, took in (
        ("`ping`, nothing to do", idle),
        ("`ping` meanwhile", pings),
        ("`status` meanwhile", statuses),
    ):
        hundredths = statistics.quantiles(took, n=100)
        show(
            f"{name}: p50, p99, most of {len(took)}",
            f"{hundredths[49]:.2f}, {hundredths[98]:.2f}, {max(took):.1f} ms",
        )


def main() -> None:
    """Measure everything."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--keep", type=Path, help="directory of the model, kept for the next run")
    parser.add_argument("--seconds", type=float, default=30.0, help="length of the long track")
    parser.add_argument("--only", choices=("build", "playing", "switching", "unloading"))
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="lofi-") as temporary:
        models = given.keep or Path(temporary)
        write_checkpoint(models / "musicgen" / "small")
        print("| what | figure |\n|---|---|")
        for name, measure in (
            ("build", build),
            ("playing", lambda where: playing(where, given.seconds)),
            ("switching", switching),
            ("unloading", unloading),
        ):
            if given.only in {None, name}:
                measure(models)


if __name__ == "__main__":
    main()
