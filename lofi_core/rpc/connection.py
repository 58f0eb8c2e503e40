"""One client's end of the socket: bytes in, requests served in order, replies and events out.

A raw asyncio Protocol: sync handlers run inline, only async ones cost a task, and the replies to one read
leave in one write.
"""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from typing import TYPE_CHECKING, Any, Protocol, cast

from lofi_core.errors import LofiError, ParseError
from lofi_core.rpc import messages
from lofi_core.rpc.frames import FrameReader
from lofi_core.rpc.hub import Subscriptions
from lofi_core.rpc.messages import BadMessage, Message, Notification, Request
from lofi_core.rpc.outbox import Outbox

if TYPE_CHECKING:
    from collections.abc import Callable

log = logging.getLogger("lofi.rpc")

# A client that leaves its full socket unread for so long is given up.
STALL_SEC = 10.0
# Per turn of the event loop, so that one client's flood leaves room for the others: so many messages, and
# none is begun after so long.
MAX_MESSAGES_PER_TURN = 200
TURN_SEC = 0.01
MAX_REQUESTS_IN_FLIGHT = 64
FLUSH_BYTES = 256 * 1024


class Service(Protocol):
    """What a connection needs from the server behind it."""

    def opened(self, connection: Connection) -> bool:
        """Admit a client, or not."""

    def closed(self, connection: Connection) -> None:
        """Forget a client."""

    def serve(
        self, connection: Connection, method: object, params: Any, reply: Callable[[object], None]
    ) -> None:
        """Serve a request; `reply` is called once, with a result or a LofiError."""

    def knows(self, method: object) -> bool:
        """Whether there is such a method."""


class Connection(asyncio.Protocol):
    """One connected client.

    Attributes:
        client_id: tells clients apart, never used twice.
        subscriptions: which events it wants beyond those of its own jobs.
        name: what it called itself in `hello`.
    """

    def __init__(self, client_id: int, service: Service) -> None:
        self.client_id = client_id
        self.subscriptions = Subscriptions()
        self.name = f"client {client_id}"
        self._service = service
        self._frames = FrameReader()
        self._inbox: deque[bytes] = deque()
        self._outbox = Outbox()
        self._broken: BadMessage | None = None
        self._ended = False
        self._in_flight = 0
        self._writable = True
        self._is_alone = False  # the request that is being served: nothing can join its answer in a write
        self._flush_is_due = False
        self._serve_is_due = False
        self._reading = True
        self._unread_bytes = 0
        self._stall_timer: asyncio.TimerHandle | None = None
        self._transport: asyncio.Transport
        self._loop = asyncio.get_running_loop()

    # -- asyncio.Protocol ------------------------------------------------------------------------------

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Called by asyncio once."""
        self._transport = cast("asyncio.Transport", transport)  # uvloop's is one by its methods only
        if not self._service.opened(self):
            self._broken = BadMessage(None, ParseError("refused"), closes=True)  # nothing it says is read
            transport.close()

    def connection_lost(self, exc: Exception | None) -> None:
        """Called by asyncio once. The jobs the client asked for go on."""
        if exc is not None:
            log.debug("%s: %s", self.name, exc)
        self._stop_stall_timer()
        self._inbox.clear()
        self._service.closed(self)

    def data_received(self, data: bytes) -> None:
        """Cut what came into messages and serve them."""
        if self._broken is not None:
            return
        if self._is_free() and (message := messages.decode_alone(data)) is not None:
            self._serve_alone(message)
            return
        try:
            self._inbox.extend(self._frames.feed(data))
        except ParseError as error:
            self._broken = BadMessage(messages.msgid_of_head(self._frames.head), error, closes=True)
        self._serve()

    def eof_received(self) -> bool:
        """The client will say no more, but may still be listening for what it asked."""
        self._ended = True
        self._serve()
        return True  # we close, not asyncio

    def pause_writing(self) -> None:
        """The client does not read: serve nothing more for it, and give it a while."""
        self._writable = False
        self._watch_for_stall()

    def resume_writing(self) -> None:
        """The client reads again."""
        self._writable = True
        self._stop_stall_timer()
        self._flush()
        self._serve()

    # -- what the rest of the daemon uses --------------------------------------------------------------

    @property
    def transport(self) -> asyncio.Transport:
        """The transport under the connection."""
        return self._transport

    def send(self, message: bytes, coalesce_key: object = None) -> None:
        """Send an encoded message, soon. A client too far behind is disconnected instead."""
        if self._transport.is_closing():
            return
        if self._is_alone and self._writable and not self._outbox.size_bytes:
            self._transport.write(message)
            return
        self._outbox.add(message, coalesce_key)
        if self._outbox.overflowing:
            self._give_up("does not read what it is sent")
        elif self._writable and not self._flush_is_due:
            self._flush_is_due = True
            self._loop.call_soon(self._flush)

    def close(self) -> None:
        """Write what is due, however slowly it is read, then close."""
        if self._outbox and not self._transport.is_closing():
            self._transport.write(self._outbox.take())  # the last: there is no turn to wait for
            self._unread_bytes = self._transport.get_write_buffer_size()  # no stall, though it is more now
        self._transport.close()

    # -- inside ----------------------------------------------------------------------------------------

    def _is_free(self) -> bool:
        """Whether what comes in now is the begin of a message, and may be served at once."""
        return (
            not self._inbox
            and self._frames.between_messages
            and self._writable
            and self._in_flight < MAX_REQUESTS_IN_FLIGHT
        )

    def _serve_alone(self, message: Message) -> None:
        """Serve a message that came by itself: the same as `_serve`, without what only many of them need."""
        self._is_alone = True
        try:
            self._take(message)
        finally:
            self._is_alone = False

    def _serve(self) -> None:
        self._serve_is_due = False
        self._flush_is_due = True
        budget, ends_at = MAX_MESSAGES_PER_TURN, self._loop.time() + TURN_SEC
        while self._inbox and budget and self._writable and self._in_flight < MAX_REQUESTS_IN_FLIGHT:
            self._take_frame(self._inbox.popleft())
            budget = budget - 1 if self._loop.time() < ends_at else 0
            if self._outbox.size_bytes > FLUSH_BYTES:
                self._flush()
        # Replies that are due come before the end.
        if not self._inbox and not self._in_flight and not self._transport.is_closing():
            if self._broken is not None:
                self._refuse(self._broken)
            elif self._ended:
                self.close()
        self._flush()
        if self._inbox and not budget:
            self._serve_soon()
        self._read_only_when_idle()

    def _serve_soon(self) -> None:
        if not self._serve_is_due:
            self._serve_is_due = True
            self._loop.call_soon(self._serve)

    def _read_only_when_idle(self) -> None:
        """Stop reading while requests wait here: what the kernel holds back costs us nothing."""
        if self._ended or self._transport.is_closing() or self._reading == (not self._inbox):
            return
        self._reading = not self._inbox
        if self._reading:
            self._transport.resume_reading()
        else:
            self._transport.pause_reading()

    def _take_frame(self, frame: bytes) -> None:
        try:
            message = messages.decode(frame)
        except BadMessage as bad:
            self._refuse(bad)
        else:
            self._take(message)

    def _take(self, message: Message) -> None:
        if isinstance(message, Request):
            self._in_flight += 1
            self._service.serve(self, message.method, message.params, _Reply(self, message.msgid))
        elif not isinstance(message, Notification):
            log.debug("%s: response to a request nobody sent, ignored", self.name)
        elif self._service.knows(message.method):
            self._in_flight += 1
            self._service.serve(self, message.method, message.params, _Reply(self, None))
        else:
            log.debug("%s: unknown notification %r ignored", self.name, message.method)

    def _refuse(self, bad: BadMessage) -> None:
        if bad.msgid is None:
            log.debug("%s: ignored: %s", self.name, bad.problem)
            return
        self.send(messages.encode_error(bad.msgid, bad.problem))
        if bad.closes:
            log.info("%s: %s", self.name, bad.problem)
            self._inbox.clear()
            self.close()

    def answered(self, message: bytes | None) -> None:
        """A request is done; None when it was a notification."""
        self._in_flight -= 1
        if message is not None:
            self.send(message)
        if self._inbox or self._broken is not None or self._ended:
            self._serve_soon()

    def _flush(self) -> None:
        self._flush_is_due = False
        if self._writable and self._outbox and not self._transport.is_closing():
            self._transport.write(self._outbox.take())

    def _watch_for_stall(self) -> None:
        self._unread_bytes = self._transport.get_write_buffer_size()
        self._stall_timer = self._loop.call_later(STALL_SEC, self._look_for_stall)

    def _look_for_stall(self) -> None:
        if self._transport.get_write_buffer_size() < self._unread_bytes:  # slow, but it reads
            self._watch_for_stall()
        else:
            self._give_up(f"read nothing for {STALL_SEC:g} s")

    def _give_up(self, why: str) -> None:
        log.warning("%s disconnected: it %s", self.name, why)
        self._transport.abort()

    def _stop_stall_timer(self) -> None:
        if self._stall_timer is not None:
            self._stall_timer.cancel()
            self._stall_timer = None


class _Reply:
    """Takes the outcome of one request, a result or a LofiError, and sends it where there is a msgid."""

    __slots__ = ("_connection", "_msgid")

    def __init__(self, connection: Connection, msgid: int | None) -> None:
        self._connection = connection
        self._msgid = msgid

    def __call__(self, outcome: object) -> None:
        """Send it. Raises what msgspec raises for a result of ours that cannot be encoded."""
        if self._msgid is None:
            if isinstance(outcome, LofiError):
                # Not what it says: that may quote what was sent, such as a prompt.
                log.warning("%s: notification failed: %s", self._connection.name, outcome.code)
                log.debug("%s", outcome.text())
            self._connection.answered(None)
        elif isinstance(outcome, LofiError):
            self._connection.answered(messages.encode_error(self._msgid, outcome))
        else:
            self._connection.answered(messages.encode_response(self._msgid, outcome))
