"""What plays after this? Waiting items; the first is opened before its turn."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING

from lofi_core.errors import LofiError
from lofi_core.player.voice import Voice

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from lofi_core.player.protocol import Item
    from lofi_core.player.voice import Track


class Playlist:
    """The queue.

    Args:
        open_track: opens an item's file; raises LofiError.
        report: gets each item that could not be opened, and why. It is out of the queue by then.
    """

    def __init__(
        self, open_track: Callable[[Item], Track], report: Callable[[Item, LofiError], None]
    ) -> None:
        self._items: deque[Item] = deque()
        self._open = open_track
        self._report = report
        self._first: Voice | None = None  # the first item, opened

    def __len__(self) -> int:
        return len(self._items)

    @property
    def ids(self) -> list[str]:
        """What waits, in order."""
        return [item.id for item in self._items]

    @property
    def opened(self) -> Voice | None:
        """The first item's voice, if it is open already."""
        return self._first

    def add(self, items: Iterable[Item], before: str | None = None) -> None:
        """Put items at the end, or before one that waits."""
        waiting = list(self._items)
        ids = self.ids
        at = ids.index(before) if before in ids else len(ids)
        self._items = deque([*waiting[:at], *items, *waiting[at:]])
        self._forget_first_unless_first()

    def remove(self, item_id: str) -> bool:
        """Take an item out. False when it does not wait."""
        kept = deque(item for item in self._items if item.id != item_id)
        found = len(kept) < len(self._items)
        self._items = kept
        self._forget_first_unless_first()
        return found

    def clear(self) -> None:
        """Nothing waits any more."""
        self._items.clear()
        self._forget_first_unless_first()

    def change(self, item: Item) -> None:
        """Take the newer form of a waiting item."""
        self._items = deque(item if item.id == old.id else old for old in self._items)

    def find(self, item_id: str) -> Item | None:
        """The waiting item of that id."""
        return next((item for item in self._items if item.id == item_id), None)

    def prepare(self) -> Voice | None:
        """Open the first item that can be opened; those before it are out. None when there is none."""
        while self._first is None and self._items:
            try:
                self._first = Voice(self._items[0], self._open(self._items[0]))
            except LofiError as error:
                self._report(self._items.popleft(), error)
        return self._first

    def prefetch(self) -> bool:
        """Decode a block of the first item. False when there is nothing to do."""
        voice = self.prepare()
        try:
            return voice is not None and voice.track.prefetch()
        except LofiError:
            return False  # told when its turn has come

    def take(self) -> Voice | None:
        """The first item that can be opened, out of the queue."""
        voice = self.prepare()
        if voice is not None:
            self._items.popleft()
            self._first = None
        return voice

    def _forget_first_unless_first(self) -> None:
        first = self._first
        if first is not None and (not self._items or self._items[0].id != first.item.id):
            first.track.close()
            self._first = None
