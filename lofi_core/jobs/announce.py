"""Turn what happens to a job into the events clients see.

Every event is published in a later turn of the loop, so that the reply to a request always precedes the first
event it causes.
"""

from __future__ import annotations

import contextlib
import logging
import math
import time
from typing import TYPE_CHECKING, TypeAlias

from msgspec import UNSET

from lofi_core import events as ev

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Callable

    from lofi_core.errors import LofiError
    from lofi_core.events import Event
    from lofi_core.jobs.job import Client, Job
    from lofi_core.plugins import PluginRecord
    from lofi_core.tracks.track import Track

# Called with an event and the clients that asked for its job; None for an event of no job.
Publish: TypeAlias = "Callable[[Event, frozenset[Client] | None], None]"


log = logging.getLogger("lofi.jobs")


class Announcer:
    """Publishes the events of jobs, each to the job's audience at the moment it is sent.

    The log has when each job began and ended. What it was asked for only debug has.
    """

    def __init__(self, publish: Publish, loop: asyncio.AbstractEventLoop) -> None:
        self._publish = publish
        self._loop = loop
        self._last_length = 0

    def queued(self, job: Job, position: int) -> None:
        """The job was accepted."""
        self._emit(job, ev.GenerationQueued(job.track_id, job.job_id, position))

    def started(self, job: Job) -> None:
        """The job has the worker for the first time."""
        request, backend = job.prepared.request, job.prepared.spec.name
        log.info("job %s begins: %g s with %s", job.job_id, request.duration_sec, backend)
        log.debug("job %s is asked for %r", job.job_id, request.prompt)
        event = ev.GenerationStart(
            job.track_id, job.job_id, request.prompt, request.duration_sec, request.seed, backend
        )
        self._emit(job, event)

    def paused(self, job: Job) -> None:
        """The job waits, though it was begun or was next."""
        self._emit(job, ev.GenerationPaused(job.track_id, job.job_id))

    def resumed(self, job: Job) -> None:
        """The job goes on."""
        self._emit(job, ev.GenerationResumed(job.track_id, job.job_id))

    def progressed(self, job: Job) -> None:
        """The job is further than it was."""
        progress = job.progress
        event = ev.GenerationProgress(
            job.track_id,
            job.job_id,
            progress.percent,
            progress.stage,
            progress.current_step,
            progress.total_steps,
            progress.eta_sec(time.monotonic()),
        )
        self._emit(job, event)

    def audible(self, job: Job, path: str, available_sec: float, gain_db: float) -> None:
        """More of the growing WAV can be played; or all that there will be."""
        final = job.sound_is_whole
        # Never more than there is: somebody reads up to it. In the end no less either.
        there = available_sec if final else math.floor(available_sec * 1000) / 1000
        self._emit(job, ev.GenerationAudio(job.track_id, job.job_id, path, there, gain_db, final or UNSET))

    def completed(self, job: Job, track: Track) -> None:
        """The track is on disk."""
        log.info("job %s is done: track %s, in %.3g s", job.job_id, track.track_id, track.generation_time_sec)
        self._emit(job, completion(track, job.job_id))

    def cancelled(self, job: Job) -> None:
        """The job was given up."""
        log.info("job %s is cancelled", job.job_id)
        progress = job.progress
        event = ev.GenerationCancelled(
            job.track_id, job.job_id, progress.at_step_overall, progress.total_steps_overall
        )
        self._emit(job, event)

    def failed(self, job: Job, error: LofiError) -> None:
        """The job ended in an error."""
        log.warning("job %s failed: %s", job.job_id, error.code)
        log.debug("job %s: %s", job.job_id, error.text())  # a plugin's message may quote the prompt
        event = ev.GenerationError(job.track_id, job.job_id, error.code, error.message, error.hint or UNSET)
        self._emit(job, event)

    def queue_changed(self, length: int) -> None:
        """So many jobs wait now. Told only when it is another number than before."""
        if length == self._last_length:
            return
        self._last_length = length
        self._loop.call_soon(self._publish, ev.QueueChanged(length), None)

    def waits(self, job: Job, position: int, note: str) -> None:
        """The job cannot have the worker though its turn has come."""
        self._emit(job, ev.GenerationQueued(job.track_id, job.job_id, position, note))

    def backend_changed(self, record: PluginRecord, error: LofiError | None = None) -> None:
        """A backend has another status, or could not be loaded."""
        why = (error.code, error.hint or UNSET) if error else (UNSET, UNSET)
        message = error.message if error else record.error or UNSET
        event = ev.BackendStatus(record.name, record.status, message, *why)
        self._loop.call_soon(self._publish, event, None)

    def loading(self, record: PluginRecord, fraction: float, what: str) -> None:
        """A loader is so far. Any thread."""
        event = ev.BackendStatus(record.name, "loading", stage=what, percent=int(fraction * 100))
        with contextlib.suppress(RuntimeError):  # the loop has ended
            self._loop.call_soon_threadsafe(self._publish, event, None)

    def _emit(self, job: Job, event: Event) -> None:
        # The audience is read when the event leaves: `submit` adds the client after the job was queued.
        self._loop.call_soon(lambda: self._publish(event, frozenset(job.audience)))


def completion(track: Track, job_id: str | None = None) -> ev.GenerationComplete:
    """The event that says a track is on disk; without a job id it came from the cache."""
    return ev.GenerationComplete(
        track_id=track.track_id,
        path=track.path,
        duration_sec=track.duration_sec,
        sample_rate=track.sample_rate,
        channels=track.channels,
        prompt=track.prompt,
        seed=track.seed,
        backend=track.backend,
        model_version=track.model_version,
        generation_time_sec=track.generation_time_sec,
        cached=job_id is None,
        job_id=UNSET if job_id is None else job_id,
    )
