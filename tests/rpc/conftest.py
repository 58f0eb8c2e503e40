"""One daemon for all the tests that only talk to it, and raw sockets to any daemon."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.conftest import DaemonProcess
from tests.rpc.raw import RawSocket

Connect = Callable[[DaemonProcess], RawSocket]


@pytest.fixture(scope="session")
def served() -> Iterator[DaemonProcess]:
    """A daemon that outlives every test here: whatever one of them sends, the others must be served."""
    home = Path(tempfile.mkdtemp(prefix="lofi-"))
    daemon = DaemonProcess(home, {})
    yield daemon
    status = daemon.stop()
    shutil.rmtree(home, ignore_errors=True)
    assert status == 0
    assert "Traceback" not in "".join(daemon.log)


@pytest.fixture
def connect() -> Iterator[Connect]:
    """Open raw sockets that are closed with the test."""
    opened: list[RawSocket] = []

    def open_one(daemon: DaemonProcess) -> RawSocket:
        opened.append(RawSocket(daemon.socket))
        return opened[-1]

    yield open_one
    for one in opened:
        one.socket.close()


@pytest.fixture
def wire(served: DaemonProcess, connect: Connect) -> RawSocket:
    """A raw socket to the shared daemon."""
    return connect(served)
