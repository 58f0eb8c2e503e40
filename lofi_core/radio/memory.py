"""What does the radio remember when it is off? One small file in the data directory."""

from __future__ import annotations

import logging
import time
from typing import TYPE_CHECKING, Any

import msgspec
from msgspec import Struct

from lofi_core.files import load_or_put_aside, replace_file

if TYPE_CHECKING:
    from collections.abc import Callable, Collection
    from pathlib import Path

log = logging.getLogger("lofi.radio")

FILE_NAME = "radio.json"
# Somebody who likes more forgets the first ones; the library's own favourites have no bound.
MOST_LIKED, MOST_DISLIKED = 2_000, 2_000
# Tracks in the ledger: 4 GB are about 200 of two minutes.
MOST_MADE = 20_000


class Made(Struct, array_like=True):
    """One track that the radio made.

    Attributes:
        size_bytes: on the disk.
        at: when it was heard last, or made; seconds since the epoch.
    """

    size_bytes: int
    at: float


class Kept(Struct, kw_only=True):
    """The file's content. Every collection has the oldest first.

    Attributes:
        station: the last one, as it was asked for.
        liked: track ids, and when somebody liked them.
        disliked: the same of those that must not come again.
        made: the ledger of the radio's own tracks, by track id.
    """

    station: dict[str, Any] | None = None
    liked: dict[str, float] = {}
    disliked: dict[str, float] = {}
    made: dict[str, Made] = {}


class Remembered:
    """Likes, dislikes, the last station, and a ledger of what the radio made. Not for several threads.

    Whoever owns it sees to it that it is written: `unsaved` on the loop, `write` in a thread.

    Args:
        path: of the file.
        now: seconds since the epoch.
    """

    def __init__(self, path: Path, now: Callable[[], float] = time.time) -> None:
        self._path = path
        self._now = now
        self._kept = load_or_put_aside(path, Kept, "the radio remembers nothing")
        self._is_saved = True
        self._is_warned = False
        self._bound()

    @property
    def station(self) -> dict[str, Any] | None:
        """What was played last, as it was told to `tuned`."""
        return self._kept.station

    def tuned(self, station: dict[str, Any]) -> None:
        """This is played now: what JSON can hold."""
        if station != self._kept.station:
            self._kept.station = station
            self._changed()

    def is_liked(self, track_id: str) -> bool:
        """Whether the listener liked a track."""
        return track_id in self._kept.liked

    def is_disliked(self, track_id: str) -> bool:
        """Whether a track must not be played."""
        return track_id in self._kept.disliked

    def like(self, track_id: str) -> None:
        """The listener likes this; what was said of it before does not count any more."""
        self.unrate(track_id)
        self._kept.liked[track_id] = self._now()
        self._changed()

    def dislike(self, track_id: str) -> None:
        """The listener does not like this."""
        self.unrate(track_id)
        self._kept.disliked[track_id] = self._now()
        self._changed()

    def unrate(self, track_id: str) -> None:
        """Nothing is said of this track."""
        for rated in (self._kept.liked, self._kept.disliked):
            if rated.pop(track_id, None) is not None:
                self._changed()

    def made(self, track_id: str, size_bytes: int) -> None:
        """The radio made this track."""
        self._kept.made.pop(track_id, None)
        self._kept.made[track_id] = Made(size_bytes, self._now())
        self._changed()

    def heard(self, track_id: str) -> None:
        """This track plays. Of no account for tracks that the radio did not make."""
        if made := self._kept.made.pop(track_id, None):
            self._kept.made[track_id] = Made(made.size_bytes, self._now())
            self._changed()

    def is_own(self, track_id: str) -> bool:
        """Whether the radio made it."""
        return track_id in self._kept.made

    def forget(self, track_id: str) -> None:
        """The track is gone, or belongs to somebody else now. A dislike stays: it may be made again."""
        made = self._kept.made.pop(track_id, None)
        liked = self._kept.liked.pop(track_id, None)
        if made is not None or liked is not None:
            self._changed()

    def size_bytes(self) -> int:
        """What the radio's own tracks take that nobody likes."""
        return sum(
            made.size_bytes for track_id, made in self._kept.made.items() if not self.is_liked(track_id)
        )

    def to_delete(self, limit_bytes: int, keep: Collection[str] = ()) -> list[str]:
        """What is to go so that the rest fits: disliked tracks first, then those heard longest ago.

        Args:
            limit_bytes: what may stay of the radio's own tracks that nobody likes. Those count, and never go,
                that are in `keep`.
            keep: track ids that are needed, such as what plays.
        """
        over = self.size_bytes() - limit_bytes
        ledger = [
            (track_id, made) for track_id, made in self._kept.made.items() if not self.is_liked(track_id)
        ]
        # In the order in which they were heard, whatever the clock said then.
        ledger.sort(key=lambda item: not self.is_disliked(item[0]))
        gone: list[str] = []
        for track_id, made in ledger:
            if over <= 0:
                break
            if track_id not in keep:
                gone.append(track_id)
                over -= made.size_bytes
        return gone

    def unsaved(self) -> bytes | None:
        """What is to be written now; None when the file says it already."""
        if self._is_saved:
            return None
        self._is_saved = True
        return msgspec.json.format(msgspec.json.encode(self._kept))

    def write(self, content: bytes) -> None:
        """Write the file, in any thread but one at a time. A disk that is full is told of once."""
        try:
            replace_file(self._path, content)
            self._is_warned = False
        except OSError as error:
            self._is_saved = False  # tried again at the next occasion
            if not self._is_warned:
                log.warning("what the radio remembers cannot be saved in %s: %s", self._path, error.strerror)
            self._is_warned = True

    def _changed(self) -> None:
        self._is_saved = False
        self._bound()

    def _bound(self) -> None:
        _bound(self._kept.liked, MOST_LIKED)
        _bound(self._kept.disliked, MOST_DISLIKED)
        _bound(self._kept.made, MOST_MADE)


def _bound(entries: dict[str, Any], most: int) -> None:
    """Drop the oldest of too many."""
    for track_id in list(entries)[: max(0, len(entries) - most)]:
        del entries[track_id]
