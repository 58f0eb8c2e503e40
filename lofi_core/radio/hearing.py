"""What is heard now and next? Puts pieces into the playlist, and goes over to them."""

from __future__ import annotations

import logging
import math
from typing import TYPE_CHECKING

from lofi_core.errors import LofiError
from lofi_core.playback.playlist import Entry, entry_of
from lofi_core.radio.outlook import FIRST_SOUND_SEC, waiting
from lofi_core.radio.program import Piece
from lofi_core.radio.shelf import feel_of_track

if TYPE_CHECKING:
    from collections.abc import Callable

    from lofi_core.playback.control import Playback
    from lofi_core.radio.maker import Maker
    from lofi_core.radio.making import Making
    from lofi_core.radio.outlook import Outlook
    from lofi_core.radio.session import Session
    from lofi_core.radio.shelf import Shelf
    from lofi_core.radio.status import Source
    from lofi_core.tracks.track import Track

log = logging.getLogger("lofi.radio")

# What was heard among the last so many does not come again as a bridge; among more of them, where a fresh one
# can be made.
APART, APART_FROM_FRESH = 10, 30
# Nor does the next best for somebody who skips before there is anything new.
LEAST_APART = 3
# So long before the end of what plays, a piece that is still being made is put behind it.
STREAM_LEAD_SEC = 10.0
# When the library had nothing, it is asked again after so long.
SHELF_AGAIN_SEC = 20.0


class Hearing:
    """The radio's hand on the playlist.

    Args:
        playback: plays.
        shelf: has what was made before.
        maker: is told of what is not needed any more.
        outlook: knows what is on its way.
        clock: seconds.
    """

    def __init__(
        self, playback: Playback, shelf: Shelf, maker: Maker, outlook: Outlook, clock: Callable[[], float]
    ) -> None:
        self._playback = playback
        self._shelf = shelf
        self._maker = maker
        self._outlook = outlook
        self._clock = clock

    async def go_over(self, session: Session) -> None:
        """When it is silent, or what plays is to be left: go to what there is."""
        state = self._playback.deck.state
        silent = state in {"stopped", "buffering"} or (state == "playing" and self._outlook.starves(session))
        wanted = silent or session.goes_over or session.skip_wanted
        if not wanted or session.fades or self._clock() < session.sound_retry.at:
            return
        if (entry := await self._something(session, silent=silent)) is None:
            return
        try:
            if state == "stopped":
                await self._playback.enlist(entry, begin=True)
            else:
                await self._playback.replace_now(entry)
            if session.goes_over and self._playback.deck.state == "paused":
                await self._playback.play()
        except LofiError as error:
            log.warning("the radio cannot be heard: %s", error.text())
            session.sound_retry.failed(error, self._clock())
            return
        left, session.leaving = session.leaving, None
        self._maker.give_up(left)
        session.goes_over = session.skip_wanted = False

    async def put(self, piece: Piece, session: Session) -> None:
        """Give a piece its place behind what plays."""
        coming, program = self._playback.horizon().coming, session.program
        is_newest = piece.source == "made" and piece.wave == session.wave
        after = program.behind_which(coming, session.wave) if is_newest else program.last_of(coming)
        program.add(piece)
        await self._playback.enlist(piece.entry, after=after)

    async def put_stream(self, session: Session) -> None:
        """Shortly before the end of what plays: have a piece come next that is still being made."""
        now = self._outlook.situation(session)
        lead_sec = STREAM_LEAD_SEC + now.crossfade_sec
        if now.ready or now.is_paused or now.remaining_sec > lead_sec:
            return
        wait_sec = max(now.remaining_sec - now.crossfade_sec, 0.0)
        piece = self._streaming(session.making, wait_sec)
        if piece is None and not now.others:
            piece = self._streaming(session.bridging, wait_sec)
        if piece is not None:
            await self.put(piece, session)

    async def put_spare(self, session: Session) -> None:
        """Have a track of the library come next, if there is one of the same mood."""
        if track := await self._alike(session):
            await self.put(_piece_of(track, "library", session), session)

    async def put_at_once(self, session: Session) -> None:
        """Somebody waits for what comes next: have something come that is there."""
        track = await self._shelf.alike(
            session.station.prompts, session.heard, self._not_again(session, APART)
        )
        if track is not None:
            await self.put(_piece_of(track, "library", session), session)
        elif not self._outlook.is_quick(session):
            await self.put_anything(session, apart=LEAST_APART)

    async def put_anything(self, session: Session, *, apart: int | None = None) -> None:
        """Have something come next that was heard before; not among the last `apart`, where that is said."""
        if piece := await self._again(session, apart):
            await self.put(piece, session)

    async def tidy(self, session: Session, *, keeps_up: bool) -> None:
        """Take out of the list what is not needed there any more."""
        playback, program = self._playback, session.program
        view = playback.horizon()
        out = program.too_old(playback.playlist.entries, view.current)
        out += [entry for entry in playback.playlist.entries if self._has_failed(entry, session)]
        if program.ready(view.coming, session.wave):
            for entry in program.spares(view.coming, session.wave):
                piece = program.of(entry)
                if keeps_up or (piece is not None and piece.wave < session.tuned_wave):
                    out.append(entry)
        if out:
            await playback.withdraw(out)
        program.forget_gone(playback.playlist.entries)
        await self._pull_up(session)

    async def _pull_up(self, session: Session) -> None:
        """Somebody went elsewhere in the list: what the radio has ready comes next there."""
        coming, program = self._playback.horizon().coming, session.program
        own = [*program.ready(coming, session.wave), *program.spares(coming, session.wave)]
        if not own or not program.is_done_with(coming[0]):
            return
        last = None
        for entry in own:
            await self._playback.enlist(entry, after=last)
            last = entry

    def _has_failed(self, entry: Entry, session: Session) -> bool:
        return entry.track_id in session.unplayable and session.program.of(entry) is not None

    # -- what there is ---------------------------------------------------------------------------------

    async def _something(self, session: Session, *, silent: bool) -> Entry | None:
        """The best that can be heard at once."""
        if entry := self._own(session):
            return entry
        waited = self._clock() - session.tuned_at >= FIRST_SOUND_SEC
        failing = session.make_retry.why is not None
        if session.goes_over and self._outlook.is_quick(session) and not waited and not failing:
            return None
        if entry := self._other(session):
            return entry
        if track := await self._alike(session):
            return session.program.add(_piece_of(track, "library", session))
        if silent and (waited or not session.goes_over) and (piece := await self._again(session)):
            return session.program.add(piece)
        return None

    def _own(self, session: Session) -> Entry | None:
        """A piece of the station, ready or streaming."""
        for entry in session.program.ready(waiting(self._playback.horizon()), session.wave):
            return entry
        piece = self._streaming(session.making, 0.0)
        return session.program.add(piece) if piece else None

    def _other(self, session: Session) -> Entry | None:
        """What waits besides, or a bridge that streams; of this station, when it goes over to that."""
        program = session.program
        for entry in program.others(waiting(self._playback.horizon()), session.wave):
            piece = program.of(entry)
            if not session.goes_over or (piece is not None and piece.wave >= session.tuned_wave):
                return entry
        piece = self._streaming(session.bridging, 0.0)
        return program.add(piece) if piece else None

    def _streaming(self, making: Making | None, wait_sec: float) -> Piece | None:
        """A piece that is still being made, if it can be heard to its end from `wait_sec` on."""
        if making is None or making.entry is not None or making.job.has_ended:
            return None
        streams = self._playback.deck.streams
        stream = streams.of_track(making.track_id)
        if stream is None or not making.runs_away(streams):
            return None
        in_sec = streams.starts_in_sec(stream)
        if in_sec is None or in_sec > wait_sec:
            return None
        music = making.job.prepared.schedule.music
        making.entry = Entry(making.track_id, stream.prompt, None, stream.duration_sec, None, music=music)
        return Piece(making.entry, making.source, making.wave, making.feel)

    async def _alike(self, session: Session) -> Track | None:
        """A track of the library; the library is not asked again and again."""
        now = self._clock()
        if now < session.shelf_retry.at:
            return None
        can_be_fresh = math.isfinite(self._outlook.bridge_sec(session))
        without = self._not_again(session, APART_FROM_FRESH if can_be_fresh else APART)
        track = await self._shelf.alike(session.station.prompts, session.heard, without)
        if track is None:
            session.shelf_retry.wait(SHELF_AGAIN_SEC, now)
        return track

    async def _again(self, session: Session, apart: int | None = None) -> Piece | None:
        """Anything: another than what plays, if there is another; only such, with `apart`."""
        first = self._not_again(session, 1 if apart is None else apart)
        for without in (first, session.unplayable) if apart is None else (first,):
            if track := await self._shelf.anything(session.heard, without):
                return _piece_of(track, "again", session)
        return None

    def _not_again(self, session: Session, apart: int) -> set[str]:
        view = self._playback.horizon()
        listed = {entry.track_id for entry in (view.current, *view.coming) if entry is not None}
        return listed | session.unplayable | set(list(session.heard)[-apart:])


def _piece_of(track: Track, source: Source, session: Session) -> Piece:
    return Piece(entry_of(track), source, session.wave, feel_of_track(track))
