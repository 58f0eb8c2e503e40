"""End the daemon when nobody has needed it for a while, and lose nobody who comes in that moment."""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from lofi_core.rpc.listener import Listener
    from lofi_core.rpc.server import Server

log = logging.getLogger("lofi")

LOOK_SEC = 5.0
# So long the door is closed before the daemon goes: whoever had come through it is seen by then.
LAST_LOOK_SEC = 0.1


class IdleExit:
    """Watches whether there is anything to do.

    Args:
        idle_sec: how long there must have been nothing; 0 never ends it.
        is_busy: whether there is something now, clients included.
        server: knows how many clients there ever were: one may come and go between two looks.
        listener: is hidden before the end.
        ask_to_end: told the reason, once.
    """

    def __init__(
        self,
        idle_sec: float,
        is_busy: Callable[[], bool],
        server: Server,
        listener: Listener,
        ask_to_end: Callable[[str], None],
    ) -> None:
        self._idle_sec = idle_sec
        self._is_busy = is_busy
        self._server = server
        self._listener = listener
        self._ask_to_end = ask_to_end

    async def run(self) -> None:
        """Watch until it asks for the end."""
        while self._idle_sec:
            await self._idle()
            if await self._is_left_alone():
                self._ask_to_end(f"nobody needed it for {self._idle_sec:g} s (daemon.idle_exit_sec)")
                return

    async def _idle(self) -> None:
        """Come back when there was nothing to do for so long."""
        loop = asyncio.get_running_loop()
        since, clients = loop.time(), self._server.clients_ever
        while (left := since + self._idle_sec - loop.time()) > 0:
            await asyncio.sleep(min(left, LOOK_SEC))
            if self._is_busy() or clients != self._server.clients_ever:
                since, clients = loop.time(), self._server.clients_ever

    async def _is_left_alone(self) -> bool:
        """Close the door and look who is inside; open it again if there is somebody."""
        clients = self._server.clients_ever
        self._server.close_door(self._listener)
        await asyncio.sleep(LAST_LOOK_SEC)
        if not self._is_busy() and clients == self._server.clients_ever:
            return True
        log.info("somebody came in the last moment: going on")
        await self._server.open_door(self._listener)
        return False
