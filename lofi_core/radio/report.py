"""What does the radio say of itself?"""

from __future__ import annotations

from typing import TYPE_CHECKING

from lofi_core.radio.status import (
    RadioBrief,
    RadioMaking,
    RadioNow,
    RadioStation,
    RadioStatus,
    Source,
    State,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from lofi_core.playback.control import Playback
    from lofi_core.radio.maker import Maker
    from lofi_core.radio.making import Making
    from lofi_core.radio.session import Session

AGAIN = "; tried again in "
OFF = RadioStatus(
    state="off",
    station=None,
    now=None,
    ahead=0,
    ahead_sec=0.0,
    making=None,
    held=None,
    speed=None,
    keeps_up=None,
    played=0,
    made=0,
    bridges=0,
    again=0,
    failures=0,
    silence_sec=0.0,
    sleep_in_sec=None,
    slot=None,
)


class Report:
    """Words and numbers about a radio that is on.

    Args:
        playback: knows what plays.
        maker: knows what is being made.
        is_liked: whether the listener liked a track.
        clock: seconds.
    """

    def __init__(
        self, playback: Playback, maker: Maker, is_liked: Callable[[str], bool], clock: Callable[[], float]
    ) -> None:
        self._playback = playback
        self._maker = maker
        self._is_liked = is_liked
        self._clock = clock

    def state(self, session: Session | None) -> State:
        """On, off or on hold."""
        if session is None:
            return "off"
        return "paused" if self._playback.deck.state == "paused" else "playing"

    def source(self, session: Session) -> Source | None:
        """What is heard is to the radio; None: nothing, or somebody else's."""
        view = self._playback.horizon()
        piece = session.program.of(view.current) if view.state != "stopped" else None
        return piece.source if piece else None

    def held(self, session: Session) -> str | None:
        """Why nothing is being made."""
        now = self._clock()
        if session.power:
            return session.power
        if session.sound_retry.at > now and session.sound_retry.why:
            return session.sound_retry.why
        retry = session.make_retry
        if retry.why and session.making is None:
            again = f"{AGAIN}{retry.at - now:.0f} s" if retry.at > now else ""
            return f"{retry.why}{again}"
        if session.making is not None and session.making.job.held:
            return "its job is on hold"
        if self.state(session) == "paused" and session.making is None and session.bridging is None:
            return "paused"
        return None

    def brief(self, session: Session | None) -> RadioBrief:
        """For `status`."""
        if session is None:
            return RadioBrief("off", None, None, None)
        return RadioBrief(
            self.state(session), session.station.title, self.source(session), self.held(session)
        )

    def status(self, session: Session | None) -> RadioStatus:
        """All of it."""
        if session is None:
            return OFF
        now, view, station, counts = self._clock(), self._playback.horizon(), session.station, session.counts
        pace = self._maker.pace(station.backend)
        ready = session.program.ready(view.coming, session.wave)
        ahead = [*ready, *session.program.spares(view.coming, session.wave)]
        silence_sec = session.silence.upto(now)
        return RadioStatus(
            state=self.state(session),
            station=RadioStation(
                list(station.prompts),
                station.preset,
                station.backend,
                dict(station.options),
                self._playback.sound.crossfade_sec,
                station.duration_sec,
            ),
            now=self._now(session),
            ahead=len(ahead),
            ahead_sec=round(sum(entry.duration_sec for entry in ahead), 3),
            making=self._making(session.making or session.bridging),
            held=self.held(session),
            speed=None if pace.speed is None else round(pace.speed, 3),
            keeps_up=pace.keeps_up,
            played=counts.played,
            made=counts.made,
            bridges=counts.bridges,
            again=counts.again,
            failures=counts.failures,
            silence_sec=round(silence_sec, 3),
            sleep_in_sec=None if session.sleeps_at is None else round(max(session.sleeps_at - now, 0.0), 1),
            slot=station.slot,
        )

    def _now(self, session: Session) -> RadioNow | None:
        view = self._playback.horizon()
        piece = session.program.of(view.current) if view.state != "stopped" else None
        if piece is None:
            return None
        entry = piece.entry
        return RadioNow(entry.track_id, entry.prompt, piece.source, self._is_liked(entry.track_id))

    def _making(self, making: Making | None) -> RadioMaking | None:
        if making is None:
            return None
        request = making.job.prepared
        left = making.left_sec(self._clock())
        return RadioMaking(
            making.track_id,
            request.request.prompt,
            request.spec.name,
            making.job.progress.percent,
            None if left is None else round(left, 2),
        )
