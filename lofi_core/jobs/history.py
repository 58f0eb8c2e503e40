"""Which jobs does the daemon still know?"""

from __future__ import annotations

from collections import OrderedDict
from typing import TYPE_CHECKING

from lofi_core.errors import InvalidParams, UnknownJob, UnknownTrack

if TYPE_CHECKING:
    from lofi_core.jobs.job import Job

MAX_ENDED = 1_000


class JobTable:
    """Every live job and the last thousand that ended, by job id and by track."""

    def __init__(self) -> None:
        self._by_id: OrderedDict[str, Job] = OrderedDict()
        self._by_track: dict[str, Job] = {}

    def add(self, job: Job) -> None:
        """Note a new job; it becomes the one its track id means."""
        self._by_id[job.job_id] = job
        self._by_track[job.track_id] = job

    def active_for(self, track_id: str) -> Job | None:
        """The job that is making a track, unless it is being cancelled: what another request can join."""
        job = self._by_track.get(track_id)
        return None if job is None or job.has_ended or job.cancelling else job

    def live(self) -> list[Job]:
        """All jobs that have not ended."""
        return [job for job in self._by_id.values() if not job.has_ended]

    def get(self, job_id: str | None, track_id: str | None) -> Job:
        """Find a job by exactly one of its ids.

        Raises:
            UnknownJob, UnknownTrack: nobody knows it.
            InvalidParams: neither id is given, or both and they do not belong together.
        """
        if job_id is None and track_id is None:
            raise InvalidParams("neither job_id nor track_id is given", "give one of them")
        if job_id is not None:
            job = self._by_id.get(job_id)
            if job is None:
                raise UnknownJob(f"no job {job_id!r}", "`lofi-core queue` lists those that wait or run")
            if track_id is not None and job.track_id != track_id:
                raise InvalidParams(
                    f"job {job_id!r} makes another track than {track_id!r}", "give one of them"
                )
            return job
        job = self._by_track.get(track_id or "")
        if job is None:
            raise UnknownTrack(f"no job for track {track_id!r}", "`lofi-core queue` lists those there are")
        return job

    def forget_old(self) -> None:
        """Drop the oldest ended jobs beyond the bound."""
        ended = [job for job in self._by_id.values() if job.has_ended]
        for job in ended[:-MAX_ENDED]:
            del self._by_id[job.job_id]
            if self._by_track.get(job.track_id) is job:
                del self._by_track[job.track_id]
