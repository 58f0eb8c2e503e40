"""Methods about jobs: from `generate` to `queue_clear`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from msgspec import UNSET

from lofi_core.errors import InvalidParams, UnknownJob, UnknownTrack
from lofi_core.jobs.announce import completion
from lofi_core.jobs.made import find_made
from lofi_core.jobs.options import ALIASED, merged_aliases
from lofi_core.jobs.promise import promise
from lofi_core.jobs.request import Prepared, Wish, prepare
from lofi_core.rpc import results as r
from lofi_core.rpc.decode import normalise

if TYPE_CHECKING:
    import asyncio

    from lofi_core.config import Config
    from lofi_core.jobs.engine import Engine
    from lofi_core.jobs.job import Job
    from lofi_core.jobs.journal_file import EndedJob
    from lofi_core.playback.control import Playback
    from lofi_core.plugins import PluginHost
    from lofi_core.rpc import params as p
    from lofi_core.rpc.connection import Connection
    from lofi_core.rpc.hub import Hub
    from lofi_core.tracks.library import Library
    from lofi_core.tracks.track import Track


@dataclass(slots=True)
class JobMethods:
    """`generate`, `cancel`, `job_get`, `job_pause`, `job_resume`, `queue_status`, `queue_clear`."""

    engine: Engine
    library: Library
    playback: Playback
    plugins: PluginHost
    config: Config
    hub: Hub
    loop: asyncio.AbstractEventLoop

    async def generate(self, connection: Connection, params: p.GenerateParams) -> r.Accepted:
        self.engine.check_open()
        if params.play and not params.keep:
            raise InvalidParams("play is true and keep is false", "a track that is played has to be kept")
        prepared = prepare_params(params, self.plugins, self.config)
        # Looked up even when the cache is not wanted: requests must not overtake each other.
        track = await find_made(self.library, prepared, used=params.cache)
        being_made = self.engine.table.active_for(prepared.track_id) is not None
        if params.cache and track is not None and not being_made:
            if params.play:
                self.playback.want_track(track)
            return self._cached(connection, track)
        promised = await promise(self.engine, prepared, params.priority)
        # A client that left while the store was busy could never withdraw its interest.
        client = connection.client_id if connection.client_id in self.hub.connections else None
        job = self.engine.submit(prepared, client, params.priority, promised)
        if params.play:
            self.playback.want(job.track_id)
        return r.Accepted(
            track_id=job.track_id,
            job_id=job.job_id,
            status="generating" if job.state == "running" else "queued",
            position=self.engine.position(job),
            seed=prepared.request.seed,
            backend=prepared.spec.name,
        )

    def cancel(self, connection: Connection, params: p.CancelParams) -> r.Cancelled:
        job = self.engine.table.get(params.job_id, params.track_id)
        was_generating = job.state == "running"
        cancelled = self.engine.cancel(job, connection.client_id, force=params.force)
        return r.Cancelled(cancelled, was_generating, job.track_id)

    async def job_get(self, _connection: Connection, params: p.JobGetParams) -> r.JobStatus:
        try:
            return self._job_status(self.engine.table.get(params.job_id, params.track_id))
        except (UnknownJob, UnknownTrack):  # it may have ended before this daemon started
            ended = await self.engine.journal.find_ended(params.job_id, params.track_id)
            if ended is not None:
                return _ended_status(ended)
            find = self.library.find if params.job_id is None else self.library.find_job
            track = await find(params.job_id or params.track_id or "")
            if track is None:
                raise
            return r.JobStatus(track.recipe.job_id, track.track_id, "complete", 100, None, path=track.path)

    async def job_pause(self, _connection: Connection, params: p.JobParams) -> r.StateResult:
        return r.StateResult(await self.engine.pause(self.engine.table.get(params.job_id, None)))

    def job_resume(self, _connection: Connection, params: p.JobParams) -> r.StateResult:
        return r.StateResult(self.engine.resume(self.engine.table.get(params.job_id, None)))

    def queue_status(self, _connection: Connection, _params: p.NoParams) -> r.QueueStatus:
        queue = self.engine.queue
        waiting = [*queue.in_order(), *queue.held()]
        current = self.engine.runner.current
        return r.QueueStatus(
            running=[self._running(current)] if current is not None and not current.has_ended else [],
            pending=[
                r.PendingJob(
                    job.track_id,
                    job.job_id,
                    job.prepared.request.prompt,
                    position,
                    job.priority,
                    job.note or UNSET,
                )
                for position, job in enumerate(waiting, start=1)
                if job.state == "queued"
            ],
            paused=[self._running(job) for job in waiting if job.state == "paused"],
        )

    def queue_clear(self, _connection: Connection, _params: p.NoParams) -> r.QueueCleared:
        return r.QueueCleared(self.engine.clear())

    def _cached(self, connection: Connection, track: Track) -> r.Accepted:
        # The reply leaves in this turn of the loop, the event in the next.
        self.loop.call_soon(self.hub.publish, completion(track), {connection.client_id})
        return r.Accepted(
            track_id=track.track_id,
            status="cached",
            position=0,
            seed=track.seed,
            backend=track.backend,
            path=track.path,
        )

    def _running(self, job: Job) -> r.RunningJob:
        prompt, silent_sec = job.prepared.request.prompt, self.engine.silent_sec(job)
        return r.RunningJob(
            *(job.track_id, job.job_id, prompt, job.progress.percent, self.engine.eta_sec(job)),
            None if silent_sec is None else round(silent_sec, 1),
        )

    def _job_status(self, job: Job) -> r.JobStatus:
        status = r.JobStatus(
            job_id=job.job_id,
            track_id=job.track_id,
            state=job.state,
            percent=100 if job.state == "complete" else job.progress.percent,
            eta_sec=self.engine.eta_sec(job),
        )
        if job.error is not None:
            status.error = r.JobError(job.error.code, job.error.message, job.error.hint or UNSET)
        if job.note is not None:
            status.note = job.note
        if job.path is not None:
            status.path = job.path
        return status


def _ended_status(ended: EndedJob) -> r.JobStatus:
    status = r.JobStatus(ended.job_id, ended.track_id, ended.state, ended.percent, None)
    if ended.code is not None:
        status.error = r.JobError(ended.code, ended.message or "", ended.hint or UNSET)
    if ended.path is not None:
        status.path = ended.path
    return status


def prepare_params(params: p.GenerateParams, plugins: PluginHost, config: Config) -> Prepared:
    """Check what `generate` was given and make it canonical.

    Raises:
        LofiError: it cannot be done, and why.
    """
    try:
        options = normalise(params.options)
    except UnicodeDecodeError as error:
        raise InvalidParams(f"options: text that is no UTF-8 ({error.reason})") from error
    except RecursionError as error:
        raise InvalidParams("options: nested too deep", "no option needs more than a few levels") from error
    return prepare(
        Wish(
            prompt=params.prompt,
            duration_sec=params.duration_sec,
            backend=params.backend,
            seed=params.seed,
            title=params.title,
            options=merged_aliases(options, {name: getattr(params, name) for name in ALIASED}),
            keep=params.keep,
        ),
        plugins,
        config,
    )
