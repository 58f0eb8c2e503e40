"""How does the player come to play what the playlist says?

The player is given what plays and, in time for a gapless change, the one entry that comes next. Its events
say what has happened; the rest follows from them.
"""

from __future__ import annotations

import asyncio
import logging
from itertools import count
from typing import TYPE_CHECKING

from lofi_core import events as ev
from lofi_core.errors import AudioDeviceError, LofiError, from_text
from lofi_core.playback.items import ended, item_of
from lofi_core.player import protocol as pl
from lofi_core.player.handle import Player

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

    from lofi_core.playback.playlist import Entry, Playlist
    from lofi_core.playback.saved import Saved
    from lofi_core.playback.streams import Stream, Streams

log = logging.getLogger("lofi.playback")


class Deck:
    """The player, and which entry each of its items is. On the event loop; commands one at a time.

    Args:
        playlist: says what comes next; told what plays.
        streams: has the files of tracks that are being made.
        publish: gets every event for clients.
        changed: called when `keep_next` should be.
        saved: volume, crossfade, device, and where the current entry was left.

    Attributes:
        streams: files of tracks that are being made.
        state: of the sound.
        place_sec: where the current entry goes on when nothing plays.
        unplayable: keys of entries that failed since somebody asked for something.
    """

    def __init__(
        self,
        playlist: Playlist,
        streams: Streams,
        publish: Callable[[ev.Event], None],
        changed: Callable[[], None],
        saved: Saved,
    ) -> None:
        self.player = Player(
            self._take, device=saved.device, volume=saved.volume, crossfade_sec=saved.crossfade_sec
        )
        self.state: pl.State = "stopped"
        self.place_sec = saved.position_sec
        self._playlist = playlist
        self.streams = streams
        self._publish = publish
        self._changed = changed
        self._serial = count(1)
        self._entries: dict[str, Entry] = {}  # by item id, of what the player has
        self._playing: str | None = None
        self._begun: str | None = None  # whose begin clients know of
        self._ahead: str | None = None
        self._ahead_is_old = False  # its file is another now
        self._fading = False  # it goes silent slowly
        self.unplayable: set[int] = set()
        self._errors: dict[str, LofiError] = {}  # by item id, until the player says that it ended

    @property
    def playing(self) -> Entry | None:
        """The entry that plays, or is held."""
        return self._entries.get(self._playing) if self._playing else None

    @property
    def position_sec(self) -> float:
        """Where the current entry is, or goes on."""
        entry = self.playing
        if entry is None:
            return self.place_sec if self._playlist.current else 0.0
        return min(self.player.position_sec, entry.duration_sec)

    @property
    def fades_out(self) -> bool:
        """Whether it goes silent slowly."""
        return self._fading

    def forgive(self) -> None:
        """Somebody asked for something: what failed may be tried again."""
        self.unplayable.clear()

    async def begin(self, entry: Entry, position_sec: float = 0.0, *, hold: bool = False) -> None:
        """Play an entry now, from a place in it, or hold it there.

        Raises:
            LofiError: the player cannot; what was is as it was.
        """
        before = (self.state, self._playing, self._ahead, self._playlist.position)
        item = self._item(entry)
        # The player's first events may come before the answer reaches us.
        self._playlist.go_to(entry)
        self.state, self._playing = "paused" if hold else "playing", item.id
        self._ahead, self.place_sec = None, 0.0
        try:
            await self.player.load([item], position_sec=position_sec, paused=hold)
        except LofiError:
            self._entries.pop(item.id, None)
            self.state, self._playing, self._ahead, self._playlist.position = before
            self.place_sec = position_sec
            raise
        if before[2]:
            self._entries.pop(before[2], None)
        self._fading = False
        self._changed()

    async def skip(self, without: Collection[int] = ()) -> None:
        """Leave what plays for what comes next; go silent when nothing does."""
        if self.state == "stopped":
            return
        waited = self._playing is None and self._ahead is None  # for the first sound of what comes next
        entry = self._playlist.next(skipping=True, without={*self.unplayable, *without})
        await self._have_ahead(entry)
        self._fading = False
        if waited and entry is not None:
            return  # it is begun by that
        if entry is None:
            self._come_to_the_end()
        begun = await self.player.skip()
        if begun is not None and begun == self._ahead:
            # Its event is on the way; whoever asks next, or reads the answer, is ahead of it.
            self._playing, self._ahead = begun, None
            self._playlist.go_to(self._entries[begun])

    async def stop(self) -> None:
        """Go silent; the current entry begins anew the next time."""
        self._rest()
        await self.player.stop()
        self._playing = None

    async def fade_out(self, seconds: float) -> None:
        """Go silent over so many seconds; until then the list goes on. On hold, go silent now.

        Raises:
            InvalidParams: that is no number of seconds.
        """
        if self.state != "playing" or self._playing is None:
            await self.stop()
            return
        await self.player.stop(seconds)
        self._fading = True

    async def resume(self) -> None:
        """Go on after a pause, or come back from a fade."""
        if self.state == "paused" or self._fading:
            await self.player.play()
            self.state, self._fading = "playing", False

    async def seek(self, position_sec: float) -> float:
        """Go to a place in the current entry, its end at most; where that is."""
        entry = self.playing or self._playlist.current
        if entry is None:
            return 0.0
        place = min(position_sec, entry.duration_sec)
        if self.state == "stopped":
            self.place_sec = place
        else:
            await self.player.seek(position_sec)
        return place

    async def grow(self, stream: Stream) -> None:
        """A file that may play has more."""
        for item_id, entry in list(self._entries.items()):
            if entry.track_id == stream.track_id and entry.path is None:
                await self.player.grow(item_id, stream.available_sec, final=stream.final)

    async def finish(self, entry: Entry, track: Entry) -> None:
        """The track of an entry that grew is finished: `track` tells of it."""
        entry.path, entry.duration_sec, entry.music = track.path, track.duration_sec, track.music
        for item_id, other in list(self._entries.items()):
            track_item = item_of(item_id, entry, None, self.player.crossfade_sec)
            if other is entry and item_id == self._ahead:
                self._ahead_is_old = True  # the growing file goes, and may not be open yet
                self._changed()
            elif other is entry:
                await self.player.finished(item_id, entry.duration_sec, track_item)

    async def give_up(self, entry: Entry, error: LofiError | None) -> None:
        """An entry will not become a track, or is none any more: what comes next goes on."""
        self.unplayable.add(entry.key)
        if self.playing is entry and self._playing is not None:
            if error is not None:
                self._errors[self._playing] = error
            await self.skip()
        self._changed()

    def crossfade_changed(self) -> None:
        """The next entry comes in somewhere else."""
        self._ahead_is_old = self._ahead is not None
        self._changed()

    async def keep_next(self) -> None:
        """Have the player know what comes next, and note when nothing does."""
        if self.state == "stopped":
            return
        if self._is_over:
            self._come_to_the_end()
            return
        entry = self._playlist.next(without=self.unplayable)
        try:
            await self._have_ahead(entry)
        except LofiError as error:
            log.warning("%s", error.text())
            if self._playing is None and entry is not None:
                self.state, self.place_sec = "stopped", 0.0
                self._publish(ended(entry, 0.0, "error", error))

    async def close(self) -> None:
        """Fade out."""
        await self.player.close()

    def _rest(self) -> None:
        """Nothing is to be heard any more."""
        self.state, self.place_sec, self._fading = "stopped", 0.0, False
        ahead, self._ahead = self._ahead, None
        if ahead:
            self._entries.pop(ahead, None)

    def has_sound(self, entry: Entry) -> bool:
        """Something of it can be heard: its track is finished, or has begun to grow."""
        stream = self.streams.of_track(entry.track_id)
        return entry.path is not None or (stream is not None and stream.path is not None)

    async def _have_ahead(self, entry: Entry | None) -> None:
        if entry is not None and not self.has_sound(entry):
            entry = None  # its first sound brings us back
        if self._ahead is not None:
            if self._entries.get(self._ahead) is entry and not self._ahead_is_old:
                return
            if not await self.player.remove(self._ahead):
                return  # it plays already, or has failed: its event is on the way, and brings us back
            self._entries.pop(self._ahead, None)
            self._ahead = None
        self._ahead_is_old = False
        if entry is not None:
            item = self._item(entry)
            self._ahead = item.id
            try:
                await self.player.queue([item])
            except LofiError:
                self._entries.pop(item.id, None)
                self._ahead = None
                raise

    def _item(self, entry: Entry) -> pl.Item:
        item_id = f"{entry.track_id}/{next(self._serial)}"
        self._entries[item_id] = entry
        stream = self.streams.of_track(entry.track_id) if entry.path is None else None
        return item_of(item_id, entry, stream, self.player.crossfade_sec)

    @property
    def _is_over(self) -> bool:
        """Nothing plays, and nothing comes."""
        has_none = self._playing is None and self._ahead is None
        return has_none and self._playlist.next(without=self.unplayable) is None

    def _come_to_the_end(self) -> None:
        self.state, self.place_sec = "stopped", 0.0
        self._playlist.end()

    # -- what the player tells -------------------------------------------------------------------------

    def _take(self, event: pl.AnyEvent) -> None:
        # In a later turn: the answer to a command precedes the events it causes.
        asyncio.get_running_loop().call_soon(self._taken, event)

    def _taken(self, event: pl.AnyEvent) -> None:
        match event:
            case pl.Failed():
                log.warning("%s", event.error)
                if event.item_id is not None:
                    self._errors[event.item_id] = from_text(event.error)
            case pl.DeviceChanged():
                told = ev.AudioDeviceChanged(event.device, event.wanted, event.message)
                self._publish(told)
            case pl.ItemEvent() if entry := self._entries.get(event.item_id):
                self._happened(event, entry)
            case _:
                pass

    def _happened(self, event: pl.ItemEvent, entry: Entry) -> None:
        track_id, position_sec = entry.track_id, event.position_sec
        match event:
            case pl.Started():
                self._started(event, entry)
            case pl.Position():
                if event.item_id == self._playing:
                    duration_sec = event.duration_sec or entry.duration_sec
                    self._publish(ev.PlaybackPosition(track_id, position_sec, duration_sec))
            case pl.Paused():
                self.state = "paused"
                self._publish(ev.PlaybackPaused(track_id, position_sec))
            case pl.Resumed() | pl.Buffering(waiting=False):
                self.state = "playing"
                self._publish(ev.PlaybackResumed(track_id, position_sec))
            case pl.Buffering():
                self.state = "buffering"
                in_sec = self.streams.reaches_in_sec(track_id, position_sec + pl.REBUFFER_SEC)
                told = None if in_sec is None else round(in_sec, 1)
                self._publish(ev.PlaybackBuffering(track_id, position_sec, told))
            case pl.Ended():
                self._ended(event, entry)

    def _started(self, event: pl.Started, entry: Entry) -> None:
        self._playing = event.item_id
        if self._ahead == event.item_id:
            self._ahead = None
        if event.duration_sec is not None:
            entry.duration_sec = event.duration_sec
        if entry in self._playlist.entries:
            self._playlist.go_to(entry)
        if self.state != "paused":  # a skip, or another process, holds it too
            self.state = "playing"
        if self._begun != event.item_id:
            self._publish(ev.PlaybackStarted(entry.track_id, event.position_sec))
        elif self.state == "playing":  # in another process, where the last one died
            self._publish(ev.PlaybackResumed(entry.track_id, event.position_sec))
        self._begun = event.item_id
        self._changed()

    def _ended(self, event: pl.Ended, entry: Entry) -> None:
        self._entries.pop(event.item_id, None)
        error = self._errors.pop(event.item_id, None)
        if event.item_id == self._ahead:
            self._ahead = None
        if event.item_id == self._playing:
            self._playing = None
            if event.reason == "stopped" or (self._fading and self._ahead is None):
                self._rest()  # it has faded out, or nothing is left that could
        reason = "error" if error else event.reason
        if reason == "error":
            self.unplayable.add(entry.key)
            error = error or AudioDeviceError("the player gave the track up")
        if self.state != "stopped" and self._is_over:
            self._come_to_the_end()  # before anyone hears of it, and asks what is so now
        self._publish(ended(entry, event.position_sec, reason, error))
        self._changed()
