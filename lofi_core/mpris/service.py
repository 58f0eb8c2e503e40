"""When is the playback on the session bus? Whenever there is one, and nobody notices when there is not."""

from __future__ import annotations

import asyncio
import logging
import os
import time
from typing import TYPE_CHECKING

from lofi_core.errors import brief
from lofi_core.mpris.address import session_bus

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from lofi_core.playback.control import Playback

log = logging.getLogger("lofi.mpris")

FIRST_WAIT_SEC, MOST_WAIT_SEC = 1.0, 60.0  # before the next try; twice as long each time


async def serve_mpris(
    playback: Playback, skip: Callable[[], Awaitable[None]], is_endless: Callable[[], bool]
) -> None:
    """Obey media keys until cancelled; returns at once where there is no session bus. Raises nothing.

    A bus that goes away, or lets nobody in, is tried again.

    Args:
        playback: what the keys are for.
        skip: goes to the next track.
        is_endless: whether something always comes next, as with a radio, though it is not in the list yet.
    """
    address = session_bus(os.environ)
    if address is None:
        log.debug("no media keys: there is no session bus")
        return
    wait_sec = FIRST_WAIT_SEC
    while True:
        began = time.monotonic()
        try:
            await _serve_once(address, playback, skip, is_endless)
        except Exception as error:  # whatever a bus does, the music goes on
            # The first failure in a row is worth a line, those that follow are not.
            level = logging.INFO if wait_sec == FIRST_WAIT_SEC else logging.DEBUG
            log.log(level, "no media keys: %s lets nobody in: %s", address, brief(error))
            log.debug("it was this:", exc_info=error)
        if time.monotonic() - began > MOST_WAIT_SEC:
            wait_sec = FIRST_WAIT_SEC  # it was a good one
        await asyncio.sleep(wait_sec)
        wait_sec = min(wait_sec * 2, MOST_WAIT_SEC)


async def _serve_once(
    address: str, playback: Playback, skip: Callable[[], Awaitable[None]], is_endless: Callable[[], bool]
) -> None:
    """Until the bus closes. Raises whatever dbus-fast makes of a bus that does not let us in."""
    # Only where there is a bus: dbus-fast takes time to import.
    from lofi_core.mpris.bus import on_bus

    async with on_bus(address, playback, skip, is_endless) as (bus, name):
        log.info("media keys: %s on the session bus", name)
        why = await bus.closed()
    log.info("no media keys: the session bus has closed%s", f": {brief(why)}" if why else "")
