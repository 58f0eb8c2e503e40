"""Whole messages over a socket: four bytes of length, then msgpack. Blocks; one reader at a time."""

from __future__ import annotations

import contextlib
import socket
import struct
import threading
from typing import Generic, TypeVar

import msgspec

T = TypeVar("T")

LENGTH = struct.Struct(">I")
_encode = msgspec.msgpack.Encoder().encode


def framed(message: msgspec.Struct) -> bytes:
    """A message as it goes over the socket."""
    body = _encode(message)
    return LENGTH.pack(len(body)) + body


class Channel(Generic[T]):
    """One end of a socket.

    Args:
        sock: whose end it is.
        kinds: the type, or union of types, of what the other end sends.
    """

    def __init__(self, sock: socket.socket, kinds: type[T]) -> None:
        self._socket = sock
        self._file = sock.makefile("rb")
        self._decoder = msgspec.msgpack.Decoder(kinds)
        self._sending = threading.Lock()

    def send(self, message: msgspec.Struct) -> None:
        """Send one message. Any thread.

        Raises:
            OSError: the other end is gone.
        """
        frame = framed(message)
        with self._sending:
            self._socket.sendall(frame)

    def receive(self) -> T | None:
        """The next message; None when the other end is gone."""
        try:
            head = self._file.read(LENGTH.size)
            body = self._file.read(*LENGTH.unpack(head)) if len(head) == LENGTH.size else b""
        except OSError:
            return None
        # A process that dies may leave half a message.
        if not body or len(body) < LENGTH.unpack(head)[0]:
            return None
        return self._decoder.decode(body)

    def hang_up(self) -> None:
        """Nothing more will come: `receive` gives what is there, then None. Any thread."""
        with contextlib.suppress(OSError):  # it is closed already
            self._socket.shutdown(socket.SHUT_RD)

    def close(self) -> None:
        """Let go of the socket."""
        self._file.close()
        self._socket.close()
