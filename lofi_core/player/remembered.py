"""What was playing, and where? What a new player process needs to go on in the place of a dead one."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import msgspec

from lofi_core.player import protocol
from lofi_core.player.protocol import (
    Buffering,
    Ended,
    Item,
    ItemEvent,
    Paused,
    Position,
    Resumed,
    Setup,
    Started,
    StatsTold,
)

if TYPE_CHECKING:
    from lofi_core.player.protocol import AnyCommand, AnyEvent

# Most events tell of what is rendered, which is heard this much later; those of `HEARD`, of what is heard.
AHEAD_SEC = 0.3
HEARD = Position | Paused | Resumed
# `Position` comes once a second: without one for longer than this, the sound has stopped for some reason.
MOST_UNTOLD_SEC = 1.5
# A process that dies so often within a minute does so because of what it plays.
DEATHS_FOR_ONE_ITEM = 3
DEATHS_SEC = 60.0


class Deaths:
    """Counts how often the process died lately."""

    def __init__(self) -> None:
        self._times: list[float] = []

    def again(self) -> bool:
        """It died. True, and the count begins anew, when that was so often that the item is to blame."""
        now = time.monotonic()
        self._times = [at for at in self._times if now - at < DEATHS_SEC] + [now]
        if len(self._times) < DEATHS_FOR_ONE_ITEM:
            return False
        self._times.clear()
        return True


class Remembered:
    """Follows commands that were carried out, and events.

    Attributes:
        setup: device, volume and crossfade.
        items: what plays, if `playing_id` is the first of them, and what waits.
        paused: it was told to hold.
        ending: it fades out, and stops then.
        underruns: of all processes so far.
    """

    def __init__(self, setup: Setup) -> None:
        self.setup = setup
        self.items: list[Item] = []
        self.paused = False
        self.ending = False
        self.underruns = 0
        self._underruns_before = 0  # of the processes that have ended
        self._playing_id: str | None = None
        self._position_sec = 0.0
        self._since: float | None = None  # monotonic seconds when it was there; None while it stands still

    @property
    def position_sec(self) -> float:
        """Where it is now, as far as one can know from here."""
        moved = time.monotonic() - self._since if self._since is not None else 0.0
        return self._position_sec + min(max(moved, 0.0), MOST_UNTOLD_SEC)

    def stand_still(self) -> None:
        """The process has ended, and the sound with it."""
        self._underruns_before = self.underruns
        self._place(self.position_sec, moving=False)

    @property
    def silent(self) -> bool:
        """Nothing is to be heard: no items, or on hold."""
        return self.paused or not self.items

    def carried_out(self, command: AnyCommand) -> None:
        """A command had its effect."""
        match command:
            case protocol.Load(items=items, position_sec=position_sec, paused=paused):
                self.items, self.paused, self._playing_id = list(items), paused, None
                self.ending = False
                self._place(position_sec, moving=False)
            case protocol.Queue(items=items, before=before):
                ids = [item.id for item in self.items]
                at = ids.index(before) if before in ids else len(ids)
                self.items[at:at] = items
            case protocol.Remove(item_id=item_id):
                self.items = [
                    item for item in self.items if item.id != item_id or item.id == self._playing_id
                ]
            case protocol.Grow(item_id=item_id, available_sec=available_sec, final=final):
                self._grow(item_id, available_sec, final=final)
            case protocol.Stop(fade_sec=fade_sec) if fade_sec and not self.silent:
                self.ending = True
            case protocol.Stop():
                self._forget()
            case protocol.Volume() | protocol.Crossfade() | protocol.UseDevice():
                chosen = msgspec.structs.asdict(command)
                self.setup = msgspec.structs.replace(self.setup, **{**chosen, "id": 0})
            case _:
                self._steered(command)

    def _steered(self, command: AnyCommand) -> None:
        match command:
            case protocol.Pause() if self.items:
                self.paused = True  # its event may not come any more
            case protocol.Play():
                self.ending = self.paused = False
            case protocol.Skip():
                self.ending = False
            case protocol.Seek(position_sec=position_sec):
                self._place(position_sec, moving=self._since is not None, late_sec=AHEAD_SEC)
            case _:
                pass

    def happened(self, event: AnyEvent) -> None:
        """An event came."""
        if isinstance(event, StatsTold):
            self.underruns = self._underruns_before + event.stats.underruns
        if not isinstance(event, ItemEvent):
            return
        if isinstance(event, Ended):
            self.items = [item for item in self.items if item.id != event.item_id]
            if event.item_id == self._playing_id:
                self._playing_id = None
                self._place(0.0, moving=False)
                if event.reason == "stopped":  # the end of a fade
                    self._forget()
            self.ending = self.ending and bool(self.items)
            return
        if isinstance(event, Started):
            self._playing_id = event.item_id
        if isinstance(event, Paused | Resumed):
            self.paused = isinstance(event, Paused)
        moving = not self.paused and not (isinstance(event, Buffering) and event.waiting)
        self._place(
            event.position_sec, moving=moving, late_sec=0.0 if isinstance(event, HEARD) else AHEAD_SEC
        )

    def _forget(self) -> None:
        self.items, self.paused, self.ending, self._playing_id = [], False, False, None
        self._place(0.0, moving=False)

    def _place(self, position_sec: float, *, moving: bool, late_sec: float = 0.0) -> None:
        self._position_sec = position_sec
        self._since = time.monotonic() + late_sec if moving else None

    def _grow(self, item_id: str, available_sec: float, *, final: bool) -> None:
        for at, item in enumerate(self.items):
            if item.id == item_id and item.growing:
                self.items[at] = msgspec.structs.replace(item, available_sec=available_sec, final=final)

    def replaced(self, item_id: str, track: Item) -> None:
        """A growing item's track is finished, its gain applied; or more is known of it."""
        for at, item in enumerate(self.items):
            if item.id == item_id:
                self.items[at] = msgspec.structs.replace(track, id=item_id)

    def drop_first(self) -> Item:
        """Leave out what plays."""
        self._playing_id = None
        self._place(0.0, moving=False)
        return self.items.pop(0)
