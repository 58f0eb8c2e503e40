"""Which tracks are to be played, and which of them comes next? Pure: no files, no player, no clock."""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from itertools import count
from typing import TYPE_CHECKING, Literal

from lofi_core.errors import InvalidParams, UnknownTrack
from lofi_core.playback.bars import music_of

if TYPE_CHECKING:
    from collections.abc import Collection

    from lofi_core.backend import Music
    from lofi_core.tracks.track import Track

Repeat = Literal["off", "one", "all"]
MAX_ENTRIES = 1_000  # what one answer to `playlist_get` may hold
_keys = count(1)


@dataclass(eq=False, slots=True)
class Entry:
    """One place in the list.

    Attributes:
        path: of the finished track; None while it is being made.
        duration_sec: of the track; as requested while it is being made.
        music: its tempo, key and bars, where they are known.
        cross_at_sec: where the next one comes in; None: on the last bar line that leaves the crossfade its
            time, see `bars`, or where the crossfade begins.
        key: tells places apart, never used twice.
    """

    track_id: str
    prompt: str
    title: str | None
    duration_sec: float
    path: str | None
    music: Music | None = None
    cross_at_sec: float | None = None
    key: int = field(default_factory=lambda: next(_keys))


class Playlist:
    """The list, and how one goes through it.

    Attributes:
        entries: in the order shown.
        position: of the entry that plays or would; `len(entries)` when the last one is over.
        repeat: `one` plays the same entry again at its end; a skip goes on as with `all`.
    """

    def __init__(self, chance: random.Random | None = None) -> None:
        self.entries: list[Entry] = []
        self.position = 0
        self.repeat: Repeat = "off"
        self._chance = chance or random.Random()  # noqa: S311 - which track is next is no secret
        self._bag: list[int] | None = None  # shuffled: keys of what has not been played, the next one last
        self._past: list[int] = []  # keys of what was left for another, the last one last

    @property
    def shuffle(self) -> bool:
        """Whether the order is left to chance."""
        return self._bag is not None

    @property
    def current(self) -> Entry | None:
        """The entry that plays or would; None when there is none, or the last one is over."""
        return self.entries[self.position] if self.position < len(self.entries) else None

    def find(self, track_id: str) -> Entry | None:
        """The place of a track."""
        return next((entry for entry in self.entries if entry.track_id == track_id), None)

    def add(self, entry: Entry, position: int | None = None) -> None:
        """Put an entry before the one at `position`, or at the end.

        Raises:
            InvalidParams: the list is full, or has no such position.
        """
        self.check_room()
        at = len(self.entries) if position is None else position
        if not 0 <= at <= len(self.entries):
            raise InvalidParams(f"position is {at}; the playlist has 0 to {len(self.entries)}")
        self.entries.insert(at, entry)
        if at < self.position or (at == self.position and self.position < len(self.entries) - 1):
            self.position += 1  # what plays stays what plays
        if self._bag is not None:
            self._bag.insert(self._chance.randint(0, len(self._bag)), entry.key)

    def add_next(self, entry: Entry, after: Entry | None = None) -> None:
        """Put an entry behind the current one, so that it comes next, by chance too.

        Args:
            entry: a new one.
            after: came here the same way; where it still waits, `entry` comes behind it.

        Raises:
            InvalidParams: the list is full.
        """
        if after is not None and after in self.entries[self.position + 1 :]:
            at = self.entries.index(after) + 1
        else:
            at, after = self.position + (self.current is not None), None
        self.add(entry, at)
        if self._bag is not None:
            self._bag.remove(entry.key)
            waits = after is not None and after.key in self._bag
            self._bag.insert(self._bag.index(after.key) if waits and after else len(self._bag), entry.key)

    def check_room(self) -> None:
        """Raise InvalidParams when no entry can be added."""
        if len(self.entries) >= MAX_ENTRIES:
            raise InvalidParams(f"the playlist holds {MAX_ENTRIES:,} tracks", "playlist_clear empties it")

    def remove(self, entry: Entry) -> None:
        """Take an entry out. When it was the current one, the one behind it is."""
        at = self.entries.index(entry)
        del self.entries[at]
        if at < self.position:
            self.position -= 1
        if self._bag is not None and entry.key in self._bag:
            self._bag.remove(entry.key)

    def move(self, source: int, target: int) -> None:
        """Put the entry at one position to another.

        Raises:
            InvalidParams: the list has no such position.
        """
        last = len(self.entries) - 1
        for name, value in (("from", source), ("to", target)):
            if not 0 <= value <= last:
                has = f"the playlist has 0 to {last}" if last >= 0 else "the playlist is empty"
                raise InvalidParams(f"{name} is {value}; {has}")
        current = self.current
        self.entries.insert(target, self.entries.pop(source))
        if current is not None:
            self.position = self.entries.index(current)

    def clear(self) -> None:
        """Leave nothing."""
        self.entries.clear()
        self.position = 0
        if self._bag is not None:
            self._bag.clear()

    def set_shuffle(self, on: bool) -> None:  # noqa: FBT001 - the word is its own name
        """Leave the order to chance, or not. What plays goes on."""
        if on != self.shuffle:
            self._bag = self._shuffled(without=self.current) if on else None

    def go_to(self, entry: Entry) -> None:
        """This one plays now. By chance, one that is chosen after all were played begins another round."""
        is_another = entry is not self.current
        if is_another:
            self._leave(self.current, entry)
        self.position = self.entries.index(entry)
        if self._bag is None:
            return
        if entry.key in self._bag:
            self._bag.remove(entry.key)
        elif is_another and not self._bag:
            self._bag = self._shuffled(without=entry)

    def end(self) -> None:
        """The last one is over."""
        self.position = len(self.entries)

    def first(self) -> Entry | None:
        """Where to begin when nothing is the current one."""
        if self._bag is None:
            return self.entries[0] if self.entries else None
        if not self._bag:
            self._bag = self._shuffled(without=None)
        return self._entry(self._bag[-1]) if self._bag else None

    def next(self, *, skipping: bool = False, without: Collection[int] = ()) -> Entry | None:
        """What comes after the current entry. It stays the same until something is changed.

        Args:
            skipping: the current one is left before its end.
            without: keys of entries that cannot be played.
        """
        current = self.current
        if current is not None and self.repeat == "one" and not skipping and current.key not in without:
            return current
        if self._bag is not None:
            return self._next_by_chance(current, without)
        behind = self.entries[self.position + 1 :]
        before = self.entries[: self.position + 1] if self.repeat != "off" else []
        return next((entry for entry in (*behind, *before) if entry.key not in without), None)

    def previous(self) -> Entry | None:
        """What stands before the current entry; by chance, what was heard before it."""
        if self._bag is not None:
            by_key = {entry.key: entry for entry in self.entries if entry is not self.current}
            return next((by_key[key] for key in reversed(self._past) if key in by_key), None)
        if self.position > 0:
            return self.entries[self.position - 1]
        return self.entries[-1] if self.repeat != "off" and len(self.entries) > 1 else None

    def coming(self, without: Collection[int] = ()) -> list[Entry]:
        """What follows the current entry, in the order in which it will play, each once.

        With `repeat="one"` nothing does; with `all` those before the current one come behind the last, but
        for those that a new draw has yet to put in order.
        """
        if self.repeat == "one" and self.current is not None:
            return []
        if self._bag is not None:
            order = [self._entry(key) for key in reversed(self._bag)]
        else:
            after = self.position + (self.current is not None)
            order = [*self.entries[after:], *(self.entries[: self.position] if self.repeat == "all" else ())]
        return [entry for entry in order if entry.key not in without]

    def _leave(self, left: Entry | None, entry: Entry) -> None:
        if entry.key in self._past:  # one goes back there
            del self._past[self._past.index(entry.key) :]
        elif left is not None:
            self._past.append(left.key)
            del self._past[:-MAX_ENTRIES]

    def _next_by_chance(self, current: Entry | None, without: Collection[int]) -> Entry | None:
        assert self._bag is not None  # noqa: S101 - only asked when shuffled
        left = [key for key in self._bag if key not in without]
        if not left and self.repeat != "off":
            self._bag = self._shuffled(without=current)
            left = [key for key in self._bag if key not in without]
            if not left and current is not None and current.key not in without:
                return current
        return self._entry(left[-1]) if left else None

    def _entry(self, key: int) -> Entry:
        return next(entry for entry in self.entries if entry.key == key)

    def _shuffled(self, without: Entry | None) -> list[int]:
        keys = [entry.key for entry in self.entries if entry is not without]
        self._chance.shuffle(keys)
        return keys


def entry_of(track: Track) -> Entry:
    """A place for a finished track."""
    return Entry(
        track.track_id, track.prompt, track.title, track.duration_sec, track.path, music=music_of(track)
    )


def wanted(playlist: Playlist, track_id: str) -> Entry:
    """The place of a track that must have one.

    Raises:
        UnknownTrack: it has none.
    """
    entry = playlist.find(track_id)
    if entry is None:
        raise UnknownTrack(f"track {track_id!r} is not in the playlist", "playlist_get lists what is")
    return entry
