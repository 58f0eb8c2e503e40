"""When can a track that is still being made be played without running dry?

Follows the events of the jobs: which growing file has how much, and how fast it gets more.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from lofi_core import events as ev

if TYPE_CHECKING:
    from collections.abc import Callable

# The measured speed is a mean: what comes may be slower than what came.
SPEED_MARGIN = 0.9
# News may come in a bunch: a speed over less than this says too much.
MEASURED_SEC = 0.25
# Samples in hand when it begins, so that a late chunk is no gap.
LEAST_SEC = 0.5


@dataclass(slots=True)
class Stream:
    """One job's growing file.

    Attributes:
        duration_sec: as requested.
        path: of the growing WAV; None before there is any sound.
        busy_sec: how long the job has had the worker, up to `since`.
        since: monotonic seconds from which it has it; None while it is paused.
    """

    track_id: str
    job_id: str
    prompt: str
    duration_sec: float
    busy_sec: float = 0.0
    since: float | None = None
    path: str | None = None
    available_sec: float = 0.0
    gain_db: float = 0.0
    _last_worked: float = 0.0  # busy seconds at the newest sound
    _first: tuple[float, float] | None = field(default=None)  # busy and available seconds at the first sound

    def worked_sec(self, now: float) -> float:
        """How long the job has had the worker."""
        return self.busy_sec + (now - self.since if self.since is not None else 0.0)

    def hold(self, now: float) -> None:
        """The job gave up the worker."""
        self.busy_sec, self.since = self.worked_sec(now), None

    def go_on(self, now: float) -> None:
        """The job has the worker."""
        self.hold(now)
        self.since = now

    def grow(self, news: ev.GenerationAudio, now: float) -> None:
        """More can be played."""
        self.path, self.gain_db = news.path, news.gain_db
        self.available_sec = max(self.available_sec, news.available_sec)
        self._last_worked = self.worked_sec(now)
        if self._first is None:
            self._first = (self.worked_sec(now), self.available_sec)

    def speed(self, now: float) -> float:
        """Seconds of sound in a second of work. The load of a model counts until there is a second chunk."""
        worked = self.worked_sec(now)
        if self._first is None:
            return 0.0
        first_worked, first_available = self._first
        since_begin = self.available_sec / max(worked, 1e-3)
        if self.available_sec == first_available:
            return since_begin
        since_first = (self.available_sec - first_available) / max(worked - first_worked, 1e-3)
        return since_first if self.is_measured else min(since_first, since_begin)

    @property
    def is_measured(self) -> bool:
        """The speed is that of one chunk after another, without what came before the first."""
        return self._first is not None and self._last_worked - self._first[0] >= MEASURED_SEC

    def reaches_in_sec(self, position_sec: float, now: float) -> float | None:
        """Until there is sound at a place; None while that cannot be said."""
        speed = self.speed(now) * SPEED_MARGIN
        if speed <= 0 or self.since is None:
            return None
        return max(position_sec - self.available_sec, 0.0) / speed

    def starts_in_sec(self, now: float) -> float | None:
        """Until it can be begun and heard to its end without a gap; None while that cannot be said.

        With a speed of v, D seconds in all and A of them there, it takes (D - A) / v to make the rest; begun
        in w seconds, it is heard at w + D.
        """
        speed = self.speed(now) * SPEED_MARGIN
        if speed <= 0 or self.since is None:
            return None
        left = max(self.duration_sec - self.available_sec, 0.0)
        lacking = min(LEAST_SEC, self.duration_sec) - self.available_sec
        return max(left / speed - self.duration_sec, lacking / speed, 0.0)


class Streams:
    """All jobs that have begun and are not over."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._by_job: dict[str, Stream] = {}
        self._clock = clock

    def of_track(self, track_id: str) -> Stream | None:
        """The job that makes a track now."""
        return next((stream for stream in self._by_job.values() if stream.track_id == track_id), None)

    def starts_in_sec(self, stream: Stream) -> float | None:
        """See `Stream.starts_in_sec`."""
        return stream.starts_in_sec(self._clock())

    def speed(self, stream: Stream) -> float:
        """See `Stream.speed`."""
        return stream.speed(self._clock())

    def reaches_in_sec(self, track_id: str, position_sec: float) -> float | None:
        """See `Stream.reaches_in_sec`."""
        stream = self.of_track(track_id)
        return None if stream is None else stream.reaches_in_sec(position_sec, self._clock())

    def happened(self, event: ev.Event) -> None:
        """Follow an event of a job."""
        now = self._clock()
        match event:
            case ev.GenerationStart():
                self._by_job[event.job_id] = Stream(
                    event.track_id, event.job_id, event.prompt, event.duration_sec, since=now
                )
            case ev.GenerationPaused() if event.job_id in self._by_job:
                self._by_job[event.job_id].hold(now)
            case ev.GenerationResumed() if event.job_id in self._by_job:
                self._by_job[event.job_id].go_on(now)
            case ev.GenerationAudio() if event.job_id in self._by_job:
                self._by_job[event.job_id].grow(event, now)
            case ev.GenerationCancelled() | ev.GenerationError():
                self._by_job.pop(event.job_id, None)
            case ev.GenerationComplete(job_id=str(job_id)):
                self._by_job.pop(job_id, None)
            case _:
                pass
