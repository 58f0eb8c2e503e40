"""Give one device's worker thread to one job at a time, and take each through its life.

Cross-thread calls live here and in `slices.py` only: this side awaits the worker; what comes back from it
between steps arrives through `call_soon_threadsafe`.
"""

from __future__ import annotations

import asyncio
import logging
import time
from functools import partial
from typing import TYPE_CHECKING, Any, ParamSpec, Protocol, TypeVar

from lofi_core.calls import generator_of
from lofi_core.errors import InferenceFailed, InternalError, LofiError
from lofi_core.jobs.draft import draft_of
from lofi_core.jobs.progress import LOAD, WRITE, Progress
from lofi_core.jobs.slices import Tape, Wanted, close, max_frames, run_slice

if TYPE_CHECKING:
    from collections.abc import Callable
    from concurrent.futures import Future

    from anyio.abc import TaskGroup

    from lofi_core.jobs.announce import Announcer
    from lofi_core.jobs.job import Job
    from lofi_core.jobs.slices import Errands
    from lofi_core.models.cache import ModelCache
    from lofi_core.models.loaded import Loaded
    from lofi_core.plugins import PluginHost
    from lofi_core.runtime import Runtime
    from lofi_core.tracks.library import Library
    from lofi_core.tracks.spool import Spool
    from lofi_core.worker import Worker

log = logging.getLogger("lofi.jobs")

P = ParamSpec("P")
R = TypeVar("R")

# A streaming client may still be reading the spool when the track is done.
SPOOL_LINGERS_SEC = 60.0


class Owner(Protocol):
    """Whoever hands jobs to a runner and gets them back. All calls come on the event loop."""

    def gave_back(self, job: Job) -> None:
        """The job paused; it wants to come again."""

    def ended(self, job: Job, /) -> None:
        """The job's state is a terminal one and its event is on the way."""

    def idle(self) -> None:
        """The runner has nothing to do."""


class _CancelledInWriteError(Exception):
    """Raised through the encoder when a cancel arrives while the file is written."""


class Runner:
    """One device's worker thread, and the task that feeds it."""

    def __init__(
        self,
        runtime: Runtime,
        worker: Worker,
        errands: Errands,
        plugins: PluginHost,
        library: Library,
        models: ModelCache,
        announce: Announcer,
        owner: Owner,
    ) -> None:
        self.current: Job | None = None
        self._runtime = runtime
        self._worker = worker
        self._plugins = plugins
        self._library = library
        self._models = models
        self._announce = announce
        self._owner = owner
        self._errands = errands
        self._assigned = asyncio.Event()
        self._loop = asyncio.get_running_loop()
        self._tasks: TaskGroup

    def start(self, tasks: TaskGroup) -> None:
        """Serve jobs from now on, in a task group that outlives every job."""
        self._tasks = tasks
        tasks.start_soon(self._run)

    def assign(self, job: Job) -> None:
        """Hand the idle runner its next job. It is running from this moment."""
        self.current = job
        job.state, job.note = "running", None
        self._assigned.set()

    def drop(self, job: Job) -> None:
        """Cancel a job that waits: at the next step boundary of whatever runs, or at once."""
        self._tasks.start_soon(self._drop, job)

    def fail(self, job: Job, error: LofiError) -> None:
        """End a job that waits: what it had begun is lost."""
        self._tasks.start_soon(self._fail, job, error)

    async def _run(self) -> None:
        while True:
            await self._assigned.wait()
            self._assigned.clear()
            if self.current is not None:
                await self._turn(self.current)
            self.current = None
            self._owner.idle()

    async def _turn(self, job: Job) -> None:
        """Let a job have the worker until it ends or somebody else wants it."""
        if job.generator is None:
            loads = self._needs_load(job)
            job.progress = Progress(job.prepared.schedule, loads=loads)
            self._announce.started(job)
        else:
            self._announce.resumed(job)
        job.progress.start_clock(time.monotonic())
        try:
            if job.generator is None:
                await self._begin(job)
            if await self._step(job) and await self._write(job):
                return
        except LofiError as error:
            await self._fail(job, error)
        except Exception:
            log.exception("job %s", job.job_id)
            await self._fail(job, InternalError("a fault of lofi-core itself ended the job", "see its log"))
        else:
            job.progress.stop_clock(time.monotonic())
            await self._give_back(job)

    async def _begin(self, job: Job) -> None:
        """Create the generator, unless the job is cancelled before that."""
        prepared, spec = job.prepared, job.prepared.spec
        self._announce.progressed(job)
        loaded = None if job.cancelling else await self._load(job)
        if job.cancelling or loaded is None:
            return
        job.runtime = loaded.runtime.for_job()
        spool = await self._library.new_spool(job.job_id, spec.sample_rate, spec.channels)
        job.spool = spool
        job.tape = Tape(
            spec,
            prepared.schedule,
            max_frames(spec, prepared.request.duration_sec),
            append=partial(self._append, job, spool),
            report=partial(self._report, job),
        )
        create = partial(loaded.generate, self._plugins, prepared.request, prepared.schedule, job.runtime)
        job.generator = await self._work_for(job, generator_of, spec.name, create)

    async def _load(self, job: Job) -> Loaded:
        loads = self._needs_load(job)
        loaded = await self._models.acquire(
            job.prepared.record,
            job.prepared.schedule.weights,
            user=job,
            token=job.token,
            report=partial(self._report_load, job),
        )
        if loads:
            job.progress.loaded(time.monotonic())
        return loaded

    async def _work_for(self, job: Job, function: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
        """Run a call in the worker thread. What it runs there ends when the job is cancelled."""

        def work() -> R:
            with self._runtime.runs.working_for(job.token):
                return function(*args, **kwargs)

        return await self._worker.run(work)

    def _needs_load(self, job: Job) -> bool:
        return self._models.needs_load(job.prepared.record, job.prepared.schedule.weights)

    async def _step(self, job: Job) -> bool:
        """Run the generator. True when it ended, False when somebody wanted the thread."""
        if job.generator is None or job.tape is None:  # cancelled before it began
            return False
        return await self._work_for(
            job, run_slice, job.prepared.spec.name, job.generator, job.control, job.tape, self._errands
        )

    async def _write(self, job: Job) -> bool:
        """Turn the spool into a track. False when a cancel came before that was done."""
        spec = job.prepared.spec
        if job.spool is None or job.tape is None or job.tape.frames == 0:
            hint = "its generate hook must yield a Step with audio"
            raise InferenceFailed(f"{spec.name} ended without yielding any audio", hint)
        job.sound_is_whole = True
        if spec.streaming:
            self._library.after_appends(self._appended, job, job.spool)
        draft = draft_of(job, job.runtime or self._runtime, time.monotonic())
        try:
            encoded = await self._library.encode(job.spool, draft, partial(self._written, job))
        except _CancelledInWriteError:
            return False
        if job.cancelling:
            await self._library.discard(encoded)
            return False
        job.committing = True
        track = await self._library.commit(encoded)
        job.progress.stop_clock(time.monotonic())
        self._retire_spool(job)
        job.path = track.path
        job.end("complete")
        self._announce.completed(job, track)
        self._over(job)
        return True

    async def _give_back(self, job: Job) -> None:
        """Somebody wanted the thread, and has it."""
        if job.cancelling:
            await self._cancelled(job)
            return
        job.held = job.control.wanted is Wanted.PAUSED
        job.control.wanted = None
        job.state = "paused"
        job.settled.set()
        self._announce.paused(job)
        self._owner.gave_back(job)

    async def _drop(self, job: Job) -> None:
        if job.generator is None:
            await self._cancelled(job)
            return
        generator = job.generator

        def close_there() -> None:
            with self._runtime.runs.working_for(job.token):
                close(job.prepared.spec.name, generator)

        await self._errands.aside(close_there)
        job.generator = None
        await self._cancelled(job)

    async def _cancelled(self, job: Job) -> None:
        if job.generator is not None:
            await self._work_for(job, close, job.prepared.spec.name, job.generator)
        if job.has_ended:  # the daemon did not wait for it
            return
        self._retire_spool(job)
        job.end("cancelled")
        self._announce.cancelled(job)
        self._over(job)

    async def _fail(self, job: Job, error: LofiError) -> None:
        job.progress.stop_clock(time.monotonic())
        if job.cancelling:  # what was promised to the one who cancelled holds
            await self._cancelled(job)
            return
        if job.has_ended:
            return
        self._retire_spool(job)
        job.fail(error)
        self._announce.failed(job, error)
        self._over(job)

    def _over(self, job: Job) -> None:
        self._models.release(job)
        self._owner.ended(job)

    def _retire_spool(self, job: Job) -> None:
        spool, job.spool = job.spool, None
        if spool is not None:
            self._tasks.start_soon(self._discard_spool, spool, job.prepared.spec.streaming)

    async def _discard_spool(self, spool: Spool, lingers: bool) -> None:  # noqa: FBT001 - passed by start_soon
        try:
            if lingers:
                await self._library.retire_spool(spool)
                await asyncio.sleep(SPOOL_LINGERS_SEC)
            await self._library.discard_spool(spool)
        except LofiError as error:  # no job depends on it; the next start removes what is left
            log.warning("%s", error.text())

    # -- called in the worker thread or the store thread -----------------------------------------------

    def _append(self, job: Job, spool: Spool, chunk: Any) -> Future[None]:
        future = self._library.append(spool, chunk)
        if job.prepared.spec.streaming:
            self._library.after_appends(self._appended, job, spool)
        return future

    def _appended(self, job: Job, spool: Spool) -> None:
        self._call_loop(self._audible, job, spool, spool.stream_gain_db(job.prepared.spec.loudness))

    def _report(self, job: Job, stage: str, done: int) -> None:
        self._call_loop(self._advanced, job, stage, done)

    def _report_load(self, job: Job, fraction: float, what: str) -> None:
        self._call_loop(self._advanced, job, LOAD, int(fraction * 100), what)

    def _written(self, job: Job, fraction: float) -> None:
        if job.control.wanted is Wanted.CANCELLED:
            raise _CancelledInWriteError
        self._report(job, WRITE, int(fraction * 100))

    def _call_loop(self, call: Callable[..., None], *args: Any) -> None:
        try:
            self._loop.call_soon_threadsafe(call, *args)
        except RuntimeError:  # the loop has ended; a backend that would not stop is still stepping
            log.debug("late news after the end of the loop")

    # -- and back on the loop --------------------------------------------------------------------------

    def _advanced(self, job: Job, stage: str, done: int, shown: str | None = None) -> None:
        if job.state == "running":
            job.progress.advance(stage, done, shown)
            self._announce.progressed(job)

    def _audible(self, job: Job, spool: Spool, gain_db: float) -> None:
        if not job.has_ended and spool.frames:
            self._announce.audible(job, str(spool.path), spool.available_sec, gain_db)
