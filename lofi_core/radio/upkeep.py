"""What does the time bring: battery and load, the schedule, sleep, a pause that lasts?"""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING

from lofi_core.errors import BackendNotReady, LofiError

if TYPE_CHECKING:
    from collections.abc import Callable

    from lofi_core.config import Config
    from lofi_core.jobs.engine import Engine
    from lofi_core.playback.control import Playback
    from lofi_core.plugins import PluginHost
    from lofi_core.radio.power import Conditions
    from lofi_core.radio.session import Session

log = logging.getLogger("lofi.radio")

POLL_SEC = 15.0
SLEEP_FADE_SEC = 20.0


class Upkeep:
    """Looks after what is not music.

    Args:
        engine: holds and continues jobs, and has the models.
        playback: fades.
        plugins: whose models.
        conditions: of power and load.
        config: asked anew each time.
        tell: called with what the listener should know.
        clock: seconds.
    """

    def __init__(
        self,
        engine: Engine,
        playback: Playback,
        plugins: PluginHost,
        conditions: Conditions,
        config: Callable[[], Config],
        tell: Callable[[str], None],
        clock: Callable[[], float],
    ) -> None:
        self._engine = engine
        self._playback = playback
        self._plugins = plugins
        self._conditions = conditions
        self._config = config
        self._tell = tell
        self._clock = clock
        self._polled_at = 0.0

    async def tend(self, session: Session) -> None:
        """Do what is due."""
        await self._mind_power(session)
        await self._mind_sleep(session)
        await self._mind_pause(session)

    async def _mind_power(self, session: Session) -> None:
        config, now = self._config().radio, self._clock()
        if not (config.pause_on_battery or config.pause_above_load) or now - self._polled_at < POLL_SEC:
            return
        self._polled_at = now
        # It looks at every process.
        session.power = await asyncio.to_thread(self._conditions.verdict, config)
        making = session.making
        if making is None:
            return
        # One that is heard already must go on, or it ends in silence.
        if session.power and making.entry is None and not making.job.held and not making.rests:
            making.rests = True
            await self._engine.pause(making.job)
        elif not session.power and making.rests:
            making.rests = False
            self._engine.resume(making.job)

    async def _mind_sleep(self, session: Session) -> None:
        """Begin to fade early enough to be silent in time."""
        if session.fades and self._playback.deck.state == "playing" and not self._playback.deck.fades_out:
            session.fades, session.sleeps_at = False, None  # somebody wants to hear more
            self._tell("awake again")
        if session.sleeps_at is None or session.fades:
            return
        left_sec = session.sleeps_at - self._clock()
        if left_sec > SLEEP_FADE_SEC:
            return
        session.fades = True
        self._tell("good night: it fades out")
        await self._playback.fade_out(max(left_sec, 1.0))

    async def _mind_pause(self, session: Session) -> None:
        """Let the models of a radio go that is on hold for long."""
        after_sec = self._config().radio.release_models_after_sec
        if session.paused_since is None or session.let_go:
            return
        if self._clock() - session.paused_since < after_sec or session.making or session.bridging:
            return
        session.let_go = True
        backends = {session.station.backend, self._config().radio.bridge_backend} - {""}
        loaded = self._engine.models.names()
        for name in sorted(backends & set(loaded)):
            try:
                await self._engine.models.unload(self._plugins.find(name))
            except BackendNotReady:  # somebody else's job needs it
                session.let_go = False
            except LofiError as error:
                log.warning("%s", error.text())
            else:
                self._tell(f"on hold for {after_sec:g} s: the model of {name} was let go")
