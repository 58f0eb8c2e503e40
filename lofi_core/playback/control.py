"""What can clients ask of the playback? One thing at a time, whoever asks."""

from __future__ import annotations

import asyncio
import logging
import math
from typing import TYPE_CHECKING

from lofi_core import events as ev
from lofi_core.errors import InvalidParams, LofiError, UnknownTrack
from lofi_core.playback.deck import Deck
from lofi_core.playback.editing import Editing
from lofi_core.playback.horizon import Horizon, horizon_of
from lofi_core.playback.incoming import Incoming
from lofi_core.playback.playlist import Playlist, entry_of
from lofi_core.playback.saved import FILE_NAME, POSITION_EVERY_SEC, Saved, Saver, load, restore, with_playlist
from lofi_core.playback.sound import Sound
from lofi_core.playback.streams import Streams

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from anyio.abc import TaskGroup

    from lofi_core.config import Audio
    from lofi_core.playback.playlist import Entry
    from lofi_core.tracks.library import Library
    from lofi_core.tracks.track import Track

log = logging.getLogger("lofi.playback")

# Until then, who goes back means the track before; later, the begin of this one.
ANEW_AFTER_SEC = 3.0


class Playback(Editing):
    """The playlist, the player, and tracks that were asked for with `play`. All of it on the event loop.

    Args:
        library: where tracks are.
        saved: what is left of the last time.
        path: where that is kept.
        publish: gets every event for clients.

    Attributes:
        listeners: get the same events, in the same turn of the loop.
    """

    def __init__(
        self, library: Library, saved: Saved, path: Path, publish: Callable[[ev.Event], None]
    ) -> None:
        self.playlist = Playlist()
        self.deck = Deck(self.playlist, Streams(), self._publish, self._look_again, saved)
        self._library = library
        self._saver = Saver(path, self._snapshot)
        self.sound = Sound(self.deck.player, saved, self._publish, self._saver.note)
        self.listeners: list[Callable[[ev.Event], None]] = [publish]
        self._lock = asyncio.Lock()  # commands come one at a time
        self._due = asyncio.Event()
        self.incoming = Incoming(
            *(self.playlist, self.deck, self._publish, self._list_changed, self._due.set), library.find
        )
        self._saved_at_sec = 0.0
        self._closed = False
        self._tasks: TaskGroup

    @classmethod
    async def open(
        cls, library: Library, data_dir: Path, audio: Audio, publish: Callable[[ev.Event], None]
    ) -> Playback:
        """What is left of the last time, over the configuration. Tracks that are gone are left out."""
        path = data_dir / FILE_NAME
        saved = await asyncio.to_thread(load, path, audio)
        playback = cls(library, saved, path, publish)
        if not await restore(playback.playlist, saved, library.find):
            playback.deck.place_sec = 0.0
        return playback

    def start(self, tasks: TaskGroup) -> None:
        """Serve from now on, in a task group that outlives every command."""
        self._tasks = tasks
        tasks.start_soon(self._run)
        tasks.start_soon(self._saver.run)

    async def close(self) -> None:
        """Remember where it was, and fade out."""
        self._closed = True
        if self.deck.playing is not None:
            self._saver.note()
        await self._saver.finish()
        await self.deck.close()

    # -- playing ---------------------------------------------------------------------------------------

    async def play(self, track_id: str | None = None) -> None:
        """Play a track, which gets a place behind the current one; without one, go on.

        One that is being made is played next, as soon as it can be heard to its end.

        Raises:
            UnknownTrack: there is no such track, or the playlist is empty.
            AudioDeviceError: it cannot be heard.
        """
        async with self._lock:
            self.deck.forgive()
            if track_id is not None:
                entry = await self._place_for(track_id)
                if entry is None:
                    self.want(track_id)
                else:
                    await self.deck.begin(entry)
            elif self.deck.state != "stopped":
                await self.deck.resume()
            else:
                entry = self.playlist.current or self.playlist.first()
                if entry is None:
                    hint = "name a track: `lofi-core tracks list` shows what is there"
                    raise UnknownTrack("nothing to play: the playlist is empty", hint)
                await self.deck.begin(entry, self.deck.place_sec if entry is self.playlist.current else 0.0)
            self._saver.note()

    async def pause(self) -> None:
        """Hold the sound where it is. Harmless when there is none."""
        async with self._lock:
            if self.deck.state in {"playing", "buffering"}:
                await self.deck.player.pause()
                self.deck.state = "paused"
            self._saver.note()

    async def toggle(self) -> None:
        """Pause, or go on."""
        await (self.pause() if self.deck.state in {"playing", "buffering"} else self.play())

    async def stop(self) -> None:
        """Go silent. What was to be played as soon as it is made stays silent too."""
        async with self._lock:
            self.incoming.forget_wanted()
            await self.deck.stop()
            self._saver.note()

    async def fade_out(self, seconds: float) -> None:
        """Begin to go silent over so many seconds, then stop: `playback_ended` says when. `play` comes back.

        Raises:
            InvalidParams: that is no number of seconds.
        """
        async with self._lock:
            self.incoming.forget_wanted()
            await self.deck.fade_out(seconds)
            self._saver.note()

    async def skip(self) -> None:
        """Go to the next track; at the end, go silent."""
        async with self._lock:
            self.deck.forgive()
            await self.deck.skip()
            self._saver.note()

    async def previous(self) -> None:
        """Begin the current track anew; within its first seconds, the one before it. A pause holds."""
        async with self._lock:
            if self.deck.state == "stopped":
                return
            self.deck.forgive()
            before = self.playlist.previous()
            if before is not None and not self.deck.has_sound(before):
                before = None  # it has yet to be made
            if before is None or self.deck.position_sec > ANEW_AFTER_SEC:
                await self.deck.seek(0.0)
            else:
                await self.deck.begin(before, hold=self.deck.state == "paused")
            self._saver.note()

    async def seek(self, position_sec: float) -> float:
        """Go to a place in the current track, its end at most; where that is.

        Raises:
            InvalidParams: that is no place.
            UnknownTrack: there is no current track.
        """
        if not (math.isfinite(position_sec) and position_sec >= 0):
            hint = "give seconds from the track's begin, such as 12.5"
            raise InvalidParams(f"position_sec is {position_sec}; must be a number of at least 0", hint)
        async with self._lock:
            if self.deck.playing is None and self.playlist.current is None:
                raise UnknownTrack("nothing to seek in: no track plays", "`lofi-core play TRACK` plays one")
            place = await self.deck.seek(position_sec)
            self._saver.note()
            return place

    def horizon(self) -> Horizon:
        """What plays, for how long, and what comes then."""
        return horizon_of(self.playlist, self.deck)

    # -- what jobs make --------------------------------------------------------------------------------

    def want(self, track_id: str) -> None:
        """Play the track that a job makes, as soon as it can be heard to its end."""
        self.incoming.want(track_id)
        self._tasks.start_soon(self._get_ready)

    def want_track(self, track: Track) -> None:
        """Play a finished track, next."""
        self._tasks.start_soon(self._play_next, entry_of(track))

    # -- inside ----------------------------------------------------------------------------------------

    async def _run(self) -> None:
        while True:
            await self._due.wait()
            self._due.clear()
            async with self._lock:
                try:
                    if self._closed:
                        return
                    await self.incoming.tend()
                    await self.deck.keep_next()
                except LofiError as error:
                    log.warning("%s", error.text())
                except Exception:
                    log.exception("the playback goes on after a fault")

    async def _play_next(self, entry: Entry) -> None:
        async with self._lock:
            await self.incoming.play_next(self.playlist.find(entry.track_id) or entry)

    async def _get_ready(self) -> None:
        """Start the player, so that the sound can begin at once. That it cannot is told at its time."""
        try:
            await self.deck.player.start()
        except LofiError as error:
            log.warning("%s", error.text())

    async def _place_for(self, track_id: str) -> Entry | None:
        """The track's place in the list, which it gets; None for one that has yet to be made."""
        entry = self.playlist.find(track_id)
        if entry is not None and entry.path is None:
            return entry if self.deck.has_sound(entry) else None
        if entry is None and self.deck.streams.is_being_made(track_id):
            track = await self._library.find(track_id)
            if track is None:
                return None
        track = await self._library.get(track_id, used=True)
        if entry is None:
            entry = entry_of(track)
            self.playlist.add_next(entry)
            self._list_changed()
        return entry

    def _snapshot(self) -> Saved:
        return with_playlist(self.sound.saved, self.playlist, self.deck.position_sec)

    def _list_changed(self) -> None:
        self._publish(ev.PlaylistChanged(len(self.playlist.entries)))
        self._saver.note()
        self._look_again()

    def _look_again(self) -> None:
        self._due.set()
        self._saver.note()

    def _publish(self, event: ev.Event) -> None:
        moved_sec = event.position_sec - self._saved_at_sec if isinstance(event, ev.PlaybackPosition) else 0
        if abs(moved_sec) >= POSITION_EVERY_SEC:
            self._saved_at_sec += moved_sec
            self._saver.note()
        # In a later turn: the answer to a request precedes the events it causes.
        asyncio.get_running_loop().call_soon(self._tell, event)

    def _tell(self, event: ev.Event) -> None:
        for listen in self.listeners:
            listen(event)
