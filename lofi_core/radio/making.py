"""How far is a job of the radio's, and when can what it makes be heard?"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from lofi_core import events as ev

if TYPE_CHECKING:
    from lofi_core.jobs.job import Job
    from lofi_core.playback.playlist import Entry
    from lofi_core.playback.streams import Streams
    from lofi_core.radio.flow import Feel
    from lofi_core.radio.pace import Pace
    from lofi_core.radio.status import Source

# A stream is heard while it is made when it is so much faster than its sound: then it runs away from it.
STREAM_SPEED = 1.2


@dataclass(eq=False, slots=True)
class Making:
    """One job of the radio's. All times are of the loop's clock.

    Attributes:
        source: what its piece is to the radio.
        wave: which of the radio's plans it belongs to.
        feel: tempo and key, as far as they are known before it is made.
        pace: of its backend; learns from it.
        entry: its place in the playlist, once it has one.
        loads: its model has to be loaded first.
        rests: the radio itself holds it.
    """

    job: Job
    source: Source
    wave: int
    feel: Feel
    pace: Pace
    since: float
    loads: bool = False
    rests: bool = False
    entry: Entry | None = None
    _worked_sec: float = 0.0
    _runs: bool = False
    _loaded_at_sec: float | None = field(default=None)  # worked seconds
    _sign_at: float | None = field(default=None)

    @property
    def track_id(self) -> str:
        """The track it makes."""
        return self.job.track_id

    @property
    def duration_sec(self) -> float:
        """As asked for."""
        return self.job.prepared.request.duration_sec

    def happened(self, event: ev.Event, now: float) -> None:
        """Follow an event of the job."""
        ran = self._runs
        self._count(now)
        if not isinstance(event, ev.GenerationProgress | ev.GenerationAudio):
            self._sign_at = None
            return
        if self._loaded_at_sec is None:
            if self.job.generator is None:
                return
            self._loaded_at_sec = self._worked_sec
            if self.loads:
                self.pace.load_sec = self._worked_sec
        if ran and self._sign_at is not None:
            self.pace.stepped(now - self._sign_at)
        self._sign_at = now

    def made(self, duration_sec: float) -> None:
        """The piece is finished: its backend is so fast."""
        self.pace.made(self._worked_sec - (self._loaded_at_sec or 0.0), duration_sec)

    def left_sec(self, now: float) -> float | None:
        """The work that is left, with the load of the model where that is still to come; None: not known."""
        self._count(now)
        eta_sec = self.job.progress.eta_sec(now)
        if eta_sec is not None:
            return eta_sec
        expected = self.pace.work_sec(self.duration_sec, loads=self.loads)  # it waits for its turn
        return None if expected is None else max(expected - self._worked_sec, 0.0)

    def quiet_sec(self, now: float) -> float:
        """Since the last sign of life; 0 before the first one."""
        return 0.0 if self._sign_at is None else now - self._sign_at

    def heard_in_sec(self, now: float, streams: Streams) -> float | None:
        """Until it can be heard to its end, if nobody takes the worker away; None: that cannot be said."""
        if self.job.state != "running":
            return None
        left = self.left_sec(now)
        stream = streams.of_track(self.track_id)
        if stream is None or stream.path is None or not self.runs_away(streams):
            return left
        in_sec = streams.starts_in_sec(stream)
        return left if in_sec is None else in_sec if left is None else min(left, in_sec)

    def runs_away(self, streams: Streams) -> bool:
        """Whether it streams, and so fast that it may be heard while it is made."""
        stream = streams.of_track(self.track_id)
        return stream is not None and stream.path is not None and stream.pace.speed >= STREAM_SPEED

    def _count(self, now: float) -> None:
        if self._runs:
            self._worked_sec += max(now - self.since, 0.0)
        self.since, self._runs = now, self.job.state == "running"
