"""Does the daemon live well with a session bus, with none, and with a bad one?"""

from __future__ import annotations

import os
import signal
import socket
import threading
from contextlib import suppress
from typing import TYPE_CHECKING

import pytest

from lofi_core.mpris.address import session_bus
from tests.conftest import DaemonProcess
from tests.mpris.desktop import NAME, SessionBus, Widget
from tests.playback.conftest import listening, tracks, until

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from lofi_core.rpc.client import Client
    from tests.conftest import StartDaemon

# Python tells on standard error what it imports.
TELLS_IMPORTS = {"PYTHONPROFILEIMPORTTIME": "1", "LOFI_DAEMON_LOG_LEVEL": "debug"}


def said(daemon: DaemonProcess, words: str) -> str:
    """The whole log, once the daemon has said this."""
    daemon.wait_for_log(words)
    return "".join(daemon.log)


def has_imported(log: str, package: str) -> bool:
    return any(line.startswith("import time:") and package in line for line in log.splitlines())


@pytest.fixture
def second_home(home: Path) -> Path:
    made = home / "second"
    made.mkdir()
    return made


@pytest.fixture
def second(second_home: Path, bus: SessionBus, daemon: DaemonProcess) -> Iterator[DaemonProcess]:
    """Another daemon on the same bus, with places of its own."""
    made = DaemonProcess(second_home, {"DBUS_SESSION_BUS_ADDRESS": bus.address})
    yield made
    made.stop()


def test_two_daemons_have_a_name_each_and_obey_only_their_own(
    client: Client, widget: Widget, second: DaemonProcess, bus: SessionBus
) -> None:
    other = Widget(bus.address, f"{NAME}.instance{second.process.pid}")
    assert sorted(widget.names()) == [NAME, other.name]
    widget.set("Volume", "d", 0.25)
    other.set("Volume", "d", 0.75)
    assert client.call("volume_get") == {"level": 0.25}
    assert second.client().call("volume_get") == {"level": 0.75}
    other.close()


def test_a_bus_that_dies_in_mid_track_is_no_concern_of_the_music(
    client: Client, widget: Widget, bus: SessionBus, daemon: DaemonProcess
) -> None:
    first, second = tracks(client, 5.0, 30.0)
    widget.press("Play")
    until(client, "playback_started", track_id=first)
    bus.kill()
    assert until(client, "playback_ended").fields["reason"] == "finished"
    until(client, "playback_started", track_id=second)
    assert client.call("pause") == {"state": "paused", "track_id": second}
    assert "the session bus has closed" in said(daemon, "no media keys")
    assert daemon.stop() == 0


def test_an_answer_that_comes_when_the_bus_has_gone_is_dropped(
    client: Client, widget: Widget, bus: SessionBus, daemon: DaemonProcess
) -> None:
    tracks(client, 30.0)
    widget.press("Play")
    until(client, "playback_started")
    player = client.call("status")["playback"]["player_pid"]
    os.kill(player, signal.SIGSTOP)
    widget.press_only("Pause")
    assert widget.get("PlaybackStatus") == "Playing"  # so the daemon has begun with what came before
    bus.kill()
    daemon.wait_for_log("the session bus has closed")
    later = [daemon.client() for _ in range(3)]  # one of them has the descriptor of the bus now
    os.kill(player, signal.SIGCONT)
    until(client, "playback_paused")
    assert [each.call("status")["playback"]["state"] for each in later] == ["paused"] * 3
    assert daemon.stop() == 0
    assert not [line for line in daemon.log if "Traceback" in line or "WARNING" in line]


def test_a_bus_that_comes_back_finds_the_player_again(
    client: Client, widget: Widget, bus: SessionBus, home: Path
) -> None:
    bus.kill()
    again = SessionBus(home / "bus")
    found = Widget(again.address)
    found.set("Volume", "d", 0.5)
    until(client, "volume_changed", level=0.5)
    client.call("volume_set", level=0.75)
    assert found.until("Volume", 0.75) == {"Volume": 0.75}
    found.close()
    again.kill()


def test_the_name_goes_with_the_daemon(daemon: DaemonProcess, widget: Widget) -> None:
    assert widget.names() == [NAME]
    assert daemon.stop() == 0
    assert widget.names() == []
    assert not [line for line in daemon.log if "Traceback" in line or "never retrieved" in line]


def test_without_a_bus_nothing_of_it_is_imported(start_daemon: StartDaemon) -> None:
    daemon = start_daemon(**TELLS_IMPORTS)
    log = said(daemon, "there is no session bus")
    assert has_imported(log, "lofi_core.mpris.service")
    assert not has_imported(log, "dbus_fast")
    assert not [line for line in daemon.log if "media keys" in line and "DEBUG" not in line]


def test_the_configuration_turns_it_off(bus: SessionBus, start_daemon: StartDaemon) -> None:
    daemon = start_daemon(DBUS_SESSION_BUS_ADDRESS=bus.address, LOFI_AUDIO_MPRIS="false", **TELLS_IMPORTS)
    tracks(listening(daemon), 1.0)
    assert daemon.stop() == 0
    log = "".join(daemon.log)
    assert not has_imported(log, "dbus_fast")
    assert "media keys" not in log


def test_the_bus_of_the_runtime_directory_is_found(
    home: Path, bus: SessionBus, start_daemon: StartDaemon
) -> None:
    daemon = start_daemon(XDG_RUNTIME_DIR=str(home))
    assert NAME in said(daemon, "media keys")


class BadBus:
    """A socket where a bus should be, which answers each line with the same bytes, or hangs up."""

    def __init__(self, path: Path, answer: bytes) -> None:
        self.address = f"unix:path={path}"
        self._answer = answer
        self._socket = socket.socket(socket.AF_UNIX)
        self._socket.bind(str(path))
        self._socket.listen()
        self._thread = threading.Thread(target=self._serve)
        self._thread.start()

    def _serve(self) -> None:
        while True:
            try:
                connection, _ = self._socket.accept()
            except OSError:
                return
            with connection, suppress(OSError):  # who is refused may hang up first
                while self._answer and connection.recv(4096):
                    connection.sendall(self._answer)

    def close(self) -> None:
        self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()
        self._thread.join(10)


@pytest.mark.parametrize(
    "answer",
    [b"", b"REJECTED\r\n", b"OK 0123456789abcdef0123456789abcdef\r\n" * 3, b"\xff\xfe\x00nonsense\r\n"],
    ids=["hangs up", "refuses", "answers what nobody asked", "speaks nonsense"],
)
def test_a_bus_that_lets_nobody_in_is_told_of_once(
    home: Path, start_daemon: StartDaemon, answer: bytes
) -> None:
    bad = BadBus(home / "bad", answer)
    daemon = start_daemon(DBUS_SESSION_BUS_ADDRESS=bad.address)
    assert "lets nobody in" in said(daemon, "media keys")
    client = listening(daemon)
    tracks(client, 30.0)
    assert client.call("play")["state"] == "playing"
    until(client, "playback_position")
    assert daemon.stop() == 0
    assert len([line for line in daemon.log if "media keys" in line]) == 1
    assert not [line for line in daemon.log if "Traceback" in line or "never retrieved" in line]
    bad.close()


@pytest.mark.parametrize(
    "address", ["disabled:", "nonsense", "unix:path=/nowhere/bus", "tcp:host=[::1],port=x"]
)
def test_an_address_that_is_none_is_told_of_in_one_line(start_daemon: StartDaemon, address: str) -> None:
    daemon = start_daemon(DBUS_SESSION_BUS_ADDRESS=address)
    assert f"{address} lets nobody in" in said(daemon, "media keys")
    assert daemon.client().call("ping")
    assert daemon.stop() == 0


def test_the_session_bus_is_where_the_environment_says(home: Path) -> None:
    runtime = home / "a b"
    runtime.mkdir()
    by_directory = {"XDG_RUNTIME_DIR": str(runtime)}
    assert session_bus({}, "linux") is None
    assert session_bus(by_directory, "linux") is None
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(os.fspath(runtime / "bus"))
        assert session_bus(by_directory, "linux") == f"unix:path={home}/a%20b/bus"
        by_address = {"DBUS_SESSION_BUS_ADDRESS": "unix:abstract=/x"}
        assert session_bus(by_directory | by_address, "linux") == "unix:abstract=/x"
        assert session_bus(by_directory | by_address, "darwin") is None
