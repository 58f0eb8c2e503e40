"""How can the list be changed, by a client or by the radio?"""

from __future__ import annotations

from typing import TYPE_CHECKING

from lofi_core.playback.playlist import entry_of, wanted

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Collection

    from lofi_core.playback.deck import Deck
    from lofi_core.playback.playlist import Entry, Playlist, Repeat
    from lofi_core.playback.sound import Sound
    from lofi_core.tracks.library import Library


class Editing:
    """The part of `Playback` that changes the list; what plays follows."""

    playlist: Playlist
    deck: Deck
    sound: Sound
    _library: Library
    _lock: asyncio.Lock

    async def add(self, track_id: str, position: int | None = None) -> None:
        """Put a track into the list; one that is there moves. Raises UnknownTrack or InvalidParams."""
        async with self._lock:
            track = await self._library.get(track_id)
            entry = self.playlist.find(track_id)
            if entry is None:
                self.playlist.add(entry_of(track), position)
            else:
                last = len(self.playlist.entries) - 1
                at = self.playlist.entries.index(entry)
                self.playlist.move(at, last if position is None else min(position, last))
            self._list_changed()

    async def remove(self, track_id: str) -> None:
        """Take a track out of the list; when it plays, the next one does. Raises UnknownTrack."""
        async with self._lock:
            await self._take_out(wanted(self.playlist, track_id))

    async def move(self, source: int, target: int) -> None:
        """Put the track at one position to another. Raises InvalidParams."""
        async with self._lock:
            self.playlist.move(source, target)
            self._list_changed()

    async def clear(self) -> None:
        """Go silent and forget the list."""
        async with self._lock:
            await self.deck.stop()
            self.playlist.clear()
            self._list_changed()

    async def set_mode(
        self, *, shuffle: bool | None, repeat: Repeat | None, crossfade_sec: float | None
    ) -> None:
        """Change how one goes through the list; None leaves as it is. Raises InvalidParams."""
        async with self._lock:
            if crossfade_sec is not None:
                await self.sound.set_crossfade(crossfade_sec)
                self.deck.crossfade_changed()
            if shuffle is not None:
                self.playlist.set_shuffle(shuffle)
            if repeat is not None:
                self.playlist.repeat = repeat
            self._list_changed()

    async def forget(self, track_id: str) -> None:
        """A track was deleted."""
        async with self._lock:
            while entry := self.playlist.find(track_id):
                await self._take_out(entry)

    # -- for the radio ---------------------------------------------------------------------------------

    async def enlist(self, entry: Entry, *, after: Entry | None = None, begin: bool = False) -> None:
        """Have an entry come next; one that waits moves there. The current one stays where it is.

        Args:
            entry: of a finished track, or of one that is being made; it waits for its first sound.
            after: where this still waits, `entry` comes behind it, else right behind the current one.
            begin: play it now when the state is `stopped`. A pause stays a pause.

        Raises:
            InvalidParams: the list is full.
            LofiError: it cannot be begun; it stays in the list.
        """
        async with self._lock:
            await self._enlist(entry, after)
            if begin and self.deck.state == "stopped":
                self.deck.forgive()
                await self.deck.begin(entry)

    async def withdraw(self, entries: Collection[Entry]) -> None:
        """Take those entries out of the list that are in it and do not play."""
        async with self._lock:
            out = [e for e in self.playlist.entries if e in entries and e is not self.deck.playing]
            for entry in out:
                self.playlist.remove(entry)
            if out:
                self._list_changed()
                await self.deck.keep_next()

    async def replace_now(self, entry: Entry) -> None:
        """Go to an entry at once, over the crossfade. A pause stays a pause.

        Raises:
            InvalidParams: the list is full.
            LofiError: it cannot be played.
        """
        async with self._lock:
            if entry is self.deck.playing:
                return
            await self._enlist(entry, None)
            self.deck.forgive()
            await (self.deck.begin(entry) if self.deck.state == "stopped" else self.deck.skip())

    # -- inside ----------------------------------------------------------------------------------------

    def _list_changed(self) -> None:
        """Tell everybody."""
        raise NotImplementedError

    async def _enlist(self, entry: Entry, after: Entry | None) -> None:
        if entry is self.playlist.current:
            return
        if entry in self.playlist.entries:
            self.playlist.remove(entry)
        self.playlist.add_next(entry, after)
        self._list_changed()
        await self.deck.keep_next()

    async def _take_out(self, entry: Entry) -> None:
        if self.deck.playing is entry:
            await self.deck.skip(without={entry.key})
        self.playlist.remove(entry)
        self._list_changed()
