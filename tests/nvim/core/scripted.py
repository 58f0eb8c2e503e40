"""A server that answers as a test wants it to: what no real daemon does, or does only when it is ill."""

from __future__ import annotations

import contextlib
import socket
import threading
from typing import TYPE_CHECKING, Any

import msgpack

from lofi_core.rpc.methods import PROTOCOL

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

HELLO = {"name": "lofi-core", "version": "9.9", "protocol": PROTOCOL, "pid": 1, "methods": [], "events": []}


class ScriptedDaemon:
    """Listens at a path. Knows `hello`, `subscribe` and `ping`; a test adds or takes away.

    Args:
        path: where to listen.
        hello: what to change in the answer to `hello`.
    """

    def __init__(self, path: Path, **hello: Any) -> None:
        self.requests: list[tuple[int, str, Any]] = []
        # What to send for a method: bytes as they are, or what a function makes of id and params.
        self.answers: dict[str, bytes | Callable[[int, Any], bytes]] = {
            "hello": lambda msgid, _: response(msgid, HELLO | hello),
            "subscribe": lambda msgid, _: response(msgid, {"events": []}),
            "ping": lambda msgid, _: response(msgid, {"status": "ok", "version": "9.9"}),
        }
        self.connections: list[socket.socket] = []
        self._listener = socket.socket(socket.AF_UNIX)
        self._listener.bind(str(path))
        self._listener.listen()
        self._threads = [threading.Thread(target=self._accept)]
        self._threads[0].start()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):  # closed
            while True:
                connection, _ = self._listener.accept()
                self.connections.append(connection)
                self._threads.append(threading.Thread(target=self._serve, args=[connection]))
                self._threads[-1].start()

    def _serve(self, connection: socket.socket) -> None:
        unpacker = msgpack.Unpacker()
        with contextlib.suppress(OSError):
            while data := connection.recv(65536):
                unpacker.feed(data)
                for _, msgid, method, params in unpacker:
                    self.requests.append((msgid, method, params))
                    answer = self.answers.get(method, b"")
                    connection.sendall(answer if isinstance(answer, bytes) else answer(msgid, params))

    def send(self, data: bytes) -> None:
        """Send bytes to whoever came last."""
        self.connections[-1].sendall(data)

    def hang_up(self) -> None:
        """Close all connections, and go on listening."""
        while self.connections:
            connection = self.connections.pop()
            with contextlib.suppress(OSError):  # the other side was faster
                connection.shutdown(socket.SHUT_RDWR)
            connection.close()

    def stop(self) -> None:
        """Close everything. The socket stays, as after a crash."""
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)  # `close` does not wake `accept`
        self._listener.close()
        self._threads[0].join()
        self.hang_up()
        for thread in self._threads[1:]:
            thread.join()


def response(msgid: int, result: Any) -> bytes:
    """A good answer."""
    return bytes(msgpack.packb([1, msgid, None, result]))


def refusal(msgid: int, text: str) -> bytes:
    """An error."""
    return bytes(msgpack.packb([1, msgid, [0, text], None]))


def event(name: str, **fields: Any) -> bytes:
    """A notification."""
    return bytes(msgpack.packb([2, name, [fields]]))
