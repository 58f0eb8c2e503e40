"""What clients can ask of jobs: submit, join, cancel, pause, resume, look. All of it on the event loop."""

from __future__ import annotations

import asyncio
import contextlib
import time
from itertools import count
from typing import TYPE_CHECKING

from lofi_core.errors import ShuttingDown
from lofi_core.jobs.announce import Announcer, Publish
from lofi_core.jobs.history import JobTable
from lofi_core.jobs.job import Client, Job, Priority, State
from lofi_core.jobs.memory_guard import MemoryGuard
from lofi_core.jobs.obstacles import Obstacles
from lofi_core.jobs.progress import Progress
from lofi_core.jobs.queue import JobQueue
from lofi_core.jobs.runner import Runner
from lofi_core.jobs.slices import Errands, Wanted
from lofi_core.memory import process_limit_bytes
from lofi_core.models.cache import ModelCache
from lofi_core.models.loading import Loader
from lofi_core.worker import Worker

if TYPE_CHECKING:
    from anyio.abc import TaskGroup

    from lofi_core.config import Config
    from lofi_core.jobs.calibration import Calibration
    from lofi_core.jobs.journal import Journal
    from lofi_core.jobs.journal_file import AcceptedJob
    from lofi_core.jobs.request import Prepared
    from lofi_core.models.loaded import Loaded
    from lofi_core.plugins import PluginHost
    from lofi_core.runtime import Runtime
    from lofi_core.tracks.library import Library

# What a client waits for at most until it knows that a pause has to wait.
PAUSE_ANSWER_SEC = 10.0


class Engine:
    """The job engine: one queue, and the runner that serves it.

    Args:
        plugins: what can be asked to generate.
        library: where tracks go.
        runtime: of the device whose worker thread this engine feeds.
        config: how many jobs may wait, and how long and how much of models stays in memory.
        publish: called with every event and the clients that asked for its job; None for events of no job.
        journal: has what was promised; open.
        calibration: what jobs take, which is read and written here.
        own_processes: whether backends that want a process of their own get one.
    """

    def __init__(
        self,
        plugins: PluginHost,
        library: Library,
        runtime: Runtime,
        config: Config,
        publish: Publish,
        journal: Journal,
        calibration: Calibration,
        *,
        own_processes: bool,
    ) -> None:
        self.queue = JobQueue(config.queue_capacity)
        self.table = JobTable()
        self.journal = journal
        self._announce = Announcer(publish, asyncio.get_running_loop())
        self._worker = Worker(f"lofi-{runtime.device}")
        self.device = runtime.device
        self.calibration = calibration
        self._runs = runtime.runs
        errands = Errands(self._worker)
        loader = Loader(plugins, runtime, self._worker, errands, own_processes=own_processes)
        self._guard = MemoryGuard(process_limit_bytes(config.models.process_gb), self._worker, loader)
        self.models = ModelCache(plugins, runtime, loader, self._announce, config.models, self._fail_jobs_on)
        self.runner = Runner(
            runtime, errands, plugins, library, self.models, self._announce, calibration, owner=self
        )
        self._serial = count()
        self._closing = False
        self._job_ended = asyncio.Event()

    def start(self, tasks: TaskGroup) -> None:
        """Serve from now on, in a task group that outlives every job."""
        self.runner.start(tasks)
        tasks.start_soon(self._guard.run)
        self.models.start(tasks)
        tasks.start_soon(self.calibration.keep_saved)

    def check_open(self) -> None:
        """Raise ShuttingDown when no new work is taken."""
        if self._closing:
            raise ShuttingDown("the daemon is shutting down", "start it again and repeat the request")

    def check_acceptable(self, prepared: Prepared) -> None:
        """Raise what `submit` would."""
        self.check_open()
        if self.table.active_for(prepared.track_id) is None and not self._starts_at_once(prepared):
            self.queue.check_room()

    def submit(
        self,
        prepared: Prepared,
        client: Client | None,
        priority: Priority = "normal",
        journaled_as: str | None = None,
    ) -> Job:
        """Queue a request, or join the job that already makes the same track.

        A held job goes on when somebody else asks for its track.

        Args:
            prepared: the request.
            client: who wants it; None when it is gone already, so that anyone may cancel.
            priority: the higher one wins when a job is joined.
            journaled_as: its id, if it was promised (`promise`).

        Raises:
            QueueFull, ShuttingDown: it was not accepted.
        """
        self.check_acceptable(prepared)
        job = self.table.active_for(prepared.track_id)
        if job is None:
            job = self._new_job(prepared, priority, journaled_as)
        else:
            if priority == "high":
                self.queue.raise_priority(job)
            job.is_journaled = job.is_journaled or journaled_as is not None
            self.journal.note(job)
            self.resume(job)
        if client is not None:
            job.interested.add(client)
            job.audience.add(client)
        self._dispatch()
        return job

    def bring_back(self, prepared: Prepared, row: AcceptedJob) -> None:
        """Queue a job of an earlier daemon. It always fits, and runs once `idle` is called."""
        job = self._new_job(prepared, row.priority, row.job_id)
        job.held = row.held
        if job.held:
            job.state = "paused"
            self._announce.paused(job)
        self.journal.note(job)

    def cancel(self, job: Job, client: Client, *, force: bool = False) -> bool:
        """Withdraw a client's interest. True when that ends the job, within one step."""
        if job.has_ended or job.committing:
            return False
        if job.cancelling:
            return True
        others = job.interested - {client}
        if others and not force:
            if client in job.interested:
                job.audience.discard(client)
            job.interested = others
            return False
        self._end(job)
        return True

    async def pause(self, job: Job) -> State:
        """Hold a job: at once if it waits; if it runs, return when it has reached its next step boundary.

        Returns:
            The job's state then: `running` when somebody resumed it before that, or when the step takes
            longer than anybody waits for an answer; it pauses all the same when that ends.
        """
        if job.state == "running":
            if not job.cancelling and not job.committing:
                job.control.wanted = Wanted.PAUSED
            job.settled.clear()
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(PAUSE_ANSWER_SEC):
                    await job.settled.wait()
        elif not job.has_ended and not job.cancelling and not job.held:
            if job.state == "queued":
                job.state = "paused"
                self._announce.paused(job)
            job.held, job.note = True, None
            self.journal.note(job)
        await self.journal.settled()
        return job.state

    def resume(self, job: Job) -> State:
        """Let a held job go on when its turn comes."""
        if job.state == "running" and job.control.wanted is Wanted.PAUSED:
            job.control.wanted = None
            job.settled.set()
        if job.held and not job.cancelling:
            job.held = False
            if job.generator is None:
                job.state = "queued"
                self._announce.resumed(job)
            self.journal.note(job)
        self._dispatch()
        return job.state

    def clear(self) -> int:
        """Cancel every job that waits and was not begun. How many that were."""
        waiting = [job for job in (*self.queue.in_order(), *self.queue.held()) if job.generator is None]
        for job in waiting:
            self._end(job)
        return len(waiting)

    def forget_client(self, client: Client) -> None:
        """A connection is gone. Its jobs go on; it just cannot object to a cancel any more."""
        for job in self.table.live():
            job.interested.discard(client)
            job.audience.discard(client)

    def position(self, job: Job) -> int:
        """0 for a job that runs or has ended, else its place in the queue from 1."""
        return self.queue.position(job) if job in self.queue else 0

    def silent_sec(self, job: Job) -> float | None:
        """For how long the backend has not come back from a step; None while it is not in one."""
        if job.tape is None or job.state != "running" or job.sound_is_whole:
            return None
        return max(0.0, time.monotonic() - job.tape.stepped_at)

    def eta_sec(self, job: Job) -> float | None:
        """Seconds of work left; None while that cannot be said."""
        return None if job.has_ended else job.progress.eta_sec(time.monotonic())

    @property
    def promised(self) -> int:
        """How many jobs the next daemon has to make, should this one end now."""
        return sum(job.is_journaled and not job.cancelling for job in self.table.live())

    async def close(self, timeout_sec: float) -> None:
        """Take no new work, end what there is, and wait for the running step. Once is enough.

        What was promised is not cancelled, and no event says so: the next daemon makes it. A backend that
        does not come back from its step in time is left behind; its thread dies with the process.
        """
        if self._closing:
            return
        self._closing = True
        self.models.stop()
        for job in self.table.live():
            job.survives = job.is_journaled and not job.cancelling
            self._end(job)
        try:
            async with asyncio.timeout(timeout_sec):
                while self.table.live():
                    self._job_ended.clear()
                    await self._job_ended.wait()
        except TimeoutError:
            for job in self.table.live():
                job.end("cancelled")
                if not job.survives:
                    self._announce.cancelled(job)
        await self.models.close()
        await self.calibration.save()
        self._worker.stop(timeout_sec=0.0)
        await asyncio.sleep(0)  # the turn of the loop in which the last events are published

    # -- what the runner tells its owner ---------------------------------------------------------------

    def gave_back(self, job: Job) -> None:
        """A job paused; it waits again."""
        self.queue.put(job)
        self._announce.queue_changed(self.queue.pending)

    def ended(self, _job: Job) -> None:
        """A job is over."""
        self.table.forget_old()
        self._job_ended.set()
        if self.runner.current is None and not self._closing:
            self._dispatch()  # it may have kept memory that others wait for

    def idle(self) -> None:
        """The worker is free, or another job may be next."""
        if not self._closing:
            self._dispatch()

    # -- inside ----------------------------------------------------------------------------------------

    def _starts_at_once(self, prepared: Prepared) -> bool:
        obstacle = self.models.obstacle(prepared.record, prepared.schedule.weights)
        return self.runner.current is None and not self.queue.has_waiting and not obstacle

    def _new_job(self, prepared: Prepared, priority: Priority, journaled_as: str | None) -> Job:
        starts_at_once = self._starts_at_once(prepared)
        job = Job(prepared, priority, next(self._serial), Progress(prepared.schedule, loads=False))
        if journaled_as is not None:
            job.job_id, job.is_journaled = journaled_as, True
        self.table.add(job)
        self.queue.put(job)
        self._announce.queued(job, 0 if starts_at_once else self.queue.position(job))
        return job

    def _end(self, job: Job) -> None:
        """Begin to end a job: within one step if it runs, at the next boundary if it waits."""
        if job.cancelling or job.has_ended:
            return
        job.cancelling = True
        if not job.survives:
            self.journal.end(job, "cancelled")
        job.control.wanted = Wanted.CANCELLED
        self._runs.terminate(job.token)
        self.runner.patience.cancelled(job)
        if job in self.queue:
            self.queue.remove(job)
            self.runner.drop(job)
            self._announce.queue_changed(self.queue.pending)

    def _fail_jobs_on(self, loaded: Loaded) -> None:
        """What was begun on a model that is gone cannot go on; the job that runs meets the error itself."""
        for job in list(loaded.users):
            if loaded.hosted and isinstance(job, Job) and job in self.queue:
                self.queue.remove(job)
                self.runner.fail(job, loaded.hosted.why_it_ended())
        self.idle()

    def _dispatch(self) -> None:
        """Give the idle runner the next job, or ask the running one to make way."""
        current, obstacles = self.runner.current, Obstacles(self.models)
        if current is None:
            job = self.queue.take(obstacles.fits)
            if job is not None:
                self.runner.assign(job)
        elif current.control.wanted is None and self.queue.outranks(current, obstacles.fits):
            current.control.wanted = Wanted.OUTRANKED
        for job in self.queue.in_order():
            note = obstacles.of(job)
            if note is not None and job.note is None:
                self._announce.waits(job, self.queue.position(job), note)
            job.note = note
        self._announce.queue_changed(self.queue.pending)
