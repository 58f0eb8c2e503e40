"""A daemon that nobody needs ends by itself, and whoever comes in that moment is served all the same."""

from __future__ import annotations

import asyncio
import os
import socket
import subprocess
import sys
from typing import TYPE_CHECKING, cast

import anyio
import pytest

from lofi_core.rpc import idle
from lofi_core.rpc.client import Client
from lofi_core.rpc.hub import Hub
from lofi_core.rpc.idle import IdleExit
from lofi_core.rpc.listener import Listener
from lofi_core.rpc.server import Server
from tests.conftest import STEPPED, DaemonProcess, Gate, events_until_end
from tests.rpc.conftest import handed

if TYPE_CHECKING:
    from pathlib import Path

    from lofi_core.rpc.dispatch import Dispatcher
    from tests.conftest import InstallBackend

WALK = {"prompt": "x", "backend": "stepped", "duration_sec": 3}


class House:
    """A server without methods, and the watch at its door."""

    def __init__(self, home: Path, idle_sec: float) -> None:
        self.path = home / "s"
        self.listener = Listener(self.path)
        self.hub = Hub(lambda _event: None)
        self.server = Server(self.hub, cast("Dispatcher", Nobody()), [])
        self.reasons: list[str] = []
        self.watch = IdleExit(idle_sec, self.is_busy, self.server, self.listener, self.reasons.append)
        self.busy = False

    def is_busy(self) -> bool:
        return self.busy or bool(self.hub.connections)

    async def connected(self) -> socket.socket:
        client = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        client.settimeout(0)
        await asyncio.get_running_loop().sock_connect(client, str(self.path))
        return client


class Nobody:
    """Serves nothing."""

    def serve(self, *_: object) -> None:
        raise AssertionError

    def knows(self, _method: object) -> bool:
        return False


@pytest.mark.anyio
async def test_somebody_who_comes_while_the_door_closes_keeps_the_daemon(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    house = House(home, 0.01)
    close_door = house.server.close_door
    came: list[socket.socket] = []

    def close_and_hear_a_knock(listener: Listener) -> None:
        # Through the door in the last moment: the kernel has the client, the server does not know of it.
        if not came:
            client = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
            client.connect(str(house.path))
            came.append(client)
        close_door(listener)

    monkeypatch.setattr(house.server, "close_door", close_and_hear_a_knock)
    monkeypatch.setattr(idle, "LOOK_SEC", 0.01)
    with house.listener:
        await house.server.start(house.listener)
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(house.watch.run)
            with anyio.fail_after(30):
                while not house.hub.connections or house.listener.is_hidden:  # noqa: ASYNC110
                    await asyncio.sleep(0.001)
                assert house.reasons == []
                (await house.connected()).close()  # the door is open again
                came[0].close()
                while not house.reasons:  # noqa: ASYNC110
                    await asyncio.sleep(0.001)
        assert house.listener.is_hidden
        assert not house.path.exists()
        await house.server.close()
    assert os.listdir(home) == ["s.lock"]  # noqa: PTH208 - a look, in a test


def test_while_a_job_waits_or_a_client_is_there_the_daemon_stays_and_then_it_goes(
    home: Path, place: Path, listening: socket.socket, install_backend: InstallBackend
) -> None:
    site, gate = install_backend("stepped", STEPPED), Gate(home / "gate")
    variables = {"LOFI_DAEMON_IDLE_EXIT_SEC": "0.2", "PYTHONPATH": str(site)}
    # A client is there before the daemon is: however slow the machine, it is not left alone at once.
    with Client(place) as early, handed(listening, home, place, **variables) as daemon:
        job = early.call("generate", options={"gate": str(gate.path)}, **WALK)
        early.close()
        with pytest.raises(subprocess.TimeoutExpired):
            daemon.wait(0.7)  # the job keeps it, though its client has gone
        with Client(place) as client:
            client.call("subscribe")
            gate.open(3)
            events_until_end(client, job["job_id"])
            with pytest.raises(subprocess.TimeoutExpired):
                daemon.wait(0.7)  # the client keeps it
        assert daemon.wait(30) == 0
        assert daemon.stderr is not None
        assert "shutting down: nobody needed it for 0.2 s (daemon.idle_exit_sec)" in daemon.stderr.read()
    gate.close()


def test_a_command_brings_a_daemon_back_that_is_on_its_way_out(daemon: DaemonProcess, gate: Gate) -> None:
    client = daemon.client()
    client.call("generate", options={"gate": str(gate.path)}, **WALK)
    client.call("shutdown")  # waits for the step that the gate holds back
    client.close()
    while daemon.socket.exists():
        os.sched_yield()
    command = [sys.executable, "-m", "lofi_core", "generate", "rain", "-b", "sine", "-d", "1", "--json"]
    comes = subprocess.Popen(command, env=daemon.environ, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    gate.open(3)
    _, errors = comes.communicate(timeout=60)
    assert comes.returncode == 0, errors.decode()
    assert errors.startswith(b"starting the daemon")
    with Client(daemon.socket) as after:
        assert after.call("hello")["pid"] != daemon.process.pid
        after.call("shutdown")
        assert after.wait_closed(30)
