"""What survives the daemon: every job that a client was promised, until it is over, and how it ended.

All of it on the event loop, which never waits for the disk: the file is written in the store thread, one
call after another. Jobs that no client asked for, such as the radio's, are not written down: after a restart
nobody waits for them, and the radio asks for what it needs.
"""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING, Any, ParamSpec

import msgspec

from lofi_core.errors import LofiError
from lofi_core.jobs.journal_file import AcceptedJob, EndedJob, InUse, JournalFile

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from pathlib import Path

    from lofi_core.jobs.job import Job, Priority, State
    from lofi_core.jobs.request import Prepared
    from lofi_core.worker import Worker

log = logging.getLogger("lofi.jobs")

P = ParamSpec("P")


class Promise(msgspec.Struct, omit_defaults=True):
    """A request as it is written down: complete, so that it means the same track tomorrow."""

    prompt: str
    duration_sec: float
    seed: int
    backend: str
    model_version: str
    options: dict[str, Any]
    title: str | None = None
    keep: bool = True


class Journal:
    """The journal, from the event loop. What returns an `Awaitable` has begun, whether it is awaited or not.

    Args:
        worker: the store thread.
        path: the file.
        keeps: False for a process that is over when its job is; then nothing is written.
    """

    def __init__(self, worker: Worker, path: Path, *, keeps: bool) -> None:
        self.keeps = keeps
        self._worker = worker
        self._file = JournalFile(path)
        self._is_warned = False  # touched in the store thread only

    async def open(self) -> None:
        """Open the file. Without it the daemon starts all the same; `add` says then what is wrong."""
        if not self.keeps:
            return
        try:
            await self._worker.run(self._file.open)
        except InUse as error:
            self._leave(error)
        except LofiError as error:
            log.warning("no job can be accepted: %s", error.text())

    async def close(self) -> None:
        """Close the file. What is in it and not over is for the next daemon."""
        await self._write(self._file.close)

    async def unfinished(self) -> list[AcceptedJob]:
        """What an earlier daemon did not come to the end of, oldest first. Once, at the start.

        Raises:
            TrackWriteFailed: the file cannot be read.
        """
        return await self._worker.run(self._file.take_stock)

    async def add(self, job_id: str, prepared: Prepared, priority: Priority, under_way: Job | None) -> None:
        """Write a request down, so that it is done whatever happens to this process.

        Args:
            job_id: of the job that does it.
            prepared: the request.
            priority: as asked for.
            under_way: that job, if it is there already.

        Raises:
            TrackWriteFailed: it cannot be written; nothing must be promised.
        """
        row = AcceptedJob(job_id, prepared.track_id, _encoded(prepared), priority, held=False)
        if under_way is not None:
            row.held, row.has_worker = under_way.held, under_way.state == "running"
        try:
            await self._worker.run(self._file.add, row)
        except InUse as error:
            self._leave(error)

    def withdraw(self, job_id: str) -> None:
        """Take back `add`."""
        self._write(self._file.withdraw, job_id)

    def note(self, job: Job) -> Awaitable[None]:
        """Write down how a job stands. Done when that is on record."""
        if not job.is_journaled:
            return _done()
        has_worker = job.state == "running"
        return self._write(self._file.note, job.job_id, job.priority, held=job.held, has_worker=has_worker)

    def end(self, job: Job, state: State, error: LofiError | None = None) -> Awaitable[None]:
        """Write down how a job ends. Done when that is on record; it does not run again after that."""
        if not job.is_journaled:
            return _done()
        percent = 100 if state == "complete" else job.progress.percent
        end = EndedJob(job.job_id, job.track_id, state, percent, path=job.path)
        return self._write(self._file.end, _with_error(end, error))

    def end_unfinished(self, row: AcceptedJob, outcome: LofiError | str) -> Awaitable[None]:
        """The same, for a job of an earlier daemon: why it cannot be done, or the path of what it made."""
        if isinstance(outcome, LofiError):
            end = _with_error(EndedJob(row.job_id, row.track_id, "error", 0), outcome)
        else:
            end = EndedJob(row.job_id, row.track_id, "complete", 100, path=outcome)
        return self._write(self._file.end, end)

    def try_out(self, row: AcceptedJob) -> Awaitable[None]:
        """Note that a job of an earlier daemon is looked at: when that ends this one, it counts."""
        return self._write(self._file.note, row.job_id, row.priority, held=row.held, has_worker=True)

    def settled(self) -> Awaitable[None]:
        """Done when everything that was written so far is on record."""
        return self._write(_nothing) if self.keeps else _done()

    async def find_ended(self, job_id: str | None, track_id: str | None) -> EndedJob | None:
        """How a job ended; of those that were about a track, the last one.

        Raises:
            TrackWriteFailed: the file cannot be read.
        """
        return await self._worker.run(self._file.find_ended, job_id, track_id)

    def _leave(self, error: InUse) -> None:
        self.keeps = False
        log.warning("%s; what this one accepts is lost if it ends before that is made", error.message)

    def _write(self, function: Callable[P, None], *args: P.args, **kwargs: P.kwargs) -> Awaitable[None]:
        """A disk that refuses costs what is written, and is told of once; no job ends for that."""

        def write() -> None:
            try:
                function(*args, **kwargs)
                self._is_warned = False
            except LofiError as error:
                level = logging.DEBUG if self._is_warned else logging.WARNING
                log.log(level, "after a restart this is not known: %s", error.text())
                self._is_warned = True

        return asyncio.wrap_future(self._worker.submit(write))


def promise_of(row: AcceptedJob) -> Promise:
    """What was promised.

    Raises:
        msgspec.MsgspecError: another version wrote this.
    """
    return msgspec.json.decode(row.request, type=Promise)


def _encoded(prepared: Prepared) -> bytes:
    request, spec = prepared.request, prepared.spec
    promise = Promise(
        request.prompt,
        request.duration_sec,
        request.seed,
        prepared.record.name,
        spec.model_version,
        dict(prepared.options),
        prepared.title,
        keep=not prepared.loose,
    )
    return msgspec.json.encode(promise)


def _with_error(end: EndedJob, error: LofiError | None) -> EndedJob:
    if error is not None:
        end.code, end.message, end.hint = error.code, error.message, error.hint
    return end


def _nothing() -> None:
    """To know that what was asked for before is done."""


def _done() -> Awaitable[None]:
    future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
    future.set_result(None)
    return future
