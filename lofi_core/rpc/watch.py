"""Are socket and lock file still where clients and other daemons look for them?"""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING

from lofi_core.errors import LofiError
from lofi_core.rpc.listener import AlreadyRunning

if TYPE_CHECKING:
    from collections.abc import Callable

    from lofi_core.rpc.listener import Listener
    from lofi_core.rpc.server import Server

log = logging.getLogger("lofi.rpc")

EVERY_SEC = 1.0  # two looks at the directory


class Watch:
    """Puts back what somebody removed; ends the daemon when another one has taken its place.

    Args:
        listener: whose socket and lock file they are.
        server: serves the new socket. Whoever is connected stays so.
        stop: called with the reason when there is nothing left to serve.
    """

    def __init__(self, listener: Listener, server: Server, stop: Callable[[str], None]) -> None:
        self._listener = listener
        self._server = server
        self._stop = stop
        self._told = ""
        self._is_displaced = False

    async def run(self) -> None:
        """Look every second, until cancelled."""
        while True:
            await asyncio.sleep(EVERY_SEC)
            await self._look()

    async def _look(self) -> None:
        listener = self._listener
        if listener.is_hidden:  # on our way out, unless somebody comes
            return
        try:
            if not listener.has_lock:
                listener.take_lock()
                log.warning("the lock file of %s was removed; it is there again", listener.path)
            if not listener.has_socket:
                listener.bind()
                await self._server.start(listener)
                log.warning("the socket %s was removed; it is there again", listener.path)
        except AlreadyRunning as error:
            if listener.has_socket:  # somebody tries to start a second one just now, and will be refused
                return
            if self._is_displaced:  # for a second already: it was no failed attempt
                self._tell(f"{error.message}, and this one cannot be reached any more")
                self._stop("another daemon serves its socket")
            self._is_displaced = True
        except (LofiError, OSError) as error:
            why = error.text() if isinstance(error, LofiError) else error.strerror
            self._tell(f"the socket {listener.path} was removed and cannot be put back: {why}")
            self._is_displaced = False
        else:
            self._told, self._is_displaced = "", False

    def _tell(self, problem: str) -> None:
        if problem != self._told:
            log.error("%s", problem)
        self._told = problem
