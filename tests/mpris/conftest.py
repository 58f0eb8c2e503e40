"""A daemon on a session bus of its own, and a widget there that shows it."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import pytest

from tests.mpris.desktop import SessionBus, Widget
from tests.playback.conftest import listening
from tests.playback.test_growing import PACED

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from lofi_core.rpc.client import Client
    from tests.conftest import DaemonProcess, InstallBackend, StartDaemon

if sys.platform != "linux":
    collect_ignore_glob = ["test_*.py"]


@pytest.fixture
def bus(home: Path) -> Iterator[SessionBus]:
    made = SessionBus(home / "bus")
    yield made
    made.kill()


@pytest.fixture
def daemon(bus: SessionBus, start_daemon: StartDaemon, install_backend: InstallBackend) -> DaemonProcess:
    """A daemon that finds the bus, with a backend whose tracks can be heard while they are made."""
    install_backend("paced", PACED)
    return start_daemon(DBUS_SESSION_BUS_ADDRESS=bus.address)


@pytest.fixture
def client(daemon: DaemonProcess) -> Client:
    """Somebody in a terminal, who hears of all playback. Crossfades are off."""
    return listening(daemon)


@pytest.fixture
def widget(daemon: DaemonProcess, bus: SessionBus) -> Iterator[Widget]:
    made = Widget(bus.address)
    yield made
    made.close()
