"""Accept clients on the socket and give each a connection."""

from __future__ import annotations

import asyncio
import logging
import os
import sys
from typing import TYPE_CHECKING, Any

from lofi_core.errors import NotPermitted
from lofi_core.rpc.connection import Connection
from lofi_core.rpc.messages import encode_error
from lofi_core.rpc.peer import peer_uid
from lofi_core.rpc.room import room_for_clients

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from lofi_core.rpc.dispatch import Dispatcher
    from lofi_core.rpc.hub import Hub
    from lofi_core.rpc.listener import Listener

BACKLOG = 512
# Since Python 3.13 a server removes the socket's path when it closes. That is the listener's business.
_KEEP_PATH: dict[str, Any] = {"cleanup_socket": False} if sys.version_info >= (3, 13) else {}

log = logging.getLogger("lofi.rpc")


class Server:
    """The service behind every connection.

    Args:
        hub: learns of connections.
        dispatcher: serves their requests.
        on_closed: all told the client id of a connection that is gone.
    """

    def __init__(self, hub: Hub, dispatcher: Dispatcher, on_closed: Sequence[Callable[[int], None]]) -> None:
        self._hub = hub
        # A request comes through here without a call of its own.
        self.serve = dispatcher.serve
        self.knows = dispatcher.knows
        self._on_closed = on_closed
        self.clients_ever = 0
        self._server: asyncio.Server | None = None
        self._room = 0

    async def start(self, listener: Listener) -> None:
        """Serve the socket from now on, in place of one before; connections stay."""
        self._room = room_for_clients()
        loop, before = asyncio.get_running_loop(), self._server
        # A copy of the socket, which is closed with the server: the listener's outlives it.
        self._server = await loop.create_unix_server(
            self._new_connection, sock=listener.socket.dup(), backlog=BACKLOG, **_KEEP_PATH
        )
        if before is not None:
            before.close()

    def close_door(self, listener: Listener) -> None:
        """Let new clients find nobody; those on their way come in.

        With a socket that was handed to us they wait outside, for whoever is started next.
        """
        listener.hide()
        if listener.is_handed and self._server is not None:
            self._server.close()

    async def open_door(self, listener: Listener) -> None:
        """Undo `close_door`."""
        listener.show()
        if listener.is_handed:
            await self.start(listener)

    async def close(self) -> None:
        """Accept no more clients; write what is due to those there are and close them."""
        if self._server is not None:
            self._server.close()
        for connection in list(self._hub.connections.values()):
            connection.close()
        await asyncio.sleep(0)  # one turn for the transports to hand their last bytes to the kernel

    def _new_connection(self) -> Connection:
        self.clients_ever += 1
        return Connection(self.clients_ever, self)

    def opened(self, connection: Connection) -> bool:
        """Admit our own user only, and no more clients than there is room for."""
        uid = peer_uid(connection.transport.get_extra_info("socket"))
        if uid != os.geteuid():
            log.warning("refused a connection of user %d", uid)
            refusal = NotPermitted(f"this daemon serves user {os.geteuid()} only, you are {uid}")
        elif len(self._hub.connections) >= self._room:
            log.debug("refused a connection: there are %d", self._room)
            problem = f"this daemon serves {self._room} clients at once, and has as many"
            refusal = NotPermitted(problem, "close some: each editor and each command that waits is one")
        else:
            self._hub.connections[connection.client_id] = connection
            return True
        connection.transport.write(encode_error(0, refusal))
        return False

    def closed(self, connection: Connection) -> None:
        """Forget a connection. Its jobs go on."""
        if self._hub.connections.pop(connection.client_id, None) is not None:
            for forget in self._on_closed:
                forget(connection.client_id)
