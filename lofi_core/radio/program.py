"""Which entries of the playlist are the radio's, and in which order do they come?"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from lofi_core.playback.playlist import Entry
    from lofi_core.radio.flow import Feel
    from lofi_core.radio.status import Source

# So many of those that were heard stay in the list.
HEARD_SHOWN = 10


@dataclass(eq=False, slots=True)
class Piece:
    """One entry of the radio's.

    Attributes:
        wave: which of the radio's plans it belongs to: a newer one's pieces come first.
        was_begun: it plays, or was heard.
    """

    entry: Entry
    source: Source
    wave: int
    feel: Feel
    was_begun: bool = False


@dataclass(slots=True)
class Program:
    """The radio's entries, and those that were there before it.

    Attributes:
        before: keys of the entries that nobody put there for this radio: they wait until it is over.
    """

    before: set[int] = field(default_factory=set)
    _pieces: dict[int, Piece] = field(default_factory=dict)  # in the order in which they came

    def add(self, piece: Piece) -> Entry:
        """An entry goes into the list; that entry."""
        self._pieces[piece.entry.key] = piece
        return piece.entry

    def of(self, entry: Entry | None) -> Piece | None:
        """What an entry is to the radio."""
        return None if entry is None else self._pieces.get(entry.key)

    def ready(self, coming: Iterable[Entry], wave: int) -> list[Entry]:
        """The pieces of the newest plan that come next."""
        pieces = [self._pieces.get(entry.key) for entry in coming]
        return [
            piece.entry
            for piece in pieces
            if piece and piece.source == "made" and piece.wave == wave and not piece.was_begun
        ]

    def others(self, coming: Iterable[Entry], wave: int) -> list[Entry]:
        """What else would be heard next: bridges, pieces of an older plan, what somebody put there since."""
        ready = {entry.key for entry in self.ready(coming, wave)}
        return [entry for entry in coming if entry.key not in ready and not self.is_done_with(entry)]

    def spares(self, coming: Iterable[Entry], wave: int) -> list[Entry]:
        """Those of the others that are the radio's own."""
        return [entry for entry in self.others(coming, wave) if entry.key in self._pieces]

    def behind_which(self, coming: Sequence[Entry], wave: int) -> Entry | None:
        """Behind which entry the newest plan's next piece comes; None: right behind what plays.

        Behind its pieces, and what somebody put behind those; before bridges and whatever was there before.
        """
        spares = {entry.key for entry in self.spares(coming, wave)}
        last = None
        for entry in coming:
            if entry.key in spares or self.is_done_with(entry):
                break
            last = entry
        return last

    def last_of(self, coming: Sequence[Entry]) -> Entry | None:
        """Behind which entry a spare comes: the last that is not from before."""
        last = None
        for entry in coming:
            if self.is_done_with(entry):
                break
            last = entry
        return last

    def begun(self, piece: Piece) -> None:
        """It plays: of those that were heard it is the newest."""
        piece.was_begun = True
        self._pieces[piece.entry.key] = self._pieces.pop(piece.entry.key)

    def too_old(self, entries: Sequence[Entry], current: Entry | None) -> list[Entry]:
        """The heard ones in the list, but for the newest."""
        there = {entry.key for entry in entries if entry is not current}
        heard = [key for key, piece in self._pieces.items() if piece.was_begun and key in there]
        return [self._pieces[key].entry for key in heard[:-HEARD_SHOWN]]

    def not_heard(self, entries: Sequence[Entry], current: Entry | None) -> list[Entry]:
        """The radio's entries in the list that wait."""
        own = [entry for entry in entries if entry.key in self._pieces and entry is not current]
        return [entry for entry in own if not self._was_begun(entry)]

    def forget_gone(self, entries: Sequence[Entry]) -> None:
        """Keep what is in the list."""
        there = {entry.key for entry in entries}
        for key in [key for key in self._pieces if key not in there]:
            del self._pieces[key]

    def is_done_with(self, entry: Entry) -> bool:
        """Whether an entry is none that comes next: from before the radio, or heard."""
        return entry.key in self.before or self._was_begun(entry)

    def _was_begun(self, entry: Entry) -> bool:
        piece = self._pieces.get(entry.key)
        return piece is not None and piece.was_begun
