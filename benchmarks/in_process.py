"""What does the RPC layer itself cost, without a kernel and a socket in between?"""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import anyio

from benchmarks.requests import PING
from lofi_core.rpc.connection import Connection
from lofi_core.rpc.dispatch import Dispatcher
from lofi_core.rpc.handlers.daemon import DaemonMethods
from lofi_core.rpc.hub import Hub
from lofi_core.rpc.methods import METHODS
from lofi_core.rpc.server import Server

if TYPE_CHECKING:
    from lofi_core.rpc.results import Pong

REQUESTS, ROUNDS, A_TURN = 20_000, 7, 100


def request_us() -> float:
    """Processor time of a ping, from the bytes that came to those that go, in microseconds."""
    return asyncio.run(_measure())


async def _measure() -> float:
    async with anyio.create_task_group() as tasks:
        served: Any = SimpleNamespace(**dict.fromkeys(METHODS, _nothing))
        served.ping = _ping
        server = Server(Hub(lambda _event: None), Dispatcher([served], tasks, Counter()), [])
        connection = Connection(1, _Open(server))
        connection.connection_made(_Sink())
        taken = []
        for _ in range(ROUNDS):
            start = time.process_time()
            for _ in range(REQUESTS // A_TURN):
                for _ in range(A_TURN):
                    connection.data_received(PING)
                await asyncio.sleep(0)
            taken.append(time.process_time() - start)
    return min(taken) / REQUESTS * 1e6


def _ping(connection: Connection, params: Any) -> Pong:
    return DaemonMethods.ping(None, connection, params)  # type: ignore[arg-type]


def _nothing(_connection: Connection, _params: object) -> None:
    """Every other method."""


class _Open:
    """The server, for a connection without a socket."""

    def __init__(self, server: Server) -> None:
        self.serve, self.knows = server.serve, server.knows

    def opened(self, _connection: Connection) -> bool:
        return True

    def closed(self, _connection: Connection) -> None:
        """Nobody minds."""


class _Sink(asyncio.Transport):
    """Takes what is written."""

    def write(self, data: Any) -> None:
        if not data:
            raise SystemExit("nothing was written")

    def is_closing(self) -> bool:
        return False
