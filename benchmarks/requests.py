"""Send the same request again and again, from one client or from many at once, and say how it went.

The clients are bare sockets of this process, without a library in between, so that what is measured is the
server: a request costs them a third of what it costs a server on asyncio.
"""

from __future__ import annotations

import select
import socket
import time
from pathlib import Path
from typing import NamedTuple

import msgpack

PING = msgpack.packb([0, 1, "ping", []])
RECEIVE_BYTES = 65536
TIMEOUT_SEC = 20.0


class Rate(NamedTuple):
    """How many requests many clients had served, in how long, and what that cost the server.

    Attributes:
        requests: answered.
        seconds: from the first to the last.
        cpu_sec: processor time of the server's main thread meanwhile.
    """

    requests: int
    seconds: float
    cpu_sec: float

    @property
    def per_sec(self) -> float:
        """Requests in a second."""
        return self.requests / self.seconds

    @property
    def cpu_us(self) -> float:
        """Processor time of one request, in microseconds."""
        return self.cpu_sec / self.requests * 1e6


def connected(path: Path) -> socket.socket:
    """A bare socket to a server that is there."""
    client = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    client.settimeout(TIMEOUT_SEC)
    client.connect(str(path))
    return client


def round_trips(client: socket.socket, count: int, request: bytes = PING) -> list[float]:
    """Seconds from each request to its whole answer, one after another."""
    times = []
    expected = _asked_once(client, request)
    for _ in range(count):
        start = time.perf_counter()
        client.sendall(request)
        _receive(client, expected)
        times.append(time.perf_counter() - start)
    return times


def cpu_sec_of(pid: int) -> float:
    """Processor time of a process's main thread so far. Linux."""
    return int(Path(f"/proc/{pid}/task/{pid}/schedstat").read_text().split()[0]) / 1e9


class Crowd:
    """Clients of one server. Each sends its next request as soon as it has its answer."""

    def __init__(self, path: Path, pid: int, clients: int) -> None:
        self._pid = pid
        self._clients = {client.fileno(): client for client in (connected(path) for _ in range(clients))}
        self._expected = _asked_once(next(iter(self._clients.values())), PING)
        self._poll = select.epoll()
        for number, client in self._clients.items():
            client.settimeout(0)
            self._poll.register(number, select.EPOLLIN)

    def rate(self, seconds: float) -> Rate:
        """Keep the server busy for a while."""
        before, start = cpu_sec_of(self._pid), time.perf_counter()
        for client in self._clients.values():
            client.send(PING)
        waiting, answered, ends_at = len(self._clients), 0, start + seconds
        while waiting:
            ready = self._poll.poll(TIMEOUT_SEC)
            if not ready:
                raise SystemExit(f"no answer for {TIMEOUT_SEC:g} s")
            goes_on = time.perf_counter() < ends_at
            for number, _ in ready:
                client = self._clients[number]
                if len(client.recv(RECEIVE_BYTES)) != self._expected:
                    raise SystemExit("an answer came in pieces")
                if goes_on:
                    client.send(PING)
            answered += len(ready)
            waiting -= 0 if goes_on else len(ready)
        return Rate(answered, time.perf_counter() - start, cpu_sec_of(self._pid) - before)

    def close(self) -> None:
        """Hang up."""
        self._poll.close()
        for client in self._clients.values():
            client.close()


def _asked_once(client: socket.socket, request: bytes) -> int:
    """How long the answer to a request is."""
    client.sendall(request)
    return len(client.recv(RECEIVE_BYTES))


def _receive(client: socket.socket, expected: int) -> None:
    while expected > 0:
        data = client.recv(RECEIVE_BYTES)
        if not data:
            raise SystemExit("the server closed the connection")
        expected -= len(data)
