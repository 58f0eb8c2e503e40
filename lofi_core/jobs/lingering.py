"""What stays of a job for a while after its end, because somebody may just be reaching for it?"""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING

from lofi_core.errors import LofiError

if TYPE_CHECKING:
    from lofi_core.tracks.encode import EncodedTrack
    from lofi_core.tracks.library import Library
    from lofi_core.tracks.spool import Spool

log = logging.getLogger("lofi.jobs")

LINGERS_SEC = 60.0


class Lingering:
    """Removes a job's files when it is time. No job depends on it; the next start removes what is left."""

    def __init__(self, library: Library) -> None:
        self._library = library

    async def discard_spool(self, spool: Spool, lingers: bool) -> None:  # noqa: FBT001 - passed by start_soon
        """Remove a spool; later, where a streaming client may still be reading it."""
        try:
            if lingers:
                await self._library.retire_spool(spool)
                await asyncio.sleep(LINGERS_SEC)
            await self._library.discard_spool(spool)
        except LofiError as error:
            log.warning("%s", error.text())

    async def discard_loose(self, encoded: EncodedTrack) -> None:
        """Remove a track that the library does not get, when whoever wanted it had the time to open it."""
        await asyncio.sleep(LINGERS_SEC)
        try:
            await self._library.discard(encoded)
        except LofiError as error:
            log.warning("%s", error.text())
