"""What must be told on the bus without being asked, and when?"""

from __future__ import annotations

import logging
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from lofi_core import events as ev
    from lofi_core.mpris.interfaces import PlayerInterface
    from lofi_core.mpris.shown import View

log = logging.getLogger("lofi.mpris")

# Widgets count on from the last place they were told. Events come up to 0.3 s before they are heard, and late
# on a busy machine; what is further off than this was a seek, or a wait for a track that is being made.
JUMP_SEC = 1.0


class Follower:
    """Tells what changed, after each event of the playback.

    Args:
        view: is asked what is so.
        interface: sends the signals.
        clock: monotonic seconds.
    """

    def __init__(
        self, view: View, interface: PlayerInterface, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._view = view
        self._interface = interface
        self._clock = clock
        self._told = view.shown()
        self._track = self._track_id()
        self._place_sec, self._at = view.position_sec, clock()

    def happened(self, _event: ev.Event) -> None:
        """Something did. A fault in here is not the playback's."""
        try:
            self._tell_changes()
            self._tell_jump()
        except Exception:
            log.exception("the session bus was not told of a change")

    def moved(self, place_sec: float) -> None:
        """Somebody on the bus went to another place."""
        self._count_from(place_sec)
        self._interface.seeked(place_sec)

    def _tell_changes(self) -> None:
        now, believed_sec = self._view.shown(), self._believed_sec()
        changes = now.changes(self._told)
        if "PlaybackStatus" in changes:
            self._count_from(believed_sec)  # from here on it counts, or does not any more
        self._told = now
        if (track := self._track_id()) != self._track:
            self._track = track
            self._count_from(0.0)
        if changes:
            self._interface.emit_properties_changed(changes)

    def _tell_jump(self) -> None:
        place_sec = self._view.position_sec
        if self._view.playing is None:  # between two tracks, or silent: widgets know where that begins
            self._count_from(place_sec)
        elif abs(place_sec - self._believed_sec()) >= JUMP_SEC:
            self.moved(place_sec)

    def _believed_sec(self) -> float:
        """Where the widgets think that it is."""
        counts = self._told.playback_status == "Playing"
        return self._place_sec + (self._clock() - self._at if counts else 0.0)

    def _count_from(self, place_sec: float) -> None:
        self._place_sec, self._at = place_sec, self._clock()

    def _track_id(self) -> str | None:
        entry = self._view.entry
        return entry.track_id if entry else None
