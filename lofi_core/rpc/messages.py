"""The msgpack-RPC envelope: request, response, notification."""

from __future__ import annotations

from typing import Annotated, Any

import msgpack
import msgspec

from lofi_core.errors import InvalidParams, LofiError, ParseError

MsgId = Annotated[int, msgspec.Meta(ge=0, le=2**32 - 1)]


class Request(msgspec.Struct, array_like=True, tag=0, frozen=True):
    """`[0, msgid, method, params]`."""

    msgid: MsgId
    method: object  # msgspec refuses `str | bytes`, and pynvim sends bin
    params: msgspec.Raw


class Response(msgspec.Struct, array_like=True, tag=1, frozen=True):
    """`[1, msgid, error, result]`."""

    msgid: MsgId
    error: Any
    result: Any


class Notification(msgspec.Struct, array_like=True, tag=2, frozen=True):
    """`[2, method, params]`."""

    method: object
    params: msgspec.Raw


Message = Request | Response | Notification

_decoder: msgspec.msgpack.Decoder[Message] = msgspec.msgpack.Decoder(Message)
_encoder = msgspec.msgpack.Encoder()


class BadMessage(Exception):
    """A message that cannot be served.

    Attributes:
        msgid: what to answer to; None when its sender awaits no answer.
        problem: what to say.
        closes: whether the stream can no longer be trusted.
    """

    def __init__(self, msgid: int | None, problem: LofiError, *, closes: bool) -> None:
        super().__init__(problem.text())
        self.msgid = msgid
        self.problem = problem
        self.closes = closes


def decode(frame: bytes) -> Message:
    """Decode one complete message.

    Raises:
        BadMessage: it is no msgpack-RPC (closes), or it is, with text that is no UTF-8 or nesting too deep
            to decode (does not).
    """
    try:
        return _decoder.decode(frame)
    except UnicodeDecodeError as error:
        problem = InvalidParams(
            f"text in the request is no UTF-8: {error.reason}", "send UTF-8, or bin for bytes"
        )
        raise BadMessage(_msgid_of(frame), problem, closes=False) from error
    except RecursionError as error:
        problem = InvalidParams("the request is nested too deep", "no method needs more than a few levels")
        raise BadMessage(_msgid_of(frame), problem, closes=False) from error
    except (msgspec.MsgspecError, ValueError) as error:
        problem_text = f"this is no msgpack-RPC message: {error}"
        raise BadMessage(_msgid_of(frame) or 0, ParseError(problem_text), closes=True) from error


def decode_alone(data: bytes) -> Message | None:
    """Decode what is one sound message and nothing else; None for all else, which needs a closer look.

    Most of what a socket gives is that, and is decoded here without being cut into messages first.
    """
    try:
        return _decoder.decode(data)
    except (msgspec.MsgspecError, ValueError, RecursionError):
        return None


def msgid_of_head(head: bytes) -> int:
    """The id in the first bytes of a request that was never completed; 0 when they do not show it."""
    reader = msgpack.Unpacker()
    reader.feed(head)
    try:
        if reader.read_array_header() == 4 and reader.unpack() == 0:
            msgid = reader.unpack()
            return msgid if isinstance(msgid, int) and 0 <= msgid < 2**32 else 0
    except (msgpack.UnpackException, ValueError):
        return 0
    return 0


def encode_response(msgid: int, result: object) -> bytes:
    """A successful response."""
    return _encoder.encode((1, msgid, None, result))


def encode_error(msgid: int, error: LofiError) -> bytes:
    """A response that says no, in Neovim's form."""
    return _encoder.encode((1, msgid, error.wire(), None))


def encode_notification(method: str, fields: object) -> bytes:
    """An event."""
    return _encoder.encode((2, method, (fields,)))


def _msgid_of(frame: bytes) -> int | None:
    """The id of a request that could not be decoded; None when it has none or is no request."""
    try:
        value = msgpack.unpackb(frame, raw=True, strict_map_key=False)
    except (msgpack.UnpackException, ValueError, RecursionError, TypeError):
        return None
    match value:
        case [0, int(msgid), *_] if 0 <= msgid < 2**32:
            return msgid
        case _:
            return None
