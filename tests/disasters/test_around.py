"""A clock that goes back a day, a socket that somebody deleted, and a lock file that somebody took."""

from __future__ import annotations

import contextlib
import shutil
import subprocess
import sys
import time
from typing import TYPE_CHECKING

from lofi_core.rpc.client import Client, NoDaemon
from lofi_core.rpc.listener import AlreadyRunning, Listener
from tests.conftest import STEPPED, Gate, events_until_end, wait_for
from tests.disasters.conftest import make
from tests.disasters.page import told

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.conftest import DaemonProcess, InstallBackend, StartDaemon
    from tests.disasters.conftest import Outcome

    Lofi = Callable[..., Outcome]

# As with `date -s`, but for one process: the wall clock follows a file, the monotonic one goes its way.
CLOCK = """
import datetime, os, time
_time, _datetime = time.time, datetime.datetime
_file = os.environ["CLOCK_FILE"]

def shift():
    try:
        return float(open(_file).read() or 0)
    except OSError:
        return 0.0

class Shifted(_datetime):
    @classmethod
    def now(cls, tz=None):
        return _datetime.fromtimestamp(time.time(), tz)

time.time = lambda: _time() + shift()
datetime.datetime = Shifted
"""
DAY_SEC = 86_400


def reachable(path: Path) -> Client:
    """A connection, as soon as there can be one."""
    deadline = time.monotonic() + 30
    while True:
        try:
            return Client(path)
        except NoDaemon:
            assert time.monotonic() < deadline
            time.sleep(0.05)


def test_a_clock_that_goes_back_a_day(
    start_daemon: StartDaemon, install_backend: InstallBackend, home: Path, gate: Gate, lofi: Lofi
) -> None:
    clock = home / "clock"
    install_backend("stepped", STEPPED).joinpath("sitecustomize.py").write_text(CLOCK)
    daemon = start_daemon(CLOCK_FILE=str(clock))
    client = daemon.client()
    assert make(lofi, "one").status == make(lofi, "two").status == 0
    options = {"gate": str(gate.path)}
    job = client.call("generate", prompt="x", backend="stepped", duration_sec=4, options=options)
    gate.open(1)
    wait_for(client, "generation_progress")
    before = client.call("status")

    clock.write_text(str(-DAY_SEC))
    gate.open(1)
    now = client.call("status")
    assert now["uptime_sec"] >= before["uptime_sec"]
    assert 0 <= (now["running"][0]["eta_sec"] or 0) < 60
    gate.open(2)
    done = events_until_end(client, job["job_id"])[-1]
    assert done.name == "generation_complete"
    assert 0 <= done.fields["generation_time_sec"] < 60
    for prompt in ("three", "four"):
        assert make(lofi, prompt).status == 0
    tracks = client.call("tracks_list")["tracks"]
    assert [track["prompt"] for track in tracks][:3] == ["four", "three", "x"]
    assert tracks[0]["created_at"] < tracks[-1]["created_at"]  # as the clock said, which was wrong once
    daemon.wait_for_log("the clock went back")
    assert told("A clock that goes back a day", "".join(daemon.log))


def test_a_socket_deleted_under_the_daemon(daemon: DaemonProcess, gate: Gate, lofi: Lofi) -> None:
    client = daemon.client()
    options = {"gate": str(gate.path)}
    job = client.call("generate", prompt="x", backend="stepped", duration_sec=2, options=options)
    shutil.rmtree(daemon.socket.parent)
    outcome = lofi("status")
    assert outcome.status == 3
    assert told("A socket that somebody deleted", outcome.err)

    with reachable(daemon.socket) as another:
        assert another.call("ping")["status"] == "ok"
    daemon.wait_for_log("it is there again")
    assert told("A socket that somebody deleted", "".join(daemon.log))
    gate.open(2)
    assert events_until_end(client, job["job_id"])[-1].name == "generation_complete"


def stolen(socket: Path) -> Listener:
    """Another process's socket and lock file, in place of those of the daemon that lives."""
    while True:
        shutil.rmtree(socket.parent)
        with contextlib.suppress(AlreadyRunning):  # the daemon has put them back in between
            return Listener(socket)


def test_a_lock_file_that_somebody_took(daemon: DaemonProcess, start_daemon: StartDaemon, lofi: Lofi) -> None:
    heading = "A lock file that was stolen"
    daemon.socket.with_name("lofi.sock.lock").unlink()
    daemon.socket.unlink()
    command = [sys.executable, "-m", "lofi_core", "serve"]
    second = subprocess.run(command, env=daemon.environ, capture_output=True, text=True, check=False)
    assert second.returncode == 1
    assert told(heading, second.stderr)
    with reachable(daemon.socket) as client:
        assert client.call("hello")["pid"] == daemon.process.pid
    assert make(lofi, "one").status == 0

    with stolen(daemon.socket):
        assert daemon.process.wait(30) == 0
        daemon.wait_for_log("shutting down")
        assert told(heading, "".join(daemon.log))
    client = start_daemon().client()
    assert [track["prompt"] for track in client.call("tracks_list")["tracks"]] == ["one"]
