"""A daemon serves the socket that it was handed, if that is what clients know, and leaves it where it is."""

from __future__ import annotations

import socket
import sys
from pathlib import Path

import pytest

from lofi_core.rpc.client import Client
from lofi_core.rpc.ending import is_given_up
from tests.rpc.conftest import handed


@pytest.mark.parametrize("loop", ["asyncio", "uvloop"])
def test_who_came_before_the_daemon_is_served_and_so_is_who_comes_after_its_end(
    home: Path, place: Path, listening: socket.socket, loop: str
) -> None:
    with Client(place) as early, handed(listening, home, place, LOFI_DAEMON_EVENT_LOOP=loop) as first:
        assert early.call("hello")["pid"] == first.pid
        early.call("shutdown")
        assert early.wait_closed(30)
        with Client(place) as waiting:  # outside the closed door: the next daemon's
            assert first.wait(30) == 0
            assert place.is_socket()
            with handed(listening, home, place, LOFI_DAEMON_EVENT_LOOP=loop) as second:
                assert waiting.call("hello")["pid"] == second.pid


def test_a_daemon_that_ends_by_itself_comes_back_for_the_next_client(
    home: Path, place: Path, listening: socket.socket
) -> None:
    for _ in range(2):
        with handed(listening, home, place, LOFI_DAEMON_IDLE_EXIT_SEC="0.2") as daemon:
            with Client(place) as client:
                assert client.call("ping")["status"] == "ok"
            assert daemon.wait(30) == 0
            assert daemon.stderr is not None
            assert "nobody needed it for 0.2 s" in daemon.stderr.read()


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_nothing_that_the_daemon_starts_takes_the_socket_for_its_own(
    home: Path, place: Path, listening: socket.socket
) -> None:
    with handed(listening, home, place) as daemon, Client(place) as client:
        client.call("ping")
        client.call("audio_devices")  # starts the player
        player = client.call("status")["playback"]["player_pid"]
        assert player != daemon.pid
        assert b"LISTEN_" not in Path(f"/proc/{player}/environ").read_bytes()


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (lambda place: place.chmod(0o666), "others may use the socket"),
        (lambda place: place.rename(place.with_name("moved")), "clients look at"),
    ],
    ids=["mode", "place"],
)
def test_a_socket_that_clients_do_not_know_or_others_may_use_is_refused(
    home: Path, place: Path, listening: socket.socket, spoil: object, said: str
) -> None:
    assert callable(spoil)
    spoil(place)
    with handed(listening, home, place) as daemon:
        _, errors = daemon.communicate(timeout=30)
        assert daemon.returncode == 1
        assert said in errors


def test_what_is_no_listening_unix_socket_is_refused(home: Path, place: Path) -> None:
    for family, said in ((socket.AF_INET, "AF_INET"), (socket.AF_UNIX, "does not listen")):
        with socket.socket(family, socket.SOCK_STREAM) as made, handed(made, home, place) as daemon:
            _, errors = daemon.communicate(timeout=30)
            assert daemon.returncode == 1
            assert said in errors


def test_a_socket_that_was_meant_for_another_process_is_none_of_ours(home: Path, place: Path) -> None:
    from lofi_core.rpc.handed import handed_socket

    environ = {"LISTEN_PID": "1", "LISTEN_FDS": "1", "LISTEN_FDNAMES": "lofi", "HOME": "/"}
    assert handed_socket(place, environ) is None
    assert environ == {"HOME": "/"}
    assert is_given_up(place, 0)
