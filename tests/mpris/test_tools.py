"""Do the programs that people bind their keys to find the player? Each skips where it is not installed."""

from __future__ import annotations

import json
import shutil
import subprocess
from typing import TYPE_CHECKING

import pytest

from tests.mpris.desktop import NAME, PATH, PLAYER
from tests.playback.conftest import tracks, until

if TYPE_CHECKING:
    from lofi_core.rpc.client import Client
    from tests.mpris.desktop import SessionBus, Widget


def run(bus: SessionBus, program: str, package: str, *arguments: str) -> str:
    if shutil.which(program) is None:
        pytest.skip(f"needs {program} (Debian and Ubuntu: apt install {package})")
    environ = {"DBUS_SESSION_BUS_ADDRESS": bus.address, "PATH": "/usr/local/bin:/usr/bin:/bin"}
    done = subprocess.run(
        [program, *arguments], env=environ, capture_output=True, text=True, check=False, timeout=30
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_busctl_reads_and_presses(client: Client, widget: Widget, bus: SessionBus) -> None:
    tracks(client, 30.0)
    run(bus, "busctl", "systemd", f"--address={bus.address}", "call", NAME, PATH, PLAYER, "Play")
    until(client, "playback_started")
    answer = run(
        bus,
        "busctl",
        "systemd",
        f"--address={bus.address}",
        "--json=short",
        *("get-property", NAME, PATH, PLAYER, "PlaybackStatus"),
    )
    assert json.loads(answer) == {"type": "s", "data": "Playing"}


def test_gdbus_reads_and_presses(client: Client, widget: Widget, bus: SessionBus) -> None:
    tracks(client, 30.0)
    to_player = ["call", "--session", "--dest", NAME, "--object-path", PATH, "--method"]
    run(bus, "gdbus", "libglib2.0-bin", *to_player, f"{PLAYER}.PlayPause")
    until(client, "playback_started")
    get = [*to_player, "org.freedesktop.DBus.Properties.Get", PLAYER, "Metadata"]
    assert "'xesam:title': <'track 0'>" in run(bus, "gdbus", "libglib2.0-bin", *get)


def test_playerctl_reads_and_presses(client: Client, widget: Widget, bus: SessionBus) -> None:
    first, second = tracks(client, 30.0, 30.0)
    run(bus, "playerctl", "playerctl", "--player=lofi", "play")
    until(client, "playback_started", track_id=first)
    assert run(bus, "playerctl", "playerctl", "metadata", "title") == "track 0\n"
    run(bus, "playerctl", "playerctl", "next")
    until(client, "playback_started", track_id=second)
    run(bus, "playerctl", "playerctl", "position", "10")
    assert 10 <= client.call("status")["playback"]["position_sec"] < 13
    run(bus, "playerctl", "playerctl", "volume", "0.5")
    until(client, "volume_changed", level=0.5)
    run(bus, "playerctl", "playerctl", "pause")
    assert run(bus, "playerctl", "playerctl", "status") == "Paused\n"
