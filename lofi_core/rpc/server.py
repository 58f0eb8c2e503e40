"""Accept clients on the socket and give each a connection."""

from __future__ import annotations

import asyncio
import logging
import os
from itertools import count
from typing import TYPE_CHECKING, Any

from lofi_core.errors import NotPermitted
from lofi_core.rpc.connection import Connection
from lofi_core.rpc.messages import encode_error
from lofi_core.rpc.peer import peer_uid

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from lofi_core.rpc.dispatch import Dispatcher
    from lofi_core.rpc.hub import Hub
    from lofi_core.rpc.listener import Listener

BACKLOG = 512

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
        self._dispatcher = dispatcher
        self._on_closed = on_closed
        self._ids = count(1)
        self._server: asyncio.Server | None = None

    async def start(self, listener: Listener) -> None:
        """Serve the socket from now on, in place of one before; connections stay."""
        loop, before = asyncio.get_running_loop(), self._server
        self._server = await loop.create_unix_server(
            lambda: Connection(next(self._ids), self), sock=listener.socket, backlog=BACKLOG
        )
        if before is not None:
            before.close()

    async def close(self) -> None:
        """Accept no more clients; write what is due to those there are and close them."""
        if self._server is not None:
            self._server.close()
        for connection in list(self._hub.connections.values()):
            connection.close()
        await asyncio.sleep(0)  # one turn for the transports to hand their last bytes to the kernel

    def opened(self, connection: Connection) -> bool:
        """Admit our own user only."""
        uid = peer_uid(connection.transport.get_extra_info("socket"))
        if uid != os.geteuid():
            log.warning("refused a connection of user %d", uid)
            refusal = NotPermitted(f"this daemon serves user {os.geteuid()} only, you are {uid}")
            connection.transport.write(encode_error(0, refusal))
            return False
        self._hub.connections[connection.client_id] = connection
        return True

    def closed(self, connection: Connection) -> None:
        """Forget a connection. Its jobs go on."""
        if self._hub.connections.pop(connection.client_id, None) is not None:
            for forget in self._on_closed:
                forget(connection.client_id)

    def serve(
        self, connection: Connection, method: object, params: Any, reply: Callable[[object], None]
    ) -> None:
        """Serve one request."""
        self._dispatcher.serve(connection, method, params, reply)

    def knows(self, method: object) -> bool:
        """Whether a method of that name exists."""
        return self._dispatcher.knows(method)
