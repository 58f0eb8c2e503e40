"""What keeps a radio going that is on? Looks at the whole at every news, and every other second."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import math
from typing import TYPE_CHECKING

from msgspec import UNSET

from lofi_core import events as ev
from lofi_core.errors import LofiError
from lofi_core.radio.director import Director
from lofi_core.radio.harvest import Harvest
from lofi_core.radio.hearing import Hearing
from lofi_core.radio.listening import Listening
from lofi_core.radio.maker import Maker, makings_of
from lofi_core.radio.outlook import STARVES_SEC, Outlook
from lofi_core.radio.report import AGAIN, Report
from lofi_core.radio.session import Session
from lofi_core.radio.shelf import Shelf
from lofi_core.radio.upkeep import SLEEP_FADE_SEC, Upkeep

if TYPE_CHECKING:
    import random
    from collections.abc import Callable

    from anyio.abc import TaskGroup

    from lofi_core.jobs.engine import Engine
    from lofi_core.playback.control import Playback
    from lofi_core.radio.dial import Dial
    from lofi_core.radio.making import Making
    from lofi_core.radio.power import Conditions
    from lofi_core.radio.program import Piece
    from lofi_core.radio.station import Station
    from lofi_core.tracks.library import Library

log = logging.getLogger("lofi.radio")

# How often the whole is looked at when nothing happens.
LOOK_SEC, LOOK_PAUSED_SEC = 2.0, 15.0
# And while a stream has little in hand.
LOOK_CLOSELY_SEC = 0.2
# A piece that is heard while it is made goes on so long after a fade.
FADED_SEC = 1.0


class Running:
    """The parts of a radio, and the task that has them work. Arguments as for `Radio`.

    Attributes:
        session: the radio that is on.
        lock: held by whoever changes something.
        maker: submits jobs.
        hearing: the radio's hand on the playlist.
        report: what the radio says of itself.
    """

    def __init__(
        self,
        engine: Engine,
        library: Library,
        playback: Playback,
        dial: Dial,
        publish: Callable[[ev.Event], None],
        conditions: Conditions,
        chance: random.Random,
    ) -> None:
        self.lock = asyncio.Lock()
        self._loop = asyncio.get_running_loop()
        self.clock = clock = self._loop.time
        self.session: Session | None = None
        self._playback, self._dial, self._publish = playback, dial, publish
        config, remembered = dial.config, dial.remembered
        self._remembered = remembered
        self._due = asyncio.Event()
        self._is_closed = False
        self._told: tuple[str, str | None] = ("off", None)
        self._tasks: TaskGroup
        self.maker = Maker(engine, dial.plugins, config, clock)
        shelf = Shelf(library, remembered.is_liked, remembered.is_disliked)
        outlook = self._outlook = Outlook(playback, self.maker, config, clock)
        self.hearing = Hearing(playback, shelf, self.maker, outlook, clock)
        self.report = Report(playback, self.maker, remembered.is_liked, clock)
        self._director = Director(playback, outlook, self.hearing, self.maker, chance, clock)
        self._harvest = Harvest(library, playback, self.hearing, remembered, config, clock)
        self._upkeep = Upkeep(engine, playback, dial.plugins, conditions, config, self.note, clock)
        self.listening = Listening(playback, self.maker, self._begun, self._due.set, clock)

    def serve(self, tasks: TaskGroup) -> None:
        """Begin, in a task group that outlives every command."""
        self._tasks = tasks
        self._playback.listeners.append(self.listening.playback_happened)
        tasks.start_soon(self._run)

    async def close(self) -> None:
        """End without a word: the daemon does. The lock is held."""
        self._is_closed = True
        self.session = self.listening.session = None
        await self._save()

    def look(self) -> None:
        """There is something to do."""
        self._due.set()

    def turn_on(self, station: Station) -> Session:
        """A radio that is on, and has nothing yet. What is in the list waits until it is over."""
        session = Session(station)
        session.program.before |= {entry.key for entry in self._playback.playlist.entries}
        current = self._playback.horizon().current
        session.current_key = current.key if current else None
        self.session = self.listening.session = session
        self.listening.was_stopped = False
        self._tasks.start_soon(self._get_ready)
        return session

    async def turn_off(self, note: str, fade_sec: float | None = None) -> None:
        """Make no more, and take out of the list what was not heard. The lock is held.

        Args:
            note: why, for whoever listens to events.
            fade_sec: None: it is silent already, or somebody else sees to that.
        """
        session = self.session
        if session is None:
            return
        self.session = self.listening.session = None
        heard = [making for making in makings_of(session) if making.entry is not None]
        for making in makings_of(session):
            if making not in heard:
                self.maker.give_up(making)
        for making in heard:  # without more of it, it would end in mid-fade
            self._tasks.start_soon(self._give_up_later, making, (fade_sec or 0.0) + FADED_SEC)
        entries = self._playback.playlist.entries
        await self._playback.withdraw(session.program.not_heard(entries, self._playback.horizon().current))
        if fade_sec is not None:
            await self._playback.fade_out(fade_sec)
        self._told = ("off", None)
        self._publish(ev.RadioChanged("off", note=note))

    def leave_plan(self, session: Session) -> None:
        """What is being made comes too late. What is heard already goes on until there is something else."""
        making, session.making = session.making, None
        if making is not None and making.entry is not None:
            left, session.leaving = session.leaving, making
            self.maker.give_up(left)
        else:
            self.maker.give_up(making)
        bridging, session.bridging = session.bridging, None
        self.maker.give_up(bridging)

    def make_haste(self, session: Session) -> None:
        """The next piece is waited for. One that is heard already is not it."""
        making = session.making
        if making is not None and making.entry is None:
            self.maker.hurry(making)
        elif making is not None:
            left, session.leaving, session.making = session.leaving, making, None
            self.maker.give_up(left)

    async def tend(self, session: Session) -> None:
        """Look at the whole, and do what is due. The lock is held."""
        self.listening.note_silence(session)
        await self._take_in(session)
        await self._upkeep.tend(session)
        self._follow_schedule(session)
        await self._director.tend(session)
        self._tell()

    def note(self, text: str) -> None:
        """Tell whoever listens to events."""
        session = self.session
        state = self.report.state(session)
        held = self.report.held(session) if session else None
        self._publish(ev.RadioChanged(state, held=held or UNSET, note=text))

    # -- inside ----------------------------------------------------------------------------------------

    async def _run(self) -> None:
        while True:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(self._wait_sec()):
                    await self._due.wait()
            self._due.clear()
            async with self.lock:
                if self._is_closed:
                    return
                try:
                    await self._look()
                    await self._save()
                except LofiError as error:
                    log.warning("%s", error.text())
                except Exception:
                    log.exception("the radio goes on after a fault")

    async def _look(self) -> None:
        session = self.session
        if session is None:
            await self._take_in(None)
        elif self.listening.was_stopped or (session.fades and self._playback.deck.state == "stopped"):
            self.listening.was_stopped = False
            await self.turn_off("good night" if session.fades else "the sound was stopped")
        else:
            await self.tend(session)

    async def _save(self) -> None:
        if (content := self._remembered.unsaved()) is not None:
            await asyncio.to_thread(self._remembered.write, content)

    def _wait_sec(self) -> float | None:
        session = self.session
        if session is None:
            return None
        wait_sec = LOOK_SEC if session.paused_since is None else LOOK_PAUSED_SEC
        starves_in_sec = self._outlook.starves_in_sec(session)
        if session.paused_since is None and starves_in_sec < math.inf:
            wait_sec = min(wait_sec, max(starves_in_sec - STARVES_SEC, LOOK_CLOSELY_SEC))
        if session.sleeps_at is not None:
            to_fade_sec = session.sleeps_at - SLEEP_FADE_SEC - self.clock()
            wait_sec = min(wait_sec, max(to_fade_sec, 0.1))
        return wait_sec

    async def _take_in(self, session: Session | None) -> None:
        while self.listening.over:
            making, event = self.listening.over.pop(0)
            await self._harvest.bring_in(making, event, session)

    def _follow_schedule(self, session: Session) -> None:
        """Another slot of the day changes the next piece, not the one that plays."""
        if not session.follows_schedule:
            return
        slot = self._dial.slot_now()
        if slot == session.station.slot:
            return
        station = self._dial.station_of_the_hour()
        if station is None:
            return
        self.leave_plan(session)
        session.tune(station, self.clock())
        session.goes_over = False
        self.note(f"{station.title} from now on")

    def _begun(self, session: Session, piece: Piece | None) -> None:
        """A piece plays, or somebody else's track."""
        if piece is None:
            return
        counts, source, track_id = session.counts, piece.source, piece.entry.track_id
        if not piece.was_begun:
            counts.played += 1
            counts.bridges += source in {"library", "bridge"}
            counts.again += source == "again"
            session.program.begun(piece)
        session.heard.append(track_id)
        self._remembered.heard(track_id)
        note = None if source == "made" else f"{session.station.backend} has nothing ready"
        state, held = self.report.state(session), self.report.held(session)
        self._told = (state, _without_seconds(held))
        self._publish(ev.RadioChanged(state, track_id, source, held or UNSET, note or UNSET))

    def _tell(self) -> None:
        """Tell what has changed since somebody was told."""
        state = self.report.state(self.session)
        held = self.report.held(self.session) if self.session else None
        news = (state, _without_seconds(held))
        if news != self._told:
            self._told = news
            self._publish(ev.RadioChanged(state, held=held or UNSET))

    async def _get_ready(self) -> None:
        """Start the player, so that the sound can begin at once. That it cannot is told at its time."""
        try:
            await self._playback.deck.player.start()
        except LofiError as error:
            log.warning("%s", error.text())

    async def _give_up_later(self, making: Making, seconds: float) -> None:
        await asyncio.sleep(seconds)
        self.maker.give_up(making)


def _without_seconds(held: str | None) -> str | None:
    """That there are fewer left is no news."""
    return held.partition(AGAIN)[0] if held else None
