"""How does a message become bytes and back, and which numbers are let through?"""

from __future__ import annotations

import math
import struct
from typing import TYPE_CHECKING

import msgspec

from lofi_core.errors import InvalidParams
from lofi_core.player.protocol import MAX_GAIN_DB, AnyAnswer, AnyCommand, Item

if TYPE_CHECKING:
    from collections.abc import Iterable

# A command holds at most a queue of paths; more is a broken peer.
MAX_MESSAGE_BYTES = 16 * 2**20
_LENGTH = struct.Struct("<I")
_encoder = msgspec.msgpack.Encoder()
_commands = msgspec.msgpack.Decoder(AnyCommand)
_answers: msgspec.msgpack.Decoder[AnyAnswer] = msgspec.msgpack.Decoder(AnyAnswer)


def encode(message: object) -> bytes:
    """One message with its length in front."""
    content = _encoder.encode(message)
    return _LENGTH.pack(len(content)) + content


def raw(result: object) -> msgspec.Raw:
    """A reply's result, encoded."""
    return msgspec.Raw(_encoder.encode(result))


def decode_command(content: bytes) -> AnyCommand:
    """What `encode` made of a command. Raises msgspec.DecodeError or ValidationError."""
    command: AnyCommand = _commands.decode(content)
    return command


def decode_answer(content: bytes) -> AnyAnswer:
    """What `encode` made of an event or a reply. Raises msgspec.DecodeError or ValidationError."""
    return _answers.decode(content)


class Frames:
    """Cuts a byte stream into messages."""

    def __init__(self) -> None:
        self._bytes = bytearray()

    def feed(self, received: bytes) -> list[bytes]:
        """The messages that are whole now. Raises ValueError for a length that nobody sends."""
        self._bytes += received
        found = []
        while len(self._bytes) >= _LENGTH.size:
            (length,) = _LENGTH.unpack_from(self._bytes)
            if length > MAX_MESSAGE_BYTES:
                raise ValueError(f"a message of {length} bytes")
            end = _LENGTH.size + length
            if len(self._bytes) < end:
                break
            found.append(bytes(self._bytes[_LENGTH.size : end]))
            del self._bytes[:end]
        return found


def within(name: str, value: float, most: float) -> float:
    """`value` when it is a number from 0 to `most`.

    Raises:
        InvalidParams: it is not; NaN is not.
    """
    if not (math.isfinite(value) and 0 <= value <= most):
        raise InvalidParams(
            f"{name} {value!r} is not from 0 to {most:g}", f"give a number from 0 to {most:g}"
        )
    return float(value)


def at_least_zero(name: str, value: float) -> float:
    """`value` when it is a finite number of at least 0.

    Raises:
        InvalidParams: it is not.
    """
    if not (math.isfinite(value) and value >= 0):
        raise InvalidParams(f"{name} {value!r} is no number of at least 0", "give seconds, such as 12.5")
    return float(value)


def playable(items: Iterable[Item]) -> list[Item]:
    """The items, when their numbers are numbers.

    Raises:
        InvalidParams: one of them has a gain or length that is none.
    """
    checked = list(items)
    for item in checked:
        within(f"gain_db of {item.id!r}, its sign left out,", abs(item.gain_db), MAX_GAIN_DB)
        at_least_zero(f"available_sec of {item.id!r}", item.available_sec)
        at_least_zero(f"cross_at_sec of {item.id!r}", item.cross_at_sec or 0.0)
        at_least_zero(f"first_bar_sec of {item.id!r}", item.first_bar_sec)
    return checked
