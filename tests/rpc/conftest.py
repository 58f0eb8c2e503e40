"""One daemon for all the tests that only talk to it, raw sockets, and daemons that are handed theirs."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from lofi_core.rpc.client import Client
from tests.conftest import STEPPED, DaemonProcess, install_backend_in
from tests.rpc.raw import RawSocket

Connect = Callable[[DaemonProcess], RawSocket]

# What systemd does: the socket is descriptor 3, and the variables name the process that is meant.
HAND_OVER = """
import os, sys
os.dup2(int(sys.argv[1]), 3)
os.environ.update(LISTEN_PID=str(os.getpid()), LISTEN_FDS="1", LISTEN_FDNAMES="lofi")
os.execv(sys.executable, [sys.executable, "-m", "lofi_core", "serve"])
"""


@pytest.fixture(scope="session")
def served() -> Iterator[DaemonProcess]:
    """A daemon that outlives every test here: whatever one of them sends, the others must be served."""
    home = Path(tempfile.mkdtemp(prefix="lofi-"))
    install_backend_in(home, "stepped", STEPPED)
    daemon = DaemonProcess(home, {})
    yield daemon
    status = daemon.stop()
    shutil.rmtree(home, ignore_errors=True)
    assert status == 0
    assert "Traceback" not in "".join(daemon.log)


@pytest.fixture
def quiet(served: DaemonProcess) -> Iterator[DaemonProcess]:
    """The same daemon, as if it had just started: it does nothing, and nobody is there."""
    with Client(served.socket) as client:
        client.call("queue_clear")
        while any((queue := client.call("queue_status")).values()) or client.call("status")["clients"] > 1:
            for job in (*queue["running"], *queue["paused"]):
                client.call("cancel", job_id=job["job_id"], force=True)
    yield served
    served.close_clients()


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


@pytest.fixture
def place(home: Path) -> Path:
    (home / "lofi").mkdir(mode=0o700)
    return home / "lofi" / "lofi.sock"


@pytest.fixture
def listening(place: Path) -> Iterator[socket.socket]:
    """What a `.socket` unit makes."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as made:
        made.bind(str(place))
        place.chmod(0o600)
        made.listen()
        yield made


@contextmanager
def handed(made: socket.socket, home: Path, place: Path, **variables: str) -> Iterator[subprocess.Popen[str]]:
    """A daemon that was started with a socket; ended afterwards."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("LOFI_", "XDG_"))}
    own = {"HOME": str(home), "LOFI_SOCKET": str(place), "LOFI_AUDIO_DEVICE": "null"}
    process = subprocess.Popen(
        [sys.executable, "-c", HAND_OVER, str(made.fileno())],
        env={**kept, **own, "LOFI_DATA_DIR": str(home / "data"), **variables},
        pass_fds=[made.fileno()],
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        yield process
    finally:
        process.terminate()
        process.communicate(timeout=30)
