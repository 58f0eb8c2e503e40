"""What is made next, and what is heard until it is there?"""

from __future__ import annotations

import logging
import math
from typing import TYPE_CHECKING

from lofi_core.errors import LofiError, QueueFull, ShuttingDown
from lofi_core.radio import plan
from lofi_core.radio.flow import neighbour
from lofi_core.radio.session import FIRST_RETRY_SEC
from lofi_core.radio.wording import expand

if TYPE_CHECKING:
    import random
    from collections.abc import Callable

    from lofi_core.jobs.job import Priority
    from lofi_core.playback.control import Playback
    from lofi_core.radio.hearing import Hearing
    from lofi_core.radio.maker import Maker
    from lofi_core.radio.outlook import Outlook
    from lofi_core.radio.session import Session

log = logging.getLogger("lofi.radio")

QUEUE_FULL_SEC = 10.0


class Director:
    """Keeps something ahead of the listener.

    Args:
        playback: knows what plays.
        outlook: knows what is on its way.
        hearing: puts it into the list.
        maker: makes.
        chance: for words and neighbours.
        clock: seconds.
    """

    def __init__(
        self,
        playback: Playback,
        outlook: Outlook,
        hearing: Hearing,
        maker: Maker,
        chance: random.Random,
        clock: Callable[[], float],
    ) -> None:
        self._playback = playback
        self._outlook = outlook
        self._hearing = hearing
        self._maker = maker
        self._chance = chance
        self._clock = clock

    async def tend(self, session: Session) -> None:
        """Do what is due."""
        if session.fades:
            return
        if self._outlook.is_quick(session):
            self._make(session)
        await self._hearing.go_over(session)
        if session.goes_over:
            # Nothing is there yet; what is slow must not have the worker before there is a sound.
            if not self._outlook.is_quick(session) or session.make_retry.why:
                self._bridge(session)
        else:
            await self._keep_coming(session)
        self._make(session)
        keeps_up = self._maker.pace(session.station.backend).keeps_up
        await self._hearing.tidy(session, keeps_up=bool(keeps_up))

    async def _keep_coming(self, session: Session) -> None:
        await self._hearing.put_stream(session)
        if plan.wants_spare(self._outlook.situation(session)):
            await self._hearing.put_spare(session)
        if plan.wants_fresh_bridge(self._outlook.situation(session)):
            self._bridge(session)
        if plan.is_last_call(self._outlook.situation(session)):
            await self._hearing.put_anything(session)

    def _make(self, session: Session) -> None:
        """Begin the station's next piece, if it is time."""
        if session.making is not None or plan.make_in_sec(self._outlook.situation(session)) > 0:
            return
        like = session.like
        prompt = like.prompt if like else self._words(session)
        feel = like.feel if like else neighbour(session.feel, session.first_feel, self._chance)
        try:
            request = self._maker.prepare(session.station, prompt, feel)
            priority: Priority = "high" if session.skip_wanted else "normal"
            session.making = self._maker.begin(request, "made", session.wave, priority)
        except (QueueFull, ShuttingDown) as error:
            session.make_retry.wait(QUEUE_FULL_SEC, self._clock(), error.message)
        except LofiError as error:
            session.counts.failures += 1
            session.make_retry.failed(error, self._clock())
        else:
            session.planned(prompt, session.making.feel)

    def _bridge(self, session: Session) -> None:
        """Begin a fresh bridge, before whatever is being made."""
        station = self._outlook.bridge_station(session)
        if station is None or math.isinf(self._outlook.bridge_sec(session)):
            return
        making = session.making
        if making is not None and station.backend == session.station.backend:
            self._maker.hurry(making)  # nothing else would be there sooner
            return
        piece = session.program.of(self._playback.horizon().current)
        feel = piece.feel if piece else session.feel
        try:
            request = self._maker.prepare(station, self._words(session), feel)
            session.bridging = self._maker.begin(request, "bridge", session.wave, "high")
        except LofiError as error:
            session.bridge_retry.wait(FIRST_RETRY_SEC, self._clock(), error.message)

    def _words(self, session: Session) -> str:
        return expand(session.station.prompts, self._chance, list(session.worded))
