"""Whole messages over a socket: two lengths, msgpack, and samples as they are."""

from __future__ import annotations

import contextlib
import socket
import struct
import threading
from typing import TYPE_CHECKING, Any, Generic, TypeVar

import msgspec

if TYPE_CHECKING:
    from numpy.typing import NDArray

T = TypeVar("T")

# Bytes of the message, then of what follows it.
LENGTHS = struct.Struct(">IQ")
_encode = msgspec.msgpack.Encoder().encode


def framed(message: msgspec.Struct, more: int = 0) -> bytes:
    """A message as it goes over the socket, with `more` bytes to follow."""
    body = _encode(message)
    return LENGTHS.pack(len(body), more) + body


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
        self.samples: bytearray | None = None

    def send(self, message: msgspec.Struct, samples: NDArray[Any] | None = None) -> None:
        """Send one message, and behind it an array in C order. Any thread.

        Raises:
            OSError: the other end is gone.
        """
        with self._sending:
            self._socket.sendall(framed(message, 0 if samples is None else samples.nbytes))
            if samples is not None:
                self._socket.sendall(samples.data)

    def receive(self) -> T | None:
        """The next message; None when the other end is gone. `samples` has what came behind it."""
        self.samples = None
        try:
            head = self._file.read(LENGTHS.size)
            if len(head) < LENGTHS.size:
                return None
            length, more = LENGTHS.unpack(head)
            body = self._file.read(length)
            if more:
                self.samples = bytearray(more)
                more -= self._file.readinto(self.samples)
        except OSError:
            return None
        if len(body) < length or more:  # a process that dies may leave half a message
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
