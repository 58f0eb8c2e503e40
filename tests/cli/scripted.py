"""A small daemon that answers what a test tells it to, on a real socket."""

import os
import socket
import threading
from pathlib import Path
from typing import Any

import msgpack

from lofi_core.errors import LofiError


class ScriptedDaemon:
    """Serves one connection after another from a thread.

    Attributes:
        answers: method → what to answer, a value or a function of the params. A `LofiError` is refused with,
            `Hangup` closes the connection, `Silence` answers nothing.
        events: method → notifications to send right after its answer.
        requests: every request that came, in order.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.answers: dict[str, Any] = {}
        self.events: dict[str, list[tuple[str, dict[str, Any]]]] = {}
        self.requests: list[tuple[str, dict[str, Any]]] = []
        self.raw_reply: bytes | None = None
        self._listener = socket.socket(socket.AF_UNIX)
        self._listener.bind(os.fsencode(path))
        self._listener.listen()
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Give up the socket and end the thread."""
        self.path.unlink(missing_ok=True)
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._thread.join(10)

    def _serve(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            with connection:
                self._talk(connection)

    def _talk(self, connection: socket.socket) -> None:
        unpacker = msgpack.Unpacker()
        while data := connection.recv(65536):
            unpacker.feed(data)
            for _, msgid, method, params in unpacker:
                fields = params[0] if params else {}
                self.requests.append((method, fields))
                if not self._answer(connection, msgid, method, fields):
                    return

    def _answer(self, connection: socket.socket, msgid: int, method: str, fields: dict[str, Any]) -> bool:
        """False when the connection is to be closed."""
        if self.raw_reply is not None:
            connection.sendall(self.raw_reply)
            return True
        answer = self.answers.get(method)
        if callable(answer) and not isinstance(answer, type):
            answer = answer(fields)
        if answer is Hangup:
            return False
        if answer is not Silence:
            error = answer.wire() if isinstance(answer, LofiError) else None
            connection.sendall(msgpack.packb([1, msgid, error, None if error else answer]))
        for name, event in self.events.get(method, []):
            if name == "hangup":
                return False
            connection.sendall(msgpack.packb([2, name, [event]]))
        return True


class Hangup:
    """As an answer: close the connection."""


class Silence:
    """As an answer: none."""
