"""How soon after Enter is there sound? `lofi-core generate "…" --play` with `procedural`.

`python -m benchmarks.first_sound [RUNS]` takes turns: Python alone, a daemon that has made a track, one that
has a player too, and no daemon at all. From the start of the command's process to the first sample that is
not 0 at the device, a null device in real time. Prints medians, and where the time goes.
"""

from __future__ import annotations

import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from benchmarks.own_daemon import connected
from lofi_core.player.tap import VARIABLE, read_times, times_of
from lofi_core.rpc.client import Client

if TYPE_CHECKING:
    from collections.abc import Iterator

RUNS = 5
PROMPT, SECONDS = "rainy night, jazzy rhodes, 75 bpm", 60
LOFI = shutil.which("lofi-core", path=str(Path(sys.executable).parent)) or "lofi-core"
START_TIMEOUT_SEC = 30.0
MOMENTS = ("generation_start", "generation_audio", "playback_started")
Figures = dict[str, list[float]]


def main(runs: int) -> None:
    """Run and print."""
    figures: Figures = defaultdict(list)
    for _ in range(runs):
        figures["python -c pass"].append(python_ms("pass"))
        figures["python -c 'import asyncio, json'"].append(python_ms("import asyncio, json"))
        for name, warm, player in (
            ("warm", True, False),
            ("warm, player there", True, True),
            ("cold", False, False),
        ):
            with home() as folder:
                one_run(folder, figures, name, warm=warm, player=player)
    bare, usual = (statistics.median(figures[name]) for name in list(figures)[:2])
    for name, values in figures.items():
        middle = statistics.median(values)
        ratios = f"{middle / bare:5.1f} times {middle / usual:5.1f} times"
        print(f"{name:44} {middle:7.0f} ms  {ratios}  ({min(values):.0f} to {max(values):.0f})")


def one_run(folder: Path, figures: Figures, name: str, *, warm: bool, player: bool) -> None:
    """One command, with a daemon of its own that ends afterwards."""
    socket, tap = folder / "s", folder / "tap"
    if warm:
        subprocess.run([LOFI, "serve", "--detach"], check=True, stdout=subprocess.DEVNULL)
        with Client(socket) as client:
            client.call("generate", prompt=PROMPT, duration_sec=10, seed=1)
            while (event := client.next_event(START_TIMEOUT_SEC)) and event.name != "generation_complete":
                pass
            if player:
                client.call("audio_devices")
    silent_bytes = tap.stat().st_size if tap.exists() else 0
    start_ns = time.monotonic_ns()
    command = [LOFI, "generate", PROMPT, "-d", str(SECONDS), "--seed", "2", "--play"]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    with connected(socket) as client:
        figures[f"{name}: the daemon listens"].append(since_ms(start_ns, time.monotonic_ns()))
        client.call("subscribe", events=list(MOMENTS))
        waited_for = list(MOMENTS)
        while waited_for and (event := client.next_event(START_TIMEOUT_SEC)):
            if event.name in waited_for:
                waited_for.remove(event.name)
                figures[f"{name}: {event.name}"].append(since_ms(start_ns, time.monotonic_ns()))
        heard_ns = first_sound_ns(tap, silent_bytes)
        figures[f"{name}: the device runs"].append(since_ms(start_ns, next(read_times(tap)).at_ns))
        figures[f"{name}: FIRST SOUND"].append(since_ms(start_ns, heard_ns))
        process.wait()
        client.call("shutdown")
        client.wait_closed(START_TIMEOUT_SEC)


def first_sound_ns(tap: Path, after_bytes: int = 0) -> int:
    """When the device took its first sample that is not 0, after so many bytes of silence."""
    deadline = time.monotonic() + START_TIMEOUT_SEC
    while time.monotonic() < deadline:
        if times_of(tap).exists():
            taken = list(read_times(tap))
            samples = np.fromfile(tap, np.float32).reshape(-1, 2)[: sum(each.frames for each in taken)]
            sounding = np.flatnonzero(samples[after_bytes // 8 :].any(axis=1))
            if len(sounding):
                ends = np.cumsum([each.frames for each in taken])
                return taken[int(np.searchsorted(ends, sounding[0] + after_bytes // 8, "right"))].at_ns
        time.sleep(0.01)
    raise SystemExit("nothing was heard")


@contextmanager
def home() -> Iterator[Path]:
    """An environment of its own for commands and the daemons that they start."""
    before = dict(os.environ)
    with tempfile.TemporaryDirectory(prefix="lofi-") as directory:
        folder = Path(directory)
        for variable in [name for name in os.environ if name.startswith("LOFI_")]:
            del os.environ[variable]
        os.environ |= {
            "LOFI_SOCKET": str(folder / "s"),
            "LOFI_DATA_DIR": str(folder / "data"),
            "LOFI_AUDIO_DEVICE": "null",
            VARIABLE: str(folder / "tap"),
        }
        try:
            yield folder
        finally:
            os.environ.clear()
            os.environ |= before


def python_ms(code: str) -> float:
    """What Python itself needs to start here."""
    start_ns = time.monotonic_ns()
    subprocess.run([sys.executable, "-c", code], check=True)
    return since_ms(start_ns, time.monotonic_ns())


def since_ms(start_ns: int, at_ns: int) -> float:
    """Milliseconds between two times."""
    return (at_ns - start_ns) / 1e6


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else RUNS)
