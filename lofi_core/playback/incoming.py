"""How does a track come to be played while it is being made, or as soon as it is?"""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING

from lofi_core import events as ev
from lofi_core.errors import ERRORS, InternalError, LofiError
from lofi_core.playback.items import ended
from lofi_core.playback.playlist import Entry, entry_of

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from lofi_core.playback.deck import Deck
    from lofi_core.playback.playlist import Playlist
    from lofi_core.playback.streams import Stream
    from lofi_core.tracks.track import Track

log = logging.getLogger("lofi.playback")

# A client is told again when a track will begin after the estimate moved by so much.
TELL_AGAIN_SEC = 1.0
# What begins so soon has a timer; before that, news of it comes.
SOON_SEC = 2.0
JobsEnd = ev.GenerationComplete | ev.GenerationCancelled | ev.GenerationError


class Incoming:
    """Tracks that were asked for with `play`, and those that play while they grow.

    `want` and `happened` only take note; `tend` acts, with nothing else going on.

    Args:
        playlist: gets the tracks.
        deck: plays them.
        publish: gets every event for clients.
        list_changed: called when the playlist did.
        due: called when `tend` should be.
        find: looks a track up in the library.
    """

    def __init__(
        self,
        playlist: Playlist,
        deck: Deck,
        publish: Callable[[ev.Event], None],
        list_changed: Callable[[], None],
        due: Callable[[], None],
        find: Callable[[str], Awaitable[Track | None]],
    ) -> None:
        self._playlist = playlist
        self._deck = deck
        self._streams = deck.streams
        self._publish = publish
        self._list_changed = list_changed
        self._due = due
        self._find = find
        self._over: list[JobsEnd] = []  # not looked at yet
        self._grown: set[str] = set()  # tracks whose files have more
        self._last: Entry | None = None  # put behind what plays: the next such track comes behind it
        self._wanted: dict[str, float | None] = {}  # tracks to play, and when the last estimate said
        self._alarm: asyncio.TimerHandle | None = None

    def want(self, track_id: str) -> None:
        """Play the track that a job makes, as soon as it can be heard to its end."""
        self._wanted[track_id] = None
        self._grown.add(track_id)  # who joins a job may find enough already
        self._due()

    def forget_wanted(self) -> None:
        """Play nothing without being asked again."""
        self._wanted.clear()

    def happened(self, event: ev.Event) -> None:
        """Follow an event of a job."""
        self._streams.happened(event)
        if isinstance(event, ev.GenerationAudio):
            self._grown.add(event.track_id)
            self._due()
        elif isinstance(event, JobsEnd):
            self._over.append(event)
            self._due()

    async def tend(self) -> None:
        """Act on what was noted."""
        grown, self._grown = self._grown, set()
        over, self._over = self._over, []
        for track_id in grown:
            stream = self._streams.of_track(track_id)
            if stream is None or stream.path is None:
                continue
            await self._deck.grow(stream)
            if track_id in self._wanted:
                await self._begin_if_enough(stream)
        for event in over:
            if isinstance(event, ev.GenerationComplete):
                await self._completed(event)
            else:
                await self._lost(event)

    async def play_next(self, entry: Entry) -> None:
        """Play an entry behind what plays; now, when nothing does. What goes wrong is told as its end."""
        try:
            if entry is self._deck.playing:
                return
            if entry in self._playlist.entries:
                self._playlist.remove(entry)
            self._playlist.add_next(entry, after=self._last)
            self._last = entry
            self._list_changed()
            if self._deck.state in {"stopped", "paused"}:
                self._deck.forgive()
                await self._deck.begin(entry)
        except LofiError as error:
            log.warning("%s", error.text())
            self._publish(ended(entry, 0.0, "error", error))

    async def _begin_if_enough(self, stream: Stream) -> None:
        track_id = stream.track_id
        in_sec = self._streams.starts_in_sec(stream)
        if in_sec == 0:
            del self._wanted[track_id]
            known = self._playlist.find(track_id)
            fresh = Entry(track_id, stream.prompt, None, stream.duration_sec, None)
            await self.play_next(known or fresh)
            return
        if in_sec is not None and in_sec <= SOON_SEC:
            self._look_again_in(in_sec, track_id)
        # The first chunk says too little.
        if stream.pace.is_measured:
            self._tell_when(track_id, in_sec)

    def _look_again_in(self, seconds: float, track_id: str) -> None:
        """It may begin before there is more news of it."""

        def look() -> None:
            self._grown.add(track_id)
            self._due()

        if self._alarm is not None:
            self._alarm.cancel()
        self._alarm = asyncio.get_running_loop().call_later(seconds, look)

    def _tell_when(self, track_id: str, in_sec: float | None) -> None:
        """Say when it will begin, unless that is what was said, or so soon that nobody need know."""
        told_at = self._wanted[track_id]
        now = asyncio.get_running_loop().time()
        if in_sec is not None and abs(in_sec - max((told_at or 0.0) - now, 0.0)) < TELL_AGAIN_SEC:
            return
        self._wanted[track_id] = None if in_sec is None else now + in_sec
        rounded = None if in_sec is None else round(in_sec, 1)
        self._publish(ev.PlaybackBuffering(track_id, 0.0, rounded))

    async def _completed(self, event: ev.GenerationComplete) -> None:
        track_id = event.track_id
        grew = [e for e in self._playlist.entries if e.track_id == track_id and e.path is None]
        if not grew and track_id not in self._wanted:
            return
        finished = Entry(track_id, event.prompt, None, event.duration_sec, event.path)
        for entry in grew:  # before anything else: what plays may be near its end
            await self._deck.finish(entry, finished)
            self._list_changed()
        if track := await self._find(track_id):
            finished = entry_of(track)
        if finished.music:
            for entry in grew:
                await self._deck.finish(entry, finished)
        if track_id in self._wanted:
            del self._wanted[track_id]
            await self.play_next(self._playlist.find(track_id) or finished)

    async def _lost(self, event: ev.GenerationCancelled | ev.GenerationError) -> None:
        self._wanted.pop(event.track_id, None)
        entry = self._playlist.find(event.track_id)
        if entry is None or entry.path is not None:
            return
        await self._deck.give_up(entry, _error_of(event))
        self._playlist.remove(entry)
        self._list_changed()


def _error_of(event: ev.GenerationCancelled | ev.GenerationError) -> LofiError | None:
    if isinstance(event, ev.GenerationCancelled):
        return None
    hint = event.hint if isinstance(event.hint, str) else None
    return ERRORS.get(event.code, InternalError)(event.message, hint)
