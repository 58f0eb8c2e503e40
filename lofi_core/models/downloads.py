"""Which downloads are under way, who asked for them, and what are they told?

All of it on the event loop. Every download ends with exactly one `download_complete` or `download_error`.
"""

from __future__ import annotations

import asyncio
import logging
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple, TypeAlias

import anyio
from msgspec import UNSET

from lofi_core import events as ev
from lofi_core.errors import (
    InternalError,
    LofiError,
    ModelDownloadFailed,
    ModelNotFound,
    ShuttingDown,
    printable,
)
from lofi_core.integrity import expected_of, files_of, read_pins, wrong_files
from lofi_core.models.download import Download
from lofi_core.models.fetch import Patience
from lofi_core.models.variants import choose, directory_of

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable
    from pathlib import Path

    from anyio.abc import TaskGroup

    from lofi_core.backend import ModelFiles
    from lofi_core.events import Event
    from lofi_core.models.progress import FileProgress
    from lofi_core.plugins import PluginHost, PluginRecord

    Publish: TypeAlias = Callable[[Event, frozenset[Hashable] | None], None]

CLOSE_SEC = 5.0

log = logging.getLogger("lofi.models")


class Answer(NamedTuple):
    """What somebody who asks for a download is told at once.

    Attributes:
        started: it is under way; events tell the rest.
        already_installed: all files are there. If `started` as well, they are being checked.
        variant: which one that is; None for a backend that needs no files.
        licence: of these files.
    """

    started: bool
    already_installed: bool
    variant: str | None
    licence: str | None = None


@dataclass(slots=True)
class _Running:
    record: PluginRecord
    download: Download
    interested: set[Hashable] = field(default_factory=set)
    audience: set[Hashable] = field(default_factory=set)
    scope: anyio.CancelScope = field(default_factory=anyio.CancelScope)
    ended: asyncio.Event = field(default_factory=asyncio.Event)
    reason: str = "it was cancelled"

    @property
    def variant(self) -> str:
        return self.download.model.variant


class Downloads:
    """All downloads of this daemon.

    Args:
        plugins: whose backends need files.
        publish: called with every event and the clients that asked for the download; None for an event about
            the backend.
        patience: with servers.
    """

    def __init__(self, plugins: PluginHost, publish: Publish, patience: Patience | None = None) -> None:
        self._plugins = plugins
        self._publish_now = publish
        self._patience = patience or Patience()
        self._running: dict[tuple[str, str], _Running] = {}
        self._tasks: TaskGroup | None = None
        self._loop = asyncio.get_running_loop()

    def start(self, tasks: TaskGroup) -> None:
        """Take requests from now on; downloads run in this task group."""
        self._tasks = tasks

    def ask(self, client: Hashable, backend: str, variant: str | None, *, verify: bool) -> Answer:
        """Begin a download, or join the one that is under way.

        Args:
            client: who hears of it.
            backend: its name.
            variant: one of its variants; see `choose` for what is meant without one.
            verify: also read and check files that are there.

        Raises:
            LofiError: it cannot be begun.
        """
        if self._tasks is None:
            raise ShuttingDown("the daemon is shutting down", "start it again and repeat the request")
        record, spec = self._plugins.described(backend)
        if not spec.models and variant is None:
            return Answer(started=False, already_installed=True, variant=None)
        model = choose(record, spec, variant)
        licence = model.licence or spec.licence
        running = self._running.get((record.name, model.variant))
        complete = False
        if running is None:
            directory = directory_of(record, spec, model)
            problems = wrong_files(model, directory)
            if problems and directory == record.model_dir:
                # Somebody's own files, of the same names: they stay as they are.
                directory = record.model_dir / model.variant
                problems = wrong_files(model, directory)
            _check_can_be_had(record, model, directory, problems)
            complete = not problems
            if complete and not (verify and _can_be_verified(model, directory)):
                self._plugins.look_again(record)
                return Answer(started=False, already_installed=True, variant=model.variant, licence=licence)
            running = self._begin(self._tasks, record, model, directory, verify=verify)
        running.interested.add(client)
        running.audience.add(client)
        return Answer(started=True, already_installed=complete, variant=model.variant, licence=licence)

    def cancel(self, client: Hashable, backend: str, variant: str | None, *, force: bool = False) -> bool:
        """Withdraw a client's interest in the downloads of a backend. True when that ends one.

        Raises:
            InvalidBackend: there is no such backend.
        """
        record = self._plugins.find(backend)
        ended = False
        for running in self._of(record.name):
            if variant not in {None, running.variant}:
                continue
            running.interested.discard(client)
            if force or not running.interested:
                running.scope.cancel()
                ended = True
            else:
                running.audience.discard(client)
        return ended

    def forget_client(self, client: Hashable) -> None:
        """A connection is gone. What it asked for goes on; it just cannot object to a cancel any more."""
        for running in self._running.values():
            running.interested.discard(client)
            running.audience.discard(client)

    def is_running(self, backend: str, variant: str) -> bool:
        """Whether a variant is being downloaded or checked."""
        return (backend, variant) in self._running

    @property
    def under_way(self) -> int:
        """How many run."""
        return len(self._running)

    async def close(self) -> None:
        """Take no more requests and end what is under way; what has come is kept."""
        self._tasks = None
        running = list(self._running.values())
        for one in running:
            one.reason = "the daemon is shutting down"
            one.scope.cancel()
        with anyio.move_on_after(CLOSE_SEC):
            for one in running:
                await one.ended.wait()
        await asyncio.sleep(0)  # the turn of the loop in which the last events are published

    # -- inside ----------------------------------------------------------------------------------------

    def _of(self, backend: str) -> list[_Running]:
        return [running for (name, _), running in self._running.items() if name == backend]

    def _begin(
        self, tasks: TaskGroup, record: PluginRecord, model: ModelFiles, directory: Path, *, verify: bool
    ) -> _Running:
        def show(file: FileProgress) -> None:
            self._progressed(running, file)

        download = Download(model, directory, verify=verify, show=show, patience=self._patience)
        running = _Running(record, download)
        self._running[record.name, model.variant] = running
        if record.status == "not_installed":
            record.status = "downloading"
            self._tell_status(record)
        tasks.start_soon(self._run, running)
        return running

    async def _run(self, running: _Running) -> None:
        name, variant = running.record.name, running.variant
        error: LofiError | None = None
        try:
            with running.scope:
                await running.download.run()
            if running.scope.cancelled_caught:
                hint = f"what has come is kept: `lofi-core pull {name}:{variant}` goes on from there"
                error = ModelDownloadFailed(f"{name}:{variant}: {running.reason}", hint)
        except LofiError as problem:
            error = problem
        except Exception as problem:
            log.exception("the download of %s:%s failed", name, variant)
            hint = "the daemon's log has the traceback"
            error = InternalError(f"{type(problem).__name__} while downloading {name}:{variant}", hint)
        finally:
            del self._running[name, variant]
            running.ended.set()
        self._end(running, error)

    def _end(self, running: _Running, error: LofiError | None) -> None:
        record, variant = running.record, running.variant
        if self._of(record.name):
            self._plugins.look_for_models(record)
        else:
            self._plugins.look_again(record)
        self._tell_status(record)
        if error is None:
            directory = printable(running.download.directory)
            self._publish(ev.DownloadComplete(record.name, variant, directory), running)
            log.info("%s:%s is complete in %s", record.name, variant, directory)
        else:
            event = ev.DownloadError(record.name, error.code, error.message, variant, error.hint or UNSET)
            self._publish(event, running)
            log.warning("%s:%s was not downloaded: %s", record.name, variant, error.message)

    def _progressed(self, running: _Running, file: FileProgress) -> None:
        tally = running.download.tally
        speed = tally.bytes_per_sec
        event = ev.DownloadProgress(
            backend=running.record.name,
            component=file.path,
            component_percent=file.percent,
            overall_percent=tally.percent,
            bytes_downloaded=tally.done_bytes,
            bytes_total=tally.total_bytes,
            eta_sec=tally.eta_sec,
            variant=running.variant,
            stage=file.stage,
            component_bytes=file.done_bytes,
            component_total=file.total_bytes,
            bytes_per_sec=None if speed is None else round(speed),
        )
        self._publish(event, running)

    def _publish(self, event: Event, running: _Running) -> None:
        # In a later turn of the loop, so that the reply to a request precedes what it causes.
        self._loop.call_soon(lambda: self._publish_now(event, frozenset(running.audience)))

    def _tell_status(self, record: PluginRecord) -> None:
        event = ev.BackendStatus(record.name, record.status, record.error or UNSET)
        self._loop.call_soon(self._publish_now, event, None)


def _check_can_be_had(
    record: PluginRecord, model: ModelFiles, directory: Path, problems: dict[str, str]
) -> None:
    without = [file.path for file in files_of(model) if file.path in problems and file.url is None]
    if without:
        problem = f"{record.name}:{model.variant}: there is no address to download {', '.join(without)} from"
        raise ModelNotFound(problem, f"put it into {directory}")


def _can_be_verified(model: ModelFiles, directory: Path) -> bool:
    pins = read_pins(directory)
    return any(expected_of(file, pins.get(file.path)).sha256 for file in files_of(model))
