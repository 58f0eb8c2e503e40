"""What goes when the library is larger than the user allows? What nobody has used for longest."""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING

from lofi_core import events as ev
from lofi_core.errors import LofiError

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

    from anyio.abc import TaskGroup

    from lofi_core.tracks.library import Library

log = logging.getLogger("lofi.tracks")

# What was made, asked for or exported so lately is still in somebody's hands.
RECENT_SEC = 60.0
# While it is too large, the library is looked at so often: something may have come out of use.
AGAIN_SEC = 60.0


class Limit:
    """Keeps the library within `store.max_gb`. On the event loop; the store thread does the work.

    Args:
        library: loses tracks.
        max_gb: of 10^9 bytes; 0 is no limit.
        in_use: ids of tracks that stay: in the playlist, or being made.
        publish: gets `track_removed`.
        recent_sec: what was used so lately stays.
    """

    def __init__(
        self,
        library: Library,
        max_gb: float,
        in_use: Callable[[], Collection[str]],
        publish: Callable[[ev.Event], None],
        recent_sec: float = RECENT_SEC,
    ) -> None:
        self._library = library
        self._max_bytes = round(max_gb * 1e9)
        self._in_use = in_use
        self._publish = publish
        self._recent_sec = recent_sec
        self._due = asyncio.Event()
        self._played: set[str] = set()  # not noted yet
        self._warned = False
        self._again: asyncio.TimerHandle | None = None

    def start(self, tasks: TaskGroup) -> None:
        """Look from now on, in a task group that outlives every command."""
        self._due.set()
        tasks.start_soon(self._run)

    def happened(self, event: ev.Event) -> None:
        """Follow the events of jobs and of the playback."""
        if isinstance(event, ev.PlaybackStarted):
            self._played.add(event.track_id)
            self._due.set()
        elif isinstance(event, ev.GenerationComplete) and not event.cached:
            self._due.set()

    async def _run(self) -> None:
        while True:
            await self._due.wait()
            self._due.clear()
            try:
                await self._note_played()
                if self._max_bytes:
                    await self._make_room()
            except LofiError as error:
                log.warning("%s", error.text())

    async def _note_played(self) -> None:
        played, self._played = self._played, set()
        for track_id in played:
            await self._library.find(track_id, used=True)

    async def _make_room(self) -> None:
        while self._library.size_bytes > self._max_bytes:
            removed = await self._library.remove_least_used(
                self._max_bytes, set(self._in_use()), self._recent_sec
            )
            if removed is None:
                self._look_again()
                return
            log.info("removed track %s, unused for longest: store.max_gb is passed", removed)
            self._publish(ev.TrackRemoved(removed, "max_gb"))
        self._warned = False

    def _look_again(self) -> None:
        """All that is left stays, for now."""
        held = self._library.size_bytes
        if held > self._max_bytes and not self._warned:
            log.warning(
                "the library holds %.3f GB, more than store.max_gb: favourites, the playlist and what was "
                "used just now stay",
                held / 1e9,
            )
        self._warned = held > self._max_bytes
        if self._again:
            self._again.cancel()
        self._again = asyncio.get_running_loop().call_later(AGAIN_SEC, self._due.set)
