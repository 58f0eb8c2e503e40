"""Does the editor stay as quick with the plugin as without? And what does the plugin cost at start-up?

`python -m benchmarks.nvim [KEYS]` needs the test dependencies. It prints medians of twenty starts, the cost
of a call for the status line, and the time from a key pressed to the character on the screen, with a daemon
that has 2,000 tracks and makes one all the while: without the plugin, and with it and its float, in turns.
"""

from __future__ import annotations

import dataclasses
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import msgspec

from lofi_core.tracks.index import TrackIndex
from tests.conftest import DaemonProcess, events_until_end
from tests.nvim.core.driver import command, isolated
from tests.nvim.watched import Watched

STARTS, CALLS, TRACKS, ROUNDS = 20, 200_000, 2_000, 6
LONG = {"prompt": "made all the while", "backend": "procedural", "duration_sec": 600.0}


def main(keys: int) -> None:
    """Run everything in a temporary directory."""
    with tempfile.TemporaryDirectory(prefix="lofi-") as folder:
        home = Path(folder)
        report("plugin/lofi.lua at start-up", [start_up(home) for _ in range(STARTS)], "ms")
        report("require('lofi').setup({})", [setup(home) for _ in range(STARTS)], "ms")
        daemon = DaemonProcess(home, {})
        try:
            fill(daemon)
        finally:
            daemon.stop()
        daemon = DaemonProcess(home, {})
        try:
            measure_keys(home, daemon, keys)
        finally:
            daemon.stop()


def start_up(home: Path) -> float:
    """What `--startuptime` says of sourcing the plugin's file, in ms."""
    log = home / "startup"
    log.unlink(missing_ok=True)
    run = command("--startuptime", str(log), "-c", "qa")
    subprocess.run(run, env=isolated(home, {}), check=True, stdin=subprocess.DEVNULL)
    (line,) = [line for line in log.read_text().splitlines() if line.endswith("plugin/lofi.lua")]
    return float(line.split(":")[0].split()[-1])  # clock, self and sourced, self: source


def setup(home: Path) -> float:
    """The first `setup`, the loading of its modules included, in ms."""
    timed = "local s = vim.uv.hrtime(); require('lofi').setup({}); io.stdout:write(vim.uv.hrtime() - s)"
    run = command("-c", f"lua {timed}", "-c", "qa")
    done = subprocess.run(
        run, env=isolated(home, {}), check=True, stdin=subprocess.DEVNULL, capture_output=True
    )
    return float(done.stdout) / 1e6


def fill(daemon: DaemonProcess) -> None:
    """Give the library its tracks: one that is real, and entries like it."""
    with daemon.client() as client:
        job = client.call("generate", prompt="the first", backend="sine", duration_sec=2.0)
        events_until_end(client, job["job_id"])
    index = TrackIndex(daemon.data / "index.db")
    with index:
        first = index.get(job["track_id"])
        assert first is not None
        for number in range(TRACKS - 1):
            recipe = msgspec.structs.replace(first.recipe, prompt=f"track number {number}")
            index.put(dataclasses.replace(first, track_id=f"{number:032x}", recipe=recipe), is_new=True)
    index.close()


def measure_keys(home: Path, daemon: DaemonProcess, keys: int) -> None:
    """The same keys in both editors, in turns, so that a busy moment of the machine hits both."""
    environ = {"LOFI_SOCKET": str(daemon.socket)}
    plain, ours = Watched(home, environ, 100, 30), Watched(home, environ, 100, 30)
    client = daemon.client()
    try:
        ours.lua("vim.o.laststatus = 2; vim.o.statusline = '%f %{v:lua.require\\'lofi\\'.statusline()}'")
        without: list[float] = []
        with_it: list[float] = []
        for seed in range(ROUNDS):
            job = client.call("generate", **LONG, seed=2 * seed)
            without += press(plain, keys // ROUNDS)
            client.call("cancel", job_id=job["job_id"], force=True)
            events_until_end(client, job["job_id"])
            ours.command(f"Lofi made all the while --duration=600 --seed={2 * seed + 1}")
            ours.wait_until_seen("made all the while", "%")
            ours.lua("require('lofi').tracks({ limit = 100 }, function() end)")
            with_it += press(ours, keys // ROUNDS)
            ours.command("Lofi cancel --force")
            ours.wait("not require('lofi').is_generating()")
        show_keys("key to screen, without the plugin", without)
        show_keys("key to screen, with it, float shown", with_it)
        print(f"{'ratio of the p99':<40} {p99(with_it) / p99(without):8.2f}")
        # Without the compiler, which would see that nothing changes between two calls.
        calls = f"local n = 0; for _ = 1, {CALLS} do n = n + #require('lofi').statusline() end"
        spent = ours.lua(f"jit.off(); local s = vim.uv.hrtime(); {calls} return vim.uv.hrtime() - s")
        print(f"{'a call for the status line':<40} {spent / CALLS / 1e3:8.3f} µs")
    finally:
        client.close()
        plain.close()
        ours.close()


def press(editor: Watched, keys: int) -> list[float]:
    """Type letters; the times until each is on the screen, in ms."""
    editor.keys("<Esc>ggdGi")
    editor.screenshot()
    times = []
    for number in range(keys):
        letter = "abcdefghij"[number % 10]
        start = time.perf_counter()
        editor.nvim.input(letter)
        while not drawn(editor, letter):
            pass
        times.append((time.perf_counter() - start) * 1e3)
        if number % 80 == 79:
            editor.keys("<CR>")
        time.sleep(0.01)  # a fast typist's pace would be ten times this
    editor.keys("<Esc>")
    return times


def drawn(editor: Watched, letter: str) -> bool:
    """Whether the next message from the editor draws the letter."""
    message = editor.nvim.next_message()
    if message[1] != "redraw":
        return False
    found = any(
        cell[0] == letter
        for name, *calls in message[2]
        if name == "grid_line"
        for call in calls
        for cell in call[3]
    )
    editor.screen.take(message[2])
    return found


def p99(times: list[float]) -> float:
    """The time that one key of a hundred takes longer than."""
    return statistics.quantiles(times, n=100)[98]


def show_keys(name: str, times: list[float]) -> None:
    """Median and p99."""
    print(f"{name:<40} {statistics.median(times):8.2f} ms, p99 {p99(times):6.2f} ms, {len(times)} keys")


def report(name: str, values: list[float], unit: str) -> None:
    """The median, and the largest."""
    print(f"{name:<40} {statistics.median(values):8.3f} {unit}, at most {max(values):.3f}")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 600)
