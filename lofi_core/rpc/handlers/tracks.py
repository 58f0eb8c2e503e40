"""Methods about finished tracks."""

from __future__ import annotations

import asyncio
import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING

from lofi_core.errors import LofiError
from lofi_core.events import TrackRemoved
from lofi_core.rpc import results as r

if TYPE_CHECKING:
    from collections.abc import Callable

    from lofi_core.events import Event
    from lofi_core.playback.control import Playback
    from lofi_core.rpc import params as p
    from lofi_core.rpc.connection import Connection
    from lofi_core.tracks.library import Library
    from lofi_core.tracks.track import Exported, Track

log = logging.getLogger("lofi.tracks")


@dataclass(slots=True)
class TrackMethods:
    """`tracks_list`, `tracks_get`, `tracks_update`, `tracks_delete`, `tracks_export`, `tracks_waveform`."""

    library: Library
    playback: Playback
    publish: Callable[[Event], None]

    async def tracks_list(self, _connection: Connection, params: p.TracksListParams) -> r.Tracks:
        tracks, total = await self.library.list(
            limit=params.limit, offset=params.offset, query=params.query, favourite=params.favourite
        )
        return r.Tracks(list(tracks), total)

    async def tracks_get(self, _connection: Connection, params: p.TrackParams) -> Track:
        return await self.library.get(params.track_id)

    async def tracks_update(self, _connection: Connection, params: p.TracksUpdateParams) -> Track:
        return await self.library.update(params.track_id, favourite=params.favourite, title=params.title)

    async def tracks_delete(self, _connection: Connection, params: p.TrackParams) -> r.Deleted:
        await self.library.delete(params.track_id)
        try:
            await self.playback.forget(params.track_id)
        except LofiError as error:  # it is deleted all the same
            log.warning("%s", error.text())
        # In a later turn: the answer to a request precedes the events it causes.
        asyncio.get_running_loop().call_soon(self.publish, TrackRemoved(params.track_id, "deleted"))
        return r.Deleted(deleted=True)

    async def tracks_export(self, _connection: Connection, params: p.TracksExportParams) -> Exported:
        return await self.library.export(
            params.track_id, params.path, params.format, overwrite=params.overwrite
        )

    async def tracks_waveform(self, _connection: Connection, params: p.TracksWaveformParams) -> r.Waveform:
        return r.Waveform(list(await self.library.waveform(params.track_id, params.bins)))
