"""Socket and lock file are put back where they belong, and nobody serves what another one serves."""

from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING

import pytest

from lofi_core.rpc.client import Client, NoDaemon
from lofi_core.rpc.data_claim import DataClaim
from lofi_core.rpc.listener import AlreadyRunning, Listener
from tests.conftest import Gate, events_until_end

if TYPE_CHECKING:
    from pathlib import Path

    from tests.conftest import DaemonProcess


def reachable_again(path: Path) -> Client:
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        try:
            return Client(path)
        except NoDaemon:
            time.sleep(0.05)
    pytest.fail("the socket did not come back")


def test_a_runtime_directory_that_is_removed_comes_back_and_who_was_connected_stays(
    daemon: DaemonProcess, gate: Gate
) -> None:
    client = daemon.client()
    options = {"gate": str(gate.path)}
    job = client.call("generate", prompt="x", backend="stepped", duration_sec=2, options=options)
    lock = daemon.socket.with_name("lofi.sock.lock")
    for file in (daemon.socket, lock):
        file.unlink()
    daemon.socket.parent.rmdir()
    with reachable_again(daemon.socket) as another:
        assert another.call("ping")["status"] == "ok"
    assert lock.exists()
    daemon.wait_for_log(f"the socket {daemon.socket} was removed; it is there again")
    gate.open(2)
    assert events_until_end(client, job["job_id"])[-1].name == "generation_complete"


def test_a_daemon_whose_socket_and_lock_another_one_took_ends_and_says_why(
    daemon: DaemonProcess,
) -> None:
    daemon.socket.unlink()
    daemon.socket.with_name("lofi.sock.lock").unlink()
    with Listener(daemon.socket) as taken:
        assert daemon.process.wait(timeout=30) == 0
        assert taken.has_socket  # the first one leaves it alone
    daemon.wait_for_log("and this one cannot be reached any more")
    daemon.wait_for_log("shutting down: another daemon serves its socket")


def test_a_second_claim_for_the_same_socket_is_refused_and_for_another_is_told_of(
    home: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with DataClaim(home / "data", home / "a.sock"):
        with pytest.raises(AlreadyRunning, match=r"already serves .*a\.sock"):
            DataClaim(home / "data", home / "a.sock")
        with DataClaim(home / "data", home / "b.sock"):
            assert f"another lofi-core daemon (pid {os.getpid()}, socket" in caplog.text
    with DataClaim(home / "data", home / "b.sock"):
        pass
