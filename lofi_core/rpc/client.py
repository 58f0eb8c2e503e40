"""How does a blocking program talk to the daemon?

One socket, one request at a time; what the daemon tells in between waits in a queue. Importing this costs
little, so that a command such as `status` answers at once.
"""

from __future__ import annotations

import os
import socket
import time
from collections import deque
from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple, Self, TypeVar

import msgpack

from lofi_core.errors import InvalidParams, LofiError, NotPermitted, from_text
from lofi_core.rpc.peer import peer_uid

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

T = TypeVar("T")

REQUEST_TIMEOUT_SEC = 30.0
RECEIVE_BYTES = 65536
CROWDED_SEC = 0.01
REQUEST, RESPONSE, NOTIFICATION = 0, 1, 2


class NoDaemon(LofiError):
    """Nobody listens at the socket."""

    code: ClassVar[str] = "NO_DAEMON"


class ConnectionLost(NoDaemon):
    """The daemon went away, does not answer, or is none."""


class Notification(NamedTuple):
    """One event: its name, and its fields as they came."""

    name: str
    fields: dict[str, Any]


class Client:
    """A connection to the daemon. Not for two threads at once.

    Args:
        path: the socket.
        timeout_sec: how long the daemon may take to answer a request.

    Raises:
        NoDaemon: nobody listens there.
        NotPermitted: somebody does, but it is another user's process.
    """

    def __init__(self, path: Path, timeout_sec: float = REQUEST_TIMEOUT_SEC) -> None:
        self.path = path
        self.timeout_sec = timeout_sec
        self._last_id = 0
        self._notifications: deque[Notification] = deque()
        self._unpacker = msgpack.Unpacker(strict_map_key=False)
        self._socket = _connected(path, timeout_sec)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the connection. The daemon goes on with what was asked."""
        self._socket.close()

    def call(self, method: str, /, **params: Any) -> Any:
        """Send a request and wait for its answer, as plain maps and arrays.

        Raises:
            LofiError: the daemon said no; an instance of the class for its code.
            ConnectionLost: it went away, or did not answer in time.
        """
        deadline = time.monotonic() + self.timeout_sec
        self._last_id = (self._last_id + 1) % 2**32
        self._send([REQUEST, self._last_id, method, [params] if params else []], deadline)
        while (message := self._next_message(deadline)) is not None:
            match message:
                # A connection that is refused as a whole, or unreadable, is told so with id 0.
                case [_, msgid, [_, str(text), *_], _] if msgid in {0, self._last_id}:
                    raise from_text(text)
                case [_, msgid, None, result] if msgid == self._last_id:
                    return result
                case [_, str(name), params]:
                    self._notifications.append(Notification(name, params[0] if params else {}))
        raise ConnectionLost(
            f"the daemon at {self.path} did not answer {method!r} within {self.timeout_sec:g} s",
            "look at its log in the state directory, which lofi-core config show names",
        )

    def call_as(self, result_type: type[T], method: str, /, **params: Any) -> T:
        """Like `call`, with the answer as a struct."""
        import msgspec  # only those who want structs pay for it

        return msgspec.convert(self.call(method, **params), result_type)

    def next_event(self, timeout_sec: float | None = None) -> Notification | None:
        """The oldest event not yet taken; None when none came in time. Waits forever without a timeout.

        Raises:
            ConnectionLost: the daemon went away.
        """
        if self._notifications:
            return self._notifications.popleft()
        deadline = None if timeout_sec is None else time.monotonic() + timeout_sec
        while (message := self._next_message(deadline)) is not None:
            match message:
                case [_, str(name), params]:
                    return Notification(name, params[0] if params else {})
                case [_, 0, [_, str(text), *_], _]:
                    raise from_text(text)
        return None

    def events(self) -> Iterator[Notification]:
        """Every event from now on, until the daemon goes away.

        Raises:
            ConnectionLost: it did.
        """
        while (event := self.next_event()) is not None:
            yield event

    def wait_closed(self, timeout_sec: float) -> bool:
        """Wait until the daemon closes the connection. False when it has not in time."""
        deadline = time.monotonic() + timeout_sec
        try:
            while self._next_message(deadline) is not None:
                continue
        except ConnectionLost:
            return True
        return False

    def _send(self, message: list[Any], deadline: float) -> None:
        data = packed(message)
        self._socket.settimeout(max(deadline - time.monotonic(), 0.001))
        try:
            self._socket.sendall(data)
        except TimeoutError as error:
            raise ConnectionLost(f"the daemon at {self.path} does not read what it is sent") from error
        except OSError:
            # It closed the connection. Why may lie in the buffer: reading finds that, or the end.
            return

    def _next_message(self, deadline: float | None) -> list[Any] | None:
        """The next response or notification; None when the deadline passes first."""
        while True:
            try:
                return self._checked(self._unpacker.unpack())
            except msgpack.OutOfData:
                if not self._receive(deadline):
                    return None
            except (msgpack.UnpackException, ValueError) as error:
                raise self._not_a_daemon() from error

    def _checked(self, message: object) -> list[Any]:
        match message:
            case [1, int(), None | [int(), str(), *_], _] | [2, str(), [] | [dict()]]:
                return list(message)
            case _:
                raise self._not_a_daemon()

    def _receive(self, deadline: float | None) -> bool:
        """Wait for bytes. False when the deadline passes first."""
        remaining = None if deadline is None else deadline - time.monotonic()
        if remaining is not None and remaining <= 0:
            return False
        self._socket.settimeout(remaining)
        try:
            data = self._socket.recv(RECEIVE_BYTES)
        except TimeoutError:
            return False
        except OSError as error:
            raise ConnectionLost(f"the connection to the daemon broke: {error.strerror}") from error
        if not data:
            raise ConnectionLost(f"the daemon at {self.path} closed the connection")
        self._unpacker.feed(data)
        return True

    def _not_a_daemon(self) -> ConnectionLost:
        return ConnectionLost(
            f"what listens at {self.path} does not speak the daemon's language",
            "another program may own that socket",
        )


def packed(message: list[Any]) -> bytes:
    """A message, or its params, as it goes over the wire.

    Raises:
        InvalidParams: a value that msgpack cannot carry, by its name.
    """
    try:
        data: bytes = msgpack.packb(message)
    except UnicodeEncodeError as error:
        raise InvalidParams(f"this is no UTF-8 text: {error.object!r:.80}") from error
    except (OverflowError, ValueError) as error:
        if (found := next(_too_large(message), None)) is None:
            raise InvalidParams(f"{error}: this cannot be sent") from error
        name, number = found
        problem = f"{name} is {number!r:.80}, a number too large to be sent"
        raise InvalidParams(problem, "whole numbers go from -2^63 to 2^64-1") from error
    return data


def _too_large(value: Any, name: str = "a value") -> Iterator[tuple[str, int]]:
    """Every number in a message that needs more than 64 bits, with the name it has there."""
    match value:
        case int() if not -(2**63) <= value < 2**64:
            yield name, value
        case dict():
            for key, item in value.items():
                yield from _too_large(item, str(key))
        case list():
            for item in value:
                yield from _too_large(item, name)


def _connected(path: Path, timeout_sec: float) -> socket.socket:
    connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    connection.settimeout(timeout_sec)
    try:
        _connect(connection, path, timeout_sec)
        _check_peer(connection, path)
    except (FileNotFoundError, ConnectionRefusedError, NotADirectoryError) as error:
        connection.close()
        raise NoDaemon(f"no daemon listens at {path}", "lofi-core serve --detach starts one") from error
    except PermissionError as error:
        connection.close()
        raise NotPermitted(
            f"this user may not use the socket {path}",
            "it or a directory above it is another user's; choose another path with --socket or LOFI_SOCKET",
        ) from error
    except OSError as error:
        connection.close()
        raise NoDaemon(f"cannot connect to {path}: {error.strerror or error}") from error
    except NotPermitted:
        connection.close()
        raise
    return connection


def _connect(connection: socket.socket, path: Path, timeout_sec: float) -> None:
    deadline = time.monotonic() + timeout_sec
    while True:
        try:
            connection.connect(os.fsencode(path))
        except (
            BlockingIOError
        ):  # so many wait to be let in that the system takes no more: it waits for no one
            if time.monotonic() > deadline:
                raise
            time.sleep(CROWDED_SEC)
        else:
            return


def _check_peer(connection: socket.socket, path: Path) -> None:
    uid = peer_uid(connection)
    if uid != os.getuid():
        raise NotPermitted(
            f"the process that listens at {path} belongs to user {uid}, not to you",
            "choose another path with --socket",
        )
