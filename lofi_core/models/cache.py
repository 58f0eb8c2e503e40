"""Which models are in memory, who needs them, and when do they go?

A model that a job uses, a paused one included, stays. Others go when they were idle for long enough, when
another form of the same backend's model comes, or when a newcomer needs the room; always before the newcomer
is loaded.
"""

from __future__ import annotations

import asyncio
import contextlib
import math
import time
from typing import TYPE_CHECKING, Any

from lofi_core.errors import BackendNotReady, LofiError, ModelLoadFailed
from lofi_core.memory import budget_bytes, give_back, resident_bytes
from lofi_core.models.estimate import files_bytes
from lofi_core.models.loaded import Loaded, LoadReport
from lofi_core.plugins import guarded
from lofi_core.runtime import CancelToken

if TYPE_CHECKING:
    from collections.abc import Hashable

    from anyio.abc import TaskGroup

    from lofi_core.config import Models
    from lofi_core.models.loaded import Aside, Key, Report, Watcher
    from lofi_core.plugins import PluginHost, PluginRecord, Status
    from lofi_core.runtime import Runtime
    from lofi_core.worker import Worker


class ModelCache:
    """The models one device's worker holds. Each is loaded and dropped in that thread.

    Args:
        plugins: whose loaders are called.
        runtime: handed to the loaders.
        worker: the device's thread.
        errands: what drops a model there, while a job may be running.
        watcher: told about statuses and progress.
        limits: how long and how much.
    """

    def __init__(
        self,
        plugins: PluginHost,
        runtime: Runtime,
        worker: Worker,
        errands: Aside,
        watcher: Watcher,
        limits: Models,
    ) -> None:
        self._plugins = plugins
        self._runtime = runtime
        self._worker = worker
        self._errands = errands
        self._watcher = watcher
        self._keep_alive_sec = limits.keep_alive_sec
        self.budget_bytes = budget_bytes(limits.memory_gb)
        self._loaded: dict[Key, Loaded] = {}
        self._measured: dict[Key, int] = {}
        self._asked: dict[str, CancelToken] = {}
        self._lock = asyncio.Lock()  # one model comes or goes at a time
        self._news = asyncio.Event()
        self._tasks: TaskGroup

    def start(self, tasks: TaskGroup) -> None:
        """Drop idle models from now on, in a task group that outlives every job."""
        self._tasks = tasks
        tasks.start_soon(self._drop_idle)

    def stop(self) -> None:
        """End the loads that somebody asked for."""
        for token in self._asked.values():
            self._runtime.runs.terminate(token)

    # -- looking ---------------------------------------------------------------------------------------

    def needs_load(self, backend: str, weights: str) -> bool:
        """Whether a job of this backend will have to load something first."""
        return (backend, weights) not in self._loaded and self._plugins.has_loader(backend)

    def all(self) -> list[Loaded]:
        """Every model in memory."""
        return list(self._loaded.values())

    def names(self) -> list[str]:
        """Backends whose model is in memory."""
        return list(dict.fromkeys(backend for backend, _ in self._loaded))

    def obstacle(self, record: PluginRecord, weights: str) -> str | None:
        """Why a model cannot be loaded now, in words; None when it can.

        One that is alone always can, whatever the budget.
        """
        if not self.needs_load(record.name, weights):
            return None
        in_use = [loaded for loaded in self._loaded.values() if loaded.users]
        needs, taken = self._estimate(record, weights), sum(loaded.resident_bytes for loaded in in_use)
        if not in_use or taken + needs <= self.budget_bytes:
            return None
        names = " and ".join(dict.fromkeys(loaded.record.name for loaded in in_use))
        return (
            f"the model of {record.name} (about {needs / 1e9:.2g} GB) does not fit beside that of {names}"
            f" ({taken / 1e9:.2g} GB), which a job still needs; {self.budget_bytes / 1e9:.2g} GB are allowed"
        )

    # -- for jobs --------------------------------------------------------------------------------------

    async def acquire(
        self, record: PluginRecord, weights: str, user: Hashable, token: CancelToken, report: Report
    ) -> Loaded:
        """The backend's model with these weights, loaded if need be. It stays until `release`.

        Args:
            record: the backend's. Without a loader, the model is None.
            weights: the schedule's.
            user: who needs it.
            token: cancelled, it ends the load.
            report: told in the worker thread how far a load is.

        Raises:
            ModelLoadFailed: the loader raised, or was ended.
        """
        if not self._plugins.has_loader(record.name):
            return Loaded(record, weights, None, self._runtime.for_model(report, record.residency))
        async with self._lock:
            loaded = self._loaded.get((record.name, weights))
            if loaded is None:
                await self._make_room(record, weights)
                loaded = await self._load(record, weights, token, report)
            loaded.users.add(user)
            loaded.asked_for = False
        return loaded

    def release(self, user: Hashable) -> None:
        """This user needs no model any more."""
        for loaded in self._loaded.values():
            if user in loaded.users:
                loaded.users.remove(user)
                loaded.idle_since = time.monotonic()
        self._news.set()

    # -- for people ------------------------------------------------------------------------------------

    def load(self, record: PluginRecord, weights: str) -> Status:
        """Begin to load a model that no job needs yet. Its status then; events tell the rest.

        Raises:
            BackendNotReady: it does not fit beside those in use.
        """
        if loaded := self._loaded.get((record.name, weights)):
            loaded.idle_since = time.monotonic()
            self._news.set()
            return "loaded"
        if not self._plugins.has_loader(record.name):
            return record.status
        if obstacle := self.obstacle(record, weights):
            raise BackendNotReady(obstacle, "wait for the job, or cancel it")
        if record.name not in self._asked:
            self._asked[record.name] = CancelToken()
            self._tasks.start_soon(self._load_asked, record, weights)
        return "loading"

    async def unload(self, record: PluginRecord) -> Status:
        """Drop a backend's models. Its status then.

        Raises:
            BackendNotReady: a job needs one of them, or one is being loaded.
        """
        if record.status == "loading" or record.name in self._asked:
            raise BackendNotReady(f"{record.name} is being loaded", "wait until it is")
        async with self._lock:
            found = [loaded for loaded in self.all() if loaded.record is record]
            if any(loaded.users for loaded in found):
                hint = "wait for the job, or cancel it; a paused one counts"
                raise BackendNotReady(f"a job still needs the model of {record.name}", hint)
            for loaded in found:
                await self._drop(loaded)
        return record.status

    # -- inside ----------------------------------------------------------------------------------------

    async def _load_asked(self, record: PluginRecord, weights: str) -> None:
        token = self._asked[record.name]
        try:
            async with self._lock:
                if not self.needs_load(record.name, weights):
                    return
                if obstacle := self.obstacle(record, weights):
                    raise BackendNotReady(obstacle, "wait for the job, or cancel it")
                await self._make_room(record, weights)
                loaded = await self._load(record, weights, token, lambda _fraction, _what: None)
                loaded.asked_for = True
        except LofiError as error:
            self._watcher.backend_changed(record, error)
        finally:
            del self._asked[record.name]
            self._news.set()

    async def _load(self, record: PluginRecord, weights: str, token: CancelToken, report: Report) -> Loaded:
        def tell(fraction: float, what: str) -> None:
            report(fraction, what)
            self._watcher.loading(record, fraction, what)

        told = LoadReport(tell)
        loaded = Loaded(record, weights, None, self._runtime.for_model(told, record.residency))
        self._set_status(record, "loading")
        try:
            await self._worker.run(self._load_there, loaded, token, told)
        except LofiError:
            self._come_to_rest(record)
            raise
        self._measured[loaded.key] = loaded.resident_bytes
        self._loaded[loaded.key] = loaded
        loaded.idle_since = time.monotonic()
        self._set_status(record, "loaded")
        return loaded

    def _load_there(self, loaded: Loaded, token: CancelToken, told: LoadReport) -> None:
        """Call the loader and measure what that takes. Worker thread."""
        name = loaded.record.name
        before = resident_bytes()

        def load() -> Any:
            self._runtime.runs.check()  # it may have been cancelled while the thread was somebody else's
            return self._plugins.load_model(name, loaded.runtime, loaded.weights)

        try:
            with self._runtime.runs.working_for(token):
                loaded.model = guarded(name, "load_model", load, ModelLoadFailed)
        finally:
            told.is_over = True
            give_back()  # what only the loading took
        loaded.resident_bytes = max(resident_bytes() - before, 0)

    async def _make_room(self, record: PluginRecord, weights: str) -> None:
        for loaded in self._idle():
            if loaded.record is record:
                await self._drop(loaded)
        needs = self._estimate(record, weights)
        for loaded in self._idle():
            if sum(other.resident_bytes for other in self.all()) + needs > self.budget_bytes:
                await self._drop(loaded)

    def _idle(self) -> list[Loaded]:
        """The models nobody uses, the longest idle first."""
        return sorted((one for one in self.all() if not one.users), key=lambda one: one.idle_since)

    def _estimate(self, record: PluginRecord, weights: str) -> int:
        return self._measured.get((record.name, weights)) or files_bytes(record)

    async def _drop(self, loaded: Loaded) -> None:
        del self._loaded[loaded.key]

        def let_go() -> None:
            loaded.model = None
            give_back()

        await self._errands.aside(let_go)
        if loaded.record.name not in self.names():
            self._come_to_rest(loaded.record)

    async def _drop_idle(self) -> None:
        while True:
            self._news.clear()
            async with self._lock:
                for loaded in self._idle():
                    # It may have been asked for again while another one was dropped.
                    if not loaded.users and self._goes_at(loaded) <= time.monotonic():
                        await self._drop(loaded)
            next_sec = min((self._goes_at(loaded) for loaded in self._idle()), default=math.inf)
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(None if math.isinf(next_sec) else next_sec - time.monotonic()):
                    await self._news.wait()

    def _goes_at(self, loaded: Loaded) -> float:
        """When an idle model goes; seconds of the monotonic clock."""
        # With 0 a model goes after its job: one that was asked for has not had any.
        if self._keep_alive_sec < 0 or (self._keep_alive_sec == 0 and loaded.asked_for):
            return math.inf
        return loaded.idle_since + self._keep_alive_sec

    def _come_to_rest(self, record: PluginRecord) -> None:
        record.status = "loaded" if record.name in self.names() else "ready"
        self._plugins.look_for_models(record)  # files may have come and gone meanwhile
        self._watcher.backend_changed(record)

    def _set_status(self, record: PluginRecord, status: Status) -> None:
        record.status = status
        self._watcher.backend_changed(record)
