"""How a daemon comes and goes: one per socket, nothing stolen, nothing left."""

from __future__ import annotations

import os
import signal
import stat
import subprocess
import sys
from textwrap import dedent
from typing import TYPE_CHECKING

import pytest

from lofi_core.errors import ShuttingDown
from tests.conftest import (
    IMPATIENT,
    STEPPED,
    TERMINAL,
    DaemonProcess,
    Gate,
    InstallBackend,
    StartDaemon,
    events_until_lost,
    wait_for,
)

if TYPE_CHECKING:
    from pathlib import Path

    from lofi_core.rpc.client import Client

WALK = {"prompt": "walk", "backend": "stepped", "duration_sec": 60}


def serve(home: Path, **environ: str) -> subprocess.CompletedProcess[str]:
    """Start a daemon that must fail to start."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("LOFI_", "XDG_"))}
    places = {
        "HOME": str(home),
        "LOFI_SOCKET": str(home / "run" / "lofi.sock"),
        "LOFI_DATA_DIR": str(home / "data"),
    }
    command = [sys.executable, "-m", "lofi_core", "serve"]
    return subprocess.run(
        command, env=kept | places | environ, capture_output=True, text=True, check=False, timeout=30
    )


def test_the_socket_is_0600_in_a_directory_of_0700(daemon: DaemonProcess) -> None:
    assert stat.S_IMODE(daemon.socket.stat().st_mode) == 0o600
    assert stat.S_IMODE(daemon.socket.parent.stat().st_mode) == 0o700


def test_a_second_daemon_is_refused_with_the_first_ones_pid_and_harms_nothing(
    daemon: DaemonProcess, home: Path
) -> None:
    second = serve(home)
    assert second.returncode == 1
    assert f"pid {daemon.process.pid}" in second.stderr
    assert str(daemon.socket) in second.stderr
    assert "hint: " in second.stderr
    assert "lofi-core shutdown" in second.stderr
    assert "Traceback" not in second.stderr
    assert daemon.client().call("ping")["status"] == "ok"


def test_a_daemon_that_was_killed_leaves_a_socket_that_the_next_takes_over(
    daemon: DaemonProcess, start_daemon: StartDaemon
) -> None:
    daemon.process.kill()
    daemon.process.wait()
    assert daemon.socket.exists()
    assert start_daemon().client().call("ping")["status"] == "ok"
    daemon.stop()


def test_a_socket_path_that_is_too_long_is_refused_with_both_lengths(home: Path) -> None:
    path = home / ("x" * 120) / "lofi.sock"
    refused = serve(home, LOFI_SOCKET=str(path))
    assert refused.returncode == 1
    limit = 103 if sys.platform == "darwin" else 107
    assert f"the socket path is {len(str(path))} bytes long, and this system takes {limit}" in refused.stderr
    assert "--socket" in refused.stderr


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_the_daemon_cleanly_even_in_the_middle_of_a_job(
    daemon: DaemonProcess, gate: Gate, number: signal.Signals
) -> None:
    client = daemon.client()
    client.call("generate", options={"gate": str(gate.path)}, **WALK)
    wait_for(client, "generation_start")
    gate.open(1)
    daemon.process.send_signal(number)
    assert wait_for(client, "shutting_down").fields == {"reason": number.name, "kept_jobs": 1}
    gate.open(1)
    # It is not over: the next daemon makes it.
    assert not {event.name for event in events_until_lost(client)} & TERMINAL
    assert daemon.process.wait(timeout=20) == 0
    assert not daemon.socket.exists()


def test_a_thread_that_a_plugin_left_running_does_not_keep_the_daemon(
    start_daemon: StartDaemon, install_backend: InstallBackend
) -> None:
    thread = "threading.Thread(target=threading.Event().wait, name='stray')"
    install_backend("busy", f"import threading\n{thread}.start()")
    daemon = start_daemon()
    assert daemon.stop() == 0
    assert "still runs: stray" in "".join(daemon.log)


def test_a_signal_in_the_moment_the_daemon_says_it_serves_ends_it_cleanly(daemon: DaemonProcess) -> None:
    assert daemon.stop() == 0  # the fixture returns with that line of the log
    assert not daemon.socket.exists()


def test_while_it_shuts_down_a_daemon_takes_no_new_work(daemon: DaemonProcess, gate: Gate) -> None:
    client = daemon.client()
    client.call("generate", options={"gate": str(gate.path)}, **WALK)
    gate.open(1)
    wait_for(client, "generation_progress")  # of that step: the next one, which holds the end up, has begun
    client.call("shutdown")
    wait_for(client, "shutting_down")
    with pytest.raises(ShuttingDown, match="shutting down"):
        client.call("generate", prompt="x", backend="sine", duration_sec=1)
    gate.open(1)
    assert daemon.process.wait(timeout=20) == 0


def test_a_job_that_never_comes_back_does_not_keep_the_daemon(
    start_daemon: StartDaemon, install_backend: InstallBackend, gate: Gate
) -> None:
    install_backend("stepped", dedent(STEPPED) + IMPATIENT)
    daemon = start_daemon()
    client = daemon.client()
    client.call("generate", options={"gate": str(gate.path)}, **WALK)
    wait_for(client, "generation_progress")
    gate.open(1)
    wait_for(client, "generation_progress")  # of that step; the next one never ends
    daemon.process.terminate()
    assert daemon.process.wait(timeout=60) == 0
    assert not daemon.socket.exists()


def test_clients_that_stay_connected_do_not_keep_the_daemon(daemon: DaemonProcess) -> None:
    clients: list[Client] = [daemon.client() for _ in range(20)]
    for client in clients:
        client.call("ping")
    daemon.process.terminate()
    assert daemon.process.wait(timeout=20) == 0
    assert all(client.wait_closed(5) for client in clients)


def test_the_same_path_serves_again_after_an_end(daemon: DaemonProcess, start_daemon: StartDaemon) -> None:
    assert daemon.stop() == 0
    assert start_daemon().client().call("ping")["status"] == "ok"
