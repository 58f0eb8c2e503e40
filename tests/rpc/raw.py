"""A socket without a client: bytes in and messages out, exactly as they go over the wire."""

from __future__ import annotations

import socket
from typing import TYPE_CHECKING, Any

import msgpack

if TYPE_CHECKING:
    from pathlib import Path

# Long enough for a loaded machine; a test that meets it has failed.
PATIENCE_SEC = 60.0


def packed(*messages: object) -> bytes:
    """The messages as one run of bytes."""
    return b"".join(msgpack.packb(message) for message in messages)


class RawSocket:
    """One connection. `read` and its kin raise when nothing comes."""

    def __init__(self, path: Path) -> None:
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.socket.settimeout(PATIENCE_SEC)
        self.socket.connect(str(path))
        self._unpacker = msgpack.Unpacker(strict_map_key=False)

    def send(self, data: bytes) -> None:
        self.socket.sendall(data)

    def read(self) -> list[Any]:
        """The next message. Raises EOFError when the daemon has closed."""
        while True:
            try:
                return list(self._unpacker.unpack())
            except msgpack.OutOfData:
                data = self.socket.recv(65536)
                if not data:
                    raise EOFError from None
                self._unpacker.feed(data)

    def ask(self, *messages: object) -> list[Any]:
        """Send messages in one write and read one."""
        self.send(packed(*messages))
        return self.read()

    def error(self, method: object, params: object) -> str:
        """Send a request that must be refused; the error's text."""
        kind, msgid, (_, text), result = self.ask([0, 7, method, params])
        assert (kind, msgid, result) == (1, 7, None)
        return str(text)

    def rest(self) -> list[list[Any]]:
        """Everything up to the end of the connection."""
        messages = []
        try:
            while True:
                messages.append(self.read())
        except (EOFError, ConnectionResetError):  # the latter when it closes with bytes of ours unread
            return messages

    def is_served(self) -> bool:
        return bool(self.ask([0, 4_000_000_000, "ping", []])[3]["status"] == "ok")
