"""A daemon serves the same on either event loop: whatever clients do to a socket."""

from __future__ import annotations

import shutil
import socket
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.conftest import DaemonProcess, events_until_end
from tests.rpc.raw import RawSocket, packed

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.rpc.conftest import Connect

pytest.importorskip("uvloop")


@pytest.fixture(scope="module", params=["asyncio", "uvloop"])
def on_loop(request: pytest.FixtureRequest) -> Iterator[DaemonProcess]:
    """A daemon on each of the loops. Its exit status and log are looked at when all is done."""
    home = Path(tempfile.mkdtemp(prefix="lofi-"))
    daemon = DaemonProcess(home, {"LOFI_DAEMON_EVENT_LOOP": request.param})
    assert daemon.client().call("status")["event_loop"] == request.param
    yield daemon
    status = daemon.stop()
    shutil.rmtree(home, ignore_errors=True)
    assert status == 0
    assert "Traceback" not in "".join(daemon.log)


@pytest.fixture
def raw(on_loop: DaemonProcess, connect: Connect) -> RawSocket:
    return connect(on_loop)


def test_a_track_is_made_and_told_of(on_loop: DaemonProcess) -> None:
    with on_loop.client() as client:
        job = client.call("generate", prompt="rain", duration_sec=1, backend="sine", cache=False)
        assert events_until_end(client, job["job_id"])[-1].name == "generation_complete"
        assert job["track_id"] in {track["track_id"] for track in client.call("tracks_list")["tracks"]}


def test_many_requests_in_one_write_and_one_in_many(raw: RawSocket) -> None:
    raw.socket.sendall(packed(*([0, number, "ping", []] for number in range(500))))
    assert [raw.read()[1] for _ in range(500)] == list(range(500))
    for byte in packed([0, 500, "ping", [{}]]):
        raw.socket.sendall(bytes([byte]))
    assert raw.read()[1] == 500


def test_a_client_that_says_no_more_gets_its_answers_and_the_end(raw: RawSocket) -> None:
    raw.socket.sendall(packed([0, 1, "tracks_list", []], [0, 2, "ping", []]))
    raw.socket.shutdown(socket.SHUT_WR)
    assert {raw.read()[1] for _ in range(2)} == {1, 2}
    assert raw.socket.recv(1) == b""


def test_a_client_that_reads_late_gets_everything(raw: RawSocket) -> None:
    raw.socket.sendall(packed(*([0, number, "describe", []] for number in range(40))))  # some megabytes
    raw.socket.shutdown(socket.SHUT_WR)
    assert [raw.read()[1] for _ in range(40)] == list(range(40))
    assert raw.socket.recv(1) == b""


def test_bytes_that_are_no_message_are_answered_once_and_end_the_connection(raw: RawSocket) -> None:
    raw.socket.sendall(b"\xc1")
    assert "PARSE_ERROR" in raw.read()[2][1]
    assert raw.socket.recv(1) == b""


def test_a_client_that_is_cut_off_does_no_harm(on_loop: DaemonProcess, connect: Connect) -> None:
    rude = connect(on_loop)
    rude.socket.sendall(packed(*([0, number, "describe", []] for number in range(40))))
    rude.socket.close()
    assert on_loop.client().call("ping")["status"] == "ok"
