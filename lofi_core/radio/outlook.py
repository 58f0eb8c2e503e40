"""How long is there something to hear, and when is there more? What the plans are made from."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from lofi_core.errors import LofiError
from lofi_core.radio import plan
from lofi_core.radio.maker import makings_of
from lofi_core.radio.plan import Situation
from lofi_core.radio.station import Station, usual_duration_sec

if TYPE_CHECKING:
    from collections.abc import Callable

    from lofi_core.config import Config
    from lofi_core.playback.control import Playback
    from lofi_core.playback.horizon import Horizon
    from lofi_core.playback.playlist import Entry
    from lofi_core.radio.maker import Maker
    from lofi_core.radio.session import Session

# A radio that was just turned on waits so long for its own first sound before something else is heard.
FIRST_SOUND_SEC = 4.0
# What a bridge is thought to take before one was made.
BRIDGE_USUAL_SEC = 8.0
LEAST_BRIDGE_SEC = 45.0
# A stream with less in hand than this, and no sign of life for so long, is left.
STARVES_SEC, QUIET_SEC = 1.0, 0.7


def waiting(view: Horizon) -> tuple[Entry, ...]:
    """What can be heard next: where it is silent, the entry that would play too."""
    if view.state == "stopped" and view.current is not None:
        return (view.current, *view.coming)
    return view.coming


class Outlook:
    """Looks ahead.

    Args:
        playback: knows what plays and comes.
        maker: knows what is being made, and how fast.
        config: asked anew each time.
        clock: seconds.
    """

    def __init__(
        self, playback: Playback, maker: Maker, config: Callable[[], Config], clock: Callable[[], float]
    ) -> None:
        self._playback = playback
        self._maker = maker
        self._config = config
        self._clock = clock

    def situation(self, session: Session) -> Situation:
        """As of now."""
        view, making = self._playback.horizon(), session.making
        coming = waiting(view)
        ready = session.program.ready(coming, session.wave)
        waits = making is not None and making.entry is None
        return Situation(
            remaining_sec=0.0 if view.state == "stopped" else view.remaining_sec,
            ready=tuple(entry.duration_sec for entry in ready),
            others=bool(session.program.others(coming, session.wave)),
            crossfade_sec=self._playback.sound.crossfade_sec,
            expected_sec=self._expected_sec(session),
            in_sec=self._in_sec(session) if waits else None,
            is_making=waits,
            may_make=self.may_make(session),
            is_paused=view.state == "paused",
            bridge_sec=self.bridge_sec(session),
        )

    def may_make(self, session: Session) -> bool:
        """Whether nothing keeps the radio from making."""
        return session.power is None and not session.fades and self._clock() >= session.make_retry.at

    def is_quick(self, session: Session) -> bool:
        """Whether the station's own next piece is the quickest way to a sound."""
        expected = self._maker.expected_sec(session.station)
        if expected is None:
            return session.station.backend == self._config().radio.bridge_backend
        return expected <= FIRST_SOUND_SEC

    def starves_in_sec(self, session: Session) -> float:
        """Until a piece that is heard while it is made runs dry, without news; infinite without one."""
        view, streams = self._playback.horizon(), self._playback.deck.streams
        for making in makings_of(session):
            if making.entry is not None and making.entry is view.current and not making.job.has_ended:
                stream = streams.of_track(making.track_id)
                if stream is not None and stream.path is not None:
                    return max(stream.available_sec - view.position_sec, 0.0)
        return math.inf

    def starves(self, session: Session) -> bool:
        """Whether that is near, and nothing comes: it is too late when the player has nothing left."""
        quiet_sec = min((making.quiet_sec(self._clock()) for making in makings_of(session)), default=0.0)
        return quiet_sec > QUIET_SEC and self.starves_in_sec(session) < STARVES_SEC

    def bridge_sec(self, session: Session) -> float:
        """Until a fresh bridge that is asked for now can be heard; infinite when none can be made."""
        station = self.bridge_station(session)
        is_held = session.bridging is not None or session.power is not None or session.fades
        if station is None or is_held or self._clock() < session.bridge_retry.at:
            return math.inf
        expected = self._maker.expected_sec(station)
        making = session.making
        wait = making.pace.longest_step_sec if making is not None and making.job.state == "running" else 0.0
        return (BRIDGE_USUAL_SEC if expected is None else expected) + wait

    def bridge_station(self, session: Session) -> Station | None:
        """The station as the backend for bridges would play it; None when that cannot be."""
        config, station = self._config().radio, session.station
        if not config.bridge_backend:
            return None
        if config.bridge_backend == station.backend:
            return station
        try:
            _record, spec = self._maker.plugins.usable(config.bridge_backend)
        except LofiError:
            return None
        in_sec = self._in_sec(session)
        wanted = config.duration_sec if in_sec is None else min(config.duration_sec, in_sec * plan.MARGIN)
        return Station(
            prompts=station.prompts,
            preset=station.preset,
            backend=spec.name,
            duration_sec=usual_duration_sec(spec, round(max(wanted, LEAST_BRIDGE_SEC))),
        )

    def _expected_sec(self, session: Session) -> float | None:
        expected = self._maker.expected_sec(session.station)
        making = session.making
        if expected is None or making is None or making.entry is None:
            return expected
        left = making.left_sec(self._clock())  # it is heard already, and has the worker
        return None if left is None else expected + left

    def _in_sec(self, session: Session) -> float | None:
        making, bridging, now = session.making, session.bridging, self._clock()
        if making is None:
            return None
        if making.job.state == "running":
            return making.heard_in_sec(now, self._playback.deck.streams)
        if bridging is None or making.job.held:  # it waits for others, and nobody knows how long
            return None
        left, before = making.left_sec(now), bridging.left_sec(now)
        return None if left is None else left + (before or BRIDGE_USUAL_SEC)
