"""How soon is the daemon there, how soon is there music, and what does a request cost?

`python -m benchmarks.daemon` starts `RUNS` daemons in temporary directories, one by one, and prints medians.
Everything goes through the socket, as for any client.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from pathlib import Path

from benchmarks.own_daemon import install
from lofi_core.rpc.client import Client, NoDaemon

RUNS, PINGS, WISHES = 5, 2_000, 200
REQUEST = {"prompt": "rainy night, jazzy rhodes, 75 bpm", "duration_sec": 60}
START_TIMEOUT_SEC = 30.0


def main() -> None:
    """Run and print."""
    figures: dict[str, list[float]] = defaultdict(list)
    for _ in range(RUNS):
        with tempfile.TemporaryDirectory(prefix="lofi-") as directory:
            for name, value in measure(Path(directory)).items():
                figures[name].append(value)
    for name, values in figures.items():
        print(f"{name:48} {statistics.median(values):9.1f}   ({min(values):.1f} to {max(values):.1f})")


def measure(home: Path) -> dict[str, float]:
    """One daemon's life."""
    install(home, "paced")
    environ = {
        **os.environ,
        "LOFI_DATA_DIR": str(home),
        "LOFI_SOCKET": str(home / "s"),
        "LOFI_QUEUE_CAPACITY": str(WISHES),
        "PYTHONPATH": os.pathsep.join(filter(None, [str(home / "site"), os.environ.get("PYTHONPATH")])),
    }
    figures = {"python -c 'import asyncio, json', ms": python_ms()}
    start = time.perf_counter()
    command = [sys.executable, "-m", "lofi_core", "serve"]
    daemon = subprocess.Popen(command, env=environ, stderr=subprocess.DEVNULL)
    with connected(home / "s") as client:
        client.call("ping")
        figures["daemon answers after, ms"] = since(start)
        figures["resident when idle, MB"] = client.call("status")["rss_bytes"] / 1e6
        for which in ("first track of a daemon", "later track"):
            start = time.perf_counter()
            client.call("generate", **REQUEST)
            wait_for(client, "generation_audio")
            figures[f"{which}: first audio, ms"] = since(start)
            wait_for(client, "generation_complete")
            figures[f"{which}: 60 s on disk, ms"] = since(start)
        start = time.perf_counter()
        for _ in range(PINGS):
            client.call("ping")
        figures["ping and back, with the Python client, us"] = since(start) * 1000 / PINGS
        figures["resident after two tracks, MB"] = client.call("status")["rss_bytes"] / 1e6
        accepting = sorted(accepting_us(client))
        figures["generate and its reply, us"] = statistics.median(accepting)
        figures["generate and its reply, p99, us"] = accepting[len(accepting) * 99 // 100]
        client.call("shutdown")
    daemon.wait()
    return figures


def accepting_us(client: Client) -> list[float]:
    """How long `generate` takes to be answered, microseconds each, while the worker only waits."""
    wish = {"prompt": "x", "backend": "paced", "duration_sec": 600, "options": {"speed": 0.1}}
    client.call("generate", **wish)
    taken = []
    for seed in range(WISHES):
        start = time.perf_counter()
        client.call("generate", seed=seed, **wish)
        taken.append(since(start) * 1000)
    return taken


def python_ms() -> float:
    """What Python itself needs to start here, for the ratio."""
    start = time.perf_counter()
    subprocess.run([sys.executable, "-c", "import asyncio, json"], check=True)
    return since(start)


def connected(path: Path) -> Client:
    """A connection, as soon as there can be one."""
    deadline = time.monotonic() + START_TIMEOUT_SEC
    while time.monotonic() < deadline:
        try:
            return Client(path)
        except NoDaemon:
            time.sleep(0.002)
    raise SystemExit("the daemon did not start")


def wait_for(client: Client, name: str) -> None:
    """Drop events up to and with the next of that name."""
    for event in client.events():
        if event.name == name:
            return


def since(start: float) -> float:
    """Milliseconds since `start`."""
    return (time.perf_counter() - start) * 1000


if __name__ == "__main__":
    main()
