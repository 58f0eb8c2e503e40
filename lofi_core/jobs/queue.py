"""Which job is next?

High priority before normal; among equals a job that was already begun before one that was not; then first
come, first served. After `TURN_AFTER` high-priority jobs in a row one normal job, if any waits, is let
through undisturbed.
"""

from __future__ import annotations

from bisect import insort
from typing import TYPE_CHECKING

from lofi_core.errors import QueueFull

if TYPE_CHECKING:
    from collections.abc import Callable

    from lofi_core.jobs.job import Job

TURN_AFTER = 8


def _any(_job: Job) -> bool:
    return True


class JobQueue:
    """The jobs that wait: queued, outranked and held ones. All of them count to the capacity."""

    def __init__(self, capacity: int) -> None:
        self.capacity = capacity
        self._jobs: list[Job] = []  # by rank, held ones too
        self._high_streak = 0

    def __len__(self) -> int:
        return len(self._jobs)

    def __contains__(self, job: Job) -> bool:
        return job in self._jobs

    @property
    def has_waiting(self) -> bool:
        """Whether there is one that can run."""
        return not all(job.held for job in self._jobs)

    @property
    def pending(self) -> int:
        """How many jobs wait that are neither begun nor held."""
        return sum(job.state == "queued" for job in self._jobs)

    def check_room(self) -> None:
        """Raise QueueFull, saying the length, when no further job fits."""
        if len(self._jobs) >= self.capacity:
            raise QueueFull(
                f"the queue is full: {len(self._jobs)} of {self.capacity} jobs wait",
                "wait for one to finish, cancel one, or raise queue_capacity",
            )

    def put(self, job: Job) -> None:
        """Add a job, or bring back one that gave up the worker. The latter always fits."""
        job.has_turn = False
        insort(self._jobs, job, key=_rank)

    def raise_priority(self, job: Job) -> None:
        """Make a job a high-priority one, whether it waits here or not."""
        if job in self._jobs:
            self._jobs.remove(job)  # its rank is about to change
            job.priority = "high"
            insort(self._jobs, job, key=_rank)
        job.priority = "high"

    def remove(self, job: Job) -> None:
        """Take a job out, wherever it stands."""
        self._jobs.remove(job)

    def in_order(self) -> list[Job]:
        """The jobs that can run, in the order in which they would."""
        return [job for job in self._jobs if not job.held]

    def held(self) -> list[Job]:
        """The jobs that wait for `job_resume`."""
        return [job for job in self._jobs if job.held]

    def position(self, job: Job) -> int:
        """1 for the next, counting on; held jobs come after all others."""
        before = self._jobs[: self._jobs.index(job)]
        count = sum(other.held == job.held for other in before) + 1
        return count + len(self._jobs) - len(self.held()) if job.held else count

    def take(self, fits: Callable[[Job], bool] = _any) -> Job | None:
        """Remove and return the job whose turn it is, of those that fit. None when none can run."""
        order = [job for job in self.in_order() if fits(job)]
        if not order:
            return None
        job = order[0]
        normal = next((other for other in order if other.priority == "normal"), None)
        if job.priority == "high" and normal is not None:
            if self._high_streak >= TURN_AFTER:
                job, normal.has_turn = normal, True
            else:
                self._high_streak += 1
        if job.priority == "normal":
            self._high_streak = 0
        self._jobs.remove(job)
        return job

    def outranks(self, running: Job, fits: Callable[[Job], bool] = _any) -> bool:
        """Whether a waiting job should have the worker instead of the running one."""
        if running.priority == "high" or running.has_turn:
            return False
        return any(job.priority == "high" and not job.held and fits(job) for job in self._jobs)


def _rank(job: Job) -> tuple[bool, bool, int]:
    return job.priority != "high", job.generator is None, job.serial
