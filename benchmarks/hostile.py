"""Does the daemon live through hostile clients, and what do the others notice?

`python -m benchmarks.hostile [--messages 100000] [--seed 1] [--clients 500] [--hostile 50]` attacks a daemon
in a temporary directory with messages that are random, wrong or no messages; then a crowd comes, of which
some are silent, slow or hostile. It fails where a request is not answered, an honest client meets an error or
the daemon's log has a traceback. It needs the `test` extra; its parts are those of tests/security.
"""

from __future__ import annotations

import argparse
import asyncio
import shutil
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

from lofi_core.rpc.room import room_for_clients
from tests.conftest import DaemonProcess
from tests.security.attack import attack
from tests.security.bystander import bystander
from tests.security.crowd import crowd

if TYPE_CHECKING:
    from tests.security.bystander import Served

QUIET_SEC = 5.0
ROUNDS = 10


def main() -> None:
    """Run and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--messages", type=int, default=100_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--clients", type=int, default=500)
    parser.add_argument("--hostile", type=int, default=50)
    asked = parser.parse_args()
    room_for_clients()  # of open files, in this process
    home = Path(tempfile.mkdtemp(prefix="lofi-"))
    daemon = DaemonProcess(home, {"LOFI_DAEMON_LOG_LEVEL": "info"})
    try:
        under_attack(daemon, home, asked.messages, asked.seed)
        in_a_crowd(daemon, asked.clients, asked.hostile)
    finally:
        status = daemon.stop()
        shutil.rmtree(home, ignore_errors=True)
    log = "".join(daemon.log)
    tracebacks = log.count("Traceback")
    print(f"the daemon ended with {status}; its log has {len(daemon.log):,} lines, {tracebacks} tracebacks")
    if status or tracebacks:
        raise SystemExit(1)


def under_attack(daemon: DaemonProcess, home: Path, messages: int, seed: int) -> None:
    """A bystander alone, then while so many messages come."""
    with bystander(daemon.socket) as alone:
        time.sleep(QUIET_SEC)
    began = time.monotonic()
    with bystander(daemon.socket) as served:
        outcome = attack(daemon.socket, home, messages, seed)
    seconds = time.monotonic() - began
    total = outcome.sound + outcome.broken
    print(f"{total:,} messages on {outcome.connections:,} connections in {seconds:.0f} s", end="; ")
    print(f"the slowest connection took {outcome.slowest_sec:.2f} s")
    print("answers: " + ", ".join(f"{name} {n:,}" for name, n in sorted(outcome.answers.items())))
    print_served("a bystander alone", alone)
    print_served("a bystander meanwhile", served)
    print(f"the daemon's memory after it: {daemon.client().call('status')['rss_bytes'] / 1e6:.0f} MB")
    if served.errors or outcome.faults:
        raise SystemExit(f"failed: {served.errors or outcome.faults[:5]}")


def print_served(who: str, served: Served) -> None:
    """One line."""
    print(
        f"{who}: {served.pings:,} pings, median {served.median_ms:.2f} ms, p99 {served.p99_ms:.1f} ms,"
        f" most {served.most_ms:.0f} ms"
    )


def in_a_crowd(daemon: DaemonProcess, clients: int, hostile: int) -> None:
    """The same honest clients without and with the others."""
    for bad in (0, hostile):
        fared = asyncio.run(crowd(daemon.socket, clients - hostile, bad, ROUNDS))
        print(
            f"{fared.clients} clients beside {bad} hostile ones: {fared.requests:,} requests,"
            f" {len(fared.errors)} errors, all connected after {fared.connected_sec:.2f} s;"
            f" median {fared.at(0.5):.0f} ms, p99 {fared.at(0.99):.0f} ms, most {fared.at(1):.0f} ms;"
            f" hostile connections: {fared.attempts:,}"
        )
        if fared.errors:
            raise SystemExit(f"failed: {fared.errors[:3]}")


if __name__ == "__main__":
    main()
