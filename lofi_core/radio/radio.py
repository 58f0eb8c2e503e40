"""What can clients ask of the radio? One thing at a time, whoever asks; all of it on the event loop."""

from __future__ import annotations

import contextlib
import random
from typing import TYPE_CHECKING

from lofi_core.errors import InvalidParams, UnknownTrack
from lofi_core.radio.running import Running
from lofi_core.radio.session import Like, Session

if TYPE_CHECKING:
    from collections.abc import Callable

    from anyio.abc import TaskGroup

    from lofi_core import events as ev
    from lofi_core.jobs.engine import Engine
    from lofi_core.playback.control import Playback
    from lofi_core.radio.dial import Dial, Wanted
    from lofi_core.radio.power import Conditions
    from lofi_core.radio.status import RadioBrief, RadioStatus
    from lofi_core.tracks.library import Library

STOP_FADE_SEC = 2.0
MORE_PIECES = 3
# A piece of which so much is done is not given up for one that is liked more.
WORTH_PERCENT = 50


class Radio:
    """Makes and plays without end, once it is started.

    Args:
        engine: does the work.
        library: where tracks are.
        playback: plays them.
        dial: knows the stations, and what they are chosen from.
        publish: gets every event for clients.
        conditions: of power and load.
        chance: for words, neighbours and bridges.
    """

    def __init__(
        self,
        engine: Engine,
        library: Library,
        playback: Playback,
        dial: Dial,
        publish: Callable[[ev.Event], None],
        conditions: Conditions,
        *,
        chance: random.Random | None = None,
    ) -> None:
        self.dial = dial
        self._engine, self._library, self._playback = engine, library, playback
        self._remembered = dial.remembered
        chance = chance or random.Random()  # noqa: S311 - which music comes next is no secret
        self._running = Running(engine, library, playback, dial, publish, conditions, chance)

    def serve(self, tasks: TaskGroup) -> None:
        """Look after a radio that is on from now on, in a task group that outlives every command."""
        self._running.serve(tasks)

    async def close(self) -> None:
        """Begin nothing any more, and remember. What is in the list stays there."""
        async with self._running.lock:
            await self._running.close()

    def job_happened(self, event: ev.Event) -> None:
        """Follow an event of a job, anybody's."""
        self._running.listening.job_happened(event)

    # -- what clients ask ------------------------------------------------------------------------------

    async def start(
        self, wanted: Wanted, *, crossfade_sec: float | None = None, sleep_min: float | None = None
    ) -> RadioStatus:
        """Play a station, from what is on now to that one.

        Raises:
            LofiError: it could never be played; what is on goes on.
        """
        async with self._running.lock:
            self._engine.check_open()
            station, follows_schedule = self.dial.find(wanted)
            if crossfade_sec is not None:
                await self._playback.set_mode(shuffle=None, repeat=None, crossfade_sec=crossfade_sec)
            if self._playback.playlist.repeat != "off":  # it would never come to the radio's pieces
                await self._playback.set_mode(shuffle=None, repeat="off", crossfade_sec=None)
            running = self._running
            running.maker.learn(station)
            session = running.session or running.turn_on(station)
            running.leave_plan(session)
            session.follows_schedule = follows_schedule
            session.tune(station, running.clock())
            session.sleeps_at, session.fades = self._at(sleep_min), False
            self.dial.keep(station, wanted)
            running.note(f"{station.title} from now on")
            await running.tend(session)
            running.look()
            return self.status()

    async def stop(self) -> RadioStatus:
        """Fade out and make no more."""
        async with self._running.lock:
            await self._running.turn_off("stopped", STOP_FADE_SEC)
            return self.status()

    async def was_silenced(self) -> None:
        """The sound was stopped, or the list emptied: make no more."""
        async with self._running.lock:
            await self._running.turn_off("the sound was stopped")

    async def skip(self) -> None:
        """Go to what comes next: something of the radio's, if need be. Without a radio, the list's next."""
        async with self._running.lock:
            session = self._running.session
            if session is None or self._playback.deck.state == "stopped":
                await self._playback.skip()
                return
            await self._skip(session)

    async def like(self) -> RadioStatus:
        """Mark what plays as a favourite.

        Raises:
            UnknownTrack: nothing plays.
        """
        async with self._running.lock:
            track_id = self._current("like")
            self._remembered.like(track_id)
            with contextlib.suppress(UnknownTrack):  # it is still being made, and marked when it is there
                await self._library.update(track_id, favourite=True)
            self._running.note("liked")
            self._running.look()
            return self.status()

    async def dislike(self) -> RadioStatus:
        """Never play again what plays, and leave it.

        Raises:
            UnknownTrack: nothing plays.
        """
        async with self._running.lock:
            track_id = self._current("dislike")
            self._remembered.dislike(track_id)
            with contextlib.suppress(UnknownTrack):
                await self._library.update(track_id, favourite=False)
            self._running.note("disliked")
            self._running.look()
            session = self._running.session
            await (self._skip(session) if session else self._playback.skip())
            return self.status()

    async def more(self) -> RadioStatus:
        """Make the next pieces like what plays: its words, its tempo, its key.

        Raises:
            InvalidParams: the radio is off.
            UnknownTrack: nothing plays.
        """
        async with self._running.lock:
            session = self._on()
            self._current("have more of")
            view = self._playback.horizon()
            piece = session.program.of(view.current)
            if view.current is None or piece is None:
                raise UnknownTrack("what plays is none of the radio's pieces", "skip to one of them first")
            making = session.making
            if making is None or making.entry is not None or making.job.progress.percent < WORTH_PERCENT:
                self._running.leave_plan(session)
            session.wave += 1
            session.like = Like(view.current.prompt, piece.feel, MORE_PIECES)
            self._running.note("more like this")
            await self._running.tend(session)
            return self.status()

    async def sleep(self, sleep_min: float | None) -> RadioStatus:
        """End in so many minutes; None: do not.

        Raises:
            InvalidParams: the radio is off.
        """
        async with self._running.lock:
            session = self._on()
            session.sleeps_at = self._at(sleep_min)
            if session.fades:  # it is awake again
                session.fades = False
                await self._playback.play()
            self._running.look()
            return self.status()

    def status(self) -> RadioStatus:
        """All about it."""
        return self._running.report.status(self._running.session)

    @property
    def is_on(self) -> bool:
        """Whether there is always something that comes next."""
        return self._running.session is not None

    def brief(self) -> RadioBrief:
        """A little about it."""
        return self._running.report.brief(self._running.session)

    # -- inside ----------------------------------------------------------------------------------------

    async def _skip(self, session: Session) -> None:
        """Leave what plays for what waits; for what is ready first, when nothing does."""
        if session.fades:  # good night
            return
        if not self._something_waits(session):
            await self._running.hearing.put_at_once(session)
        if self._something_waits(session):
            await self._playback.skip()
        else:
            # What plays goes on until then: better than silence.
            session.skip_wanted = True
            self._running.make_haste(session)
        await self._running.tend(session)

    def _something_waits(self, session: Session) -> bool:
        coming, program = self._playback.horizon().coming, session.program
        return bool(program.ready(coming, session.wave) or program.others(coming, session.wave))

    def _on(self) -> Session:
        if self._running.session is None:
            raise InvalidParams("the radio is off", "radio_start turns it on")
        return self._running.session

    def _current(self, verb: str) -> str:
        view = self._playback.horizon()
        if view.current is None or view.state == "stopped":
            raise UnknownTrack(f"nothing to {verb}: nothing plays", "play something first")
        return view.current.track_id

    def _at(self, minutes: float | None) -> float | None:
        return None if minutes is None else self._running.clock() + minutes * 60
