"""What becomes of a job of the radio's that ended?"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from lofi_core import events as ev
from lofi_core.errors import ERRORS, InternalError, LofiError
from lofi_core.playback.playlist import entry_of
from lofi_core.radio.program import Piece

if TYPE_CHECKING:
    from collections.abc import Callable

    from lofi_core.config import Config
    from lofi_core.playback.control import Playback
    from lofi_core.radio.hearing import Hearing
    from lofi_core.radio.listening import JobsEnd
    from lofi_core.radio.making import Making
    from lofi_core.radio.memory import Remembered
    from lofi_core.radio.session import Session
    from lofi_core.tracks.library import Library
    from lofi_core.tracks.track import Track

log = logging.getLogger("lofi.radio")

# Somebody ended the radio's job: another is begun, but not in the same breath.
CANCELLED_SEC = 2.0


class Harvest:
    """Brings in what was made, and sees to it that the disk does not fill up.

    Args:
        library: has the tracks.
        playback: knows which of them are needed.
        hearing: puts them into the list.
        remembered: keeps the ledger.
        config: asked anew each time.
        clock: seconds.
    """

    def __init__(
        self,
        library: Library,
        playback: Playback,
        hearing: Hearing,
        remembered: Remembered,
        config: Callable[[], Config],
        clock: Callable[[], float],
    ) -> None:
        self._library = library
        self._playback = playback
        self._hearing = hearing
        self._remembered = remembered
        self._config = config
        self._clock = clock

    async def bring_in(self, making: Making | None, event: JobsEnd, session: Session | None) -> None:
        """One job ended; `session` is the radio that is on."""
        track = await self._noted(event.track_id) if isinstance(event, ev.GenerationComplete) else None
        if making is None or session is None:
            return
        if making is session.making:
            session.making = None
        elif making is session.bridging:
            session.bridging = None
        elif making is session.leaving:
            session.leaving = None
        if isinstance(event, ev.GenerationComplete):
            await self._completed(making, event.duration_sec, track, session)
            return
        retry = session.make_retry if making.source == "made" else session.bridge_retry
        if isinstance(event, ev.GenerationError):
            session.counts.failures += 1
            hint = event.hint if isinstance(event.hint, str) else None
            retry.failed(ERRORS.get(event.code, InternalError)(event.message, hint), self._clock())
        elif making.wave >= session.tuned_wave:
            retry.wait(CANCELLED_SEC, self._clock(), "somebody cancelled its job")

    async def _completed(
        self, making: Making, duration_sec: float, track: Track | None, session: Session
    ) -> None:
        making.made(duration_sec)
        if making.source == "made":
            session.counts.made += 1
            session.make_retry.went_well()
        else:
            session.bridge_retry.went_well()
        if track is None:  # it was deleted at once
            return
        if self._remembered.is_liked(track.track_id):  # while it was made
            await self._library.update(track.track_id, favourite=True)
        if making.entry is None and making.wave >= session.tuned_wave:
            piece = Piece(entry_of(track), making.source, making.wave, making.feel)
            await self._hearing.put(piece, session)

    async def _noted(self, track_id: str) -> Track | None:
        """The new track; the ledger is kept, and what it says is too much is deleted."""
        track = await self._library.find(track_id)
        if track is None:
            return None
        self._remembered.made(track_id, track.size_bytes)
        view = self._playback.horizon()
        kept = {entry.track_id for entry in (view.current, *view.coming) if entry is not None} | {track_id}
        limit = int(self._config().radio.max_gb * 1e9)
        for old in self._remembered.to_delete(limit, kept) if limit else ():
            await self._delete(old)
        return track

    async def _delete(self, track_id: str) -> None:
        try:
            track = await self._library.find(track_id)
            if track is not None and not track.favourite:
                await self._library.delete(track_id)
                await self._playback.forget(track_id)
        except LofiError as error:  # it stays, and does not count any more
            log.warning("%s", error.text())
        self._remembered.forget(track_id)
