"""A `Playback` in the test's own process, as the radio has it: a real library and player, the null device."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any, TypeVar

import anyio

from lofi_core import events as ev
from lofi_core.config import Audio
from lofi_core.playback.control import Playback
from lofi_core.playback.playlist import entry_of
from lofi_core.tracks.library import Library
from tests.player.conftest import sine
from tests.tracks.conftest import draft

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from lofi_core.playback.playlist import Entry
    from lofi_core.tracks.track import Track

E = TypeVar("E", bound=ev.Event)


class Studio:
    """A playback, its library, and everything that it told its clients and its listeners."""

    def __init__(self, library: Library) -> None:
        self.library = library
        self.playback: Playback
        self.told: list[ev.Event] = []
        self.overheard: list[ev.Event] = []
        self._news = asyncio.Event()
        self._seen = 0

    def tell(self, event: ev.Event) -> None:
        self.told.append(event)
        self._news.set()

    async def track(self, name: str, seconds: float = 30.0, **fields: Any) -> Track:
        """A tone in the library."""
        spool = await self.library.new_spool(name, 48_000, 2)
        self.library.append(spool, sine(seconds).T).result()
        encoded = await self.library.encode(spool, draft(name, **fields))
        await self.library.discard_spool(spool)
        return await self.library.commit(encoded)

    async def entries(self, *names: str, seconds: float = 30.0) -> list[Entry]:
        """Tones in the library, and a place for each, not in the list yet."""
        return [entry_of(await self.track(name, seconds)) for name in names]

    async def next(self, kind: type[E], **fields: object) -> E:
        """The next event of that kind, after those that this has returned before."""
        async with asyncio.timeout(15):
            while True:
                while self._seen < len(self.told):
                    event = self.told[self._seen]
                    self._seen += 1
                    if isinstance(event, kind) and all(getattr(event, k) == v for k, v in fields.items()):
                        return event
                self._news.clear()
                await self._news.wait()

    async def started(self, entry: Entry) -> ev.PlaybackStarted:
        """Wait for a track to begin."""
        return await self.next(ev.PlaybackStarted, track_id=entry.track_id)

    @property
    def names(self) -> str:
        """The list, as the last letters of its prompts."""
        return "".join(entry.prompt[-1] for entry in self.playback.playlist.entries)


@asynccontextmanager
async def studio(folder: Path, **audio: Any) -> AsyncIterator[Studio]:
    """All of it, open; crossfades are short."""
    library = await Library.open(folder / "data", folder / "cache")
    made = Studio(library)
    chosen = Audio(**{"device": "null", "crossfade_sec": 0.2, **audio})
    try:
        async with anyio.create_task_group() as tasks:
            made.playback = await Playback.open(library, folder / "data", chosen, made.tell)
            made.playback.listeners.append(made.overheard.append)
            made.playback.start(tasks)
            try:
                yield made
            finally:
                await made.playback.close()
                tasks.cancel_scope.cancel()
    finally:
        await library.close()
