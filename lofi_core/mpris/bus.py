"""How does the playback come onto a bus, and how does it leave it?"""

from __future__ import annotations

import asyncio
import os
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import anyio
from dbus_fast import NameFlag, RequestNameReply
from dbus_fast.aio import MessageBus

from lofi_core.mpris.follow import Follower
from lofi_core.mpris.interfaces import PlayerInterface, Root
from lofi_core.mpris.keys import Keys
from lofi_core.mpris.shown import View

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable

    from dbus_fast import Message

    from lofi_core.playback.control import Playback

NAME = "org.mpris.MediaPlayer2.lofi"
PATH = "/org/mpris/MediaPlayer2"
CONNECT_SEC = 10.0
DISCONNECT_SEC = 1.0  # nobody else has a part in it


class Bus(MessageBus):
    """A connection that says nothing once it is lost.

    dbus-fast would go on with the number of a descriptor that may be another's by then: a late answer could
    take the player's pipe out of the event loop.
    """

    def send(self, msg: Message) -> asyncio.Future[None]:  # type: ignore[override]  # as upstream
        """Send a message, or drop it."""
        if self.connected:
            return super().send(msg)
        dropped: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        dropped.set_result(None)
        return dropped

    async def closed(self) -> Exception | None:
        """Wait for the end of the connection; what was wrong, unless it just ended."""
        try:
            await self.wait_for_disconnect()
        except EOFError:
            return None
        except Exception as error:  # noqa: BLE001 - the reader's, whatever the bus sent
            return error
        return None


@asynccontextmanager
async def on_bus(
    address: str, playback: Playback, skip: Callable[[], Awaitable[None]], is_endless: Callable[[], bool]
) -> AsyncIterator[tuple[Bus, str]]:
    """Be an MPRIS player, see `serve_mpris`; the connection, and the name there.

    Raises:
        Exception: whatever dbus-fast makes of a bus that does not let us, within `CONNECT_SEC`.
    """
    bus = Bus(address)
    view = View(playback, is_endless)
    player = PlayerInterface(view)
    follower = Follower(view, player)
    player.keys = Keys(playback, view, skip, follower.moved)
    try:
        async with asyncio.timeout(CONNECT_SEC):
            await bus.connect()
            bus.export(PATH, Root())
            bus.export(PATH, player)
            name = await _take_name(bus)  # last: who sees the name finds everything there
        playback.listeners.append(follower.happened)
        try:
            yield bus, name
        finally:
            playback.listeners.remove(follower.happened)
    finally:
        if bus.connected:
            bus.disconnect()
            with anyio.move_on_after(DISCONNECT_SEC, shield=True):
                await bus.closed()


async def _take_name(bus: Bus) -> str:
    """The plain name, or for a second daemon one with its process id in it, as the specification says."""
    for name in (NAME, f"{NAME}.instance{os.getpid()}"):
        if await bus.request_name(name, NameFlag.DO_NOT_QUEUE) is RequestNameReply.PRIMARY_OWNER:
            return name
    raise ConnectionError(f"the name {name} is taken")
