"""When can a track that is still being made be played without running dry?

Follows the events of the jobs: which growing file has how much, and how fast it gets more.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from lofi_core import events as ev
from lofi_core.playback.pace import Pace

if TYPE_CHECKING:
    from collections.abc import Callable

# Samples in hand when it begins: what the player renders ahead at once.
LEAST_SEC = 0.3
# The player reads this much ahead of what is heard: rendered blocks, and what a resampler holds back.
RENDERED_SEC = 0.35


@dataclass(slots=True)
class Stream:
    """One job's growing file.

    Attributes:
        duration_sec: as requested.
        path: of the growing WAV; None before there is any sound.
        final: it does not grow any more.
        busy_sec: how long the job has had the worker, up to `since`.
        since: monotonic seconds from which it has it; None while it is paused.
        pace: how fast there is more.
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
    final: bool = False
    pace: Pace = field(default_factory=Pace)

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
        self.path, self.gain_db, self.final = news.path, news.gain_db, self.final or news.final is True
        self.available_sec = max(self.available_sec, news.available_sec)
        self.pace.came(self.available_sec, self.worked_sec(now))

    def reaches_in_sec(self, position_sec: float, now: float) -> float | None:
        """Until there is sound at a place; None while that cannot be said."""
        if position_sec <= self.available_sec:
            return 0.0
        return self._made_in_sec(position_sec - self.available_sec, now)

    def starts_in_sec(self, now: float) -> float | None:
        """Until it can be begun and heard to its end without a gap; None while that cannot be said.

        With a speed of v, D seconds in all and A of them there, it takes (D - A) / v to make the rest; begun
        in w seconds, it is heard at w + D. The last piece has to be there before it is heard, by its length,
        and may be as late as one was.
        """
        left_sec = self.duration_sec - self.available_sec
        if self.final or left_sec <= 0:
            return 0.0
        made_sec = self._made_in_sec(left_sec, now)
        lacking_sec = self._made_in_sec(min(LEAST_SEC, self.duration_sec) - self.available_sec, now)
        if made_sec is None or lacking_sec is None:
            return None
        reserve_sec = self.pace.largest_sec + self.pace.latest_sec + RENDERED_SEC
        return max(made_sec + reserve_sec - self.duration_sec, lacking_sec, 0.0)

    def _made_in_sec(self, sound_sec: float, now: float) -> float | None:
        """Until so many more seconds of sound are there, as far as the news goes."""
        speed = self.pace.cautious(self.duration_sec - self.available_sec)
        if speed <= 0 or self.since is None:
            return None
        if sound_sec <= 0:
            return 0.0
        # Of what comes next some is made already; how much, nobody knows but the pace.
        under_way_sec = min(self.worked_sec(now) - self.pace.last_worked, self.pace.largest_sec / speed)
        return max(sound_sec / speed - under_way_sec, 0.0)


class Streams:
    """All jobs that are not over: the growing files of those that have begun."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._by_job: dict[str, Stream] = {}
        self._to_come: dict[str, str] = {}  # tracks of all jobs, by job
        self._clock = clock

    def of_track(self, track_id: str) -> Stream | None:
        """The job that makes a track now."""
        return next((stream for stream in self._by_job.values() if stream.track_id == track_id), None)

    def is_being_made(self, track_id: str) -> bool:
        """A job makes it, or waits for its turn."""
        return track_id in self._to_come.values()

    def starts_in_sec(self, stream: Stream) -> float | None:
        """See `Stream.starts_in_sec`."""
        return stream.starts_in_sec(self._clock())

    def reaches_in_sec(self, track_id: str, position_sec: float) -> float | None:
        """See `Stream.reaches_in_sec`."""
        stream = self.of_track(track_id)
        return None if stream is None else stream.reaches_in_sec(position_sec, self._clock())

    def happened(self, event: ev.Event) -> None:
        """Follow an event of a job."""
        now = self._clock()
        match event:
            case ev.GenerationQueued():
                self._to_come[event.job_id] = event.track_id
            case ev.GenerationStart():
                self._to_come[event.job_id] = event.track_id
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
                self._over(event.job_id)
            case ev.GenerationComplete(job_id=str(job_id)):
                self._over(job_id)
            case _:
                pass

    def _over(self, job_id: str) -> None:
        self._by_job.pop(job_id, None)
        self._to_come.pop(job_id, None)
