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
from typing import TYPE_CHECKING

from lofi_core.errors import BackendNotReady, LofiError
from lofi_core.memory import budget_bytes
from lofi_core.models.estimate import files_bytes
from lofi_core.models.loaded import Loaded, LoadReport
from lofi_core.runtime import CancelToken

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable

    from anyio.abc import TaskGroup

    from lofi_core.config import Models
    from lofi_core.models.loaded import Key, Report, Watcher
    from lofi_core.models.loading import Loader
    from lofi_core.plugins import PluginHost, PluginRecord, Status
    from lofi_core.runtime import Runtime


class ModelCache:
    """The models of one device. Each is loaded and dropped in its worker thread, or has a process of its own.

    Args:
        plugins: whose models they are.
        runtime: handed to the loaders.
        loader: loads and drops.
        watcher: told about statuses and progress.
        limits: how long and how much.
        on_lost: told of a model whose process ended by itself, which is not kept any more. Event loop.
    """

    def __init__(
        self,
        plugins: PluginHost,
        runtime: Runtime,
        loader: Loader,
        watcher: Watcher,
        limits: Models,
        on_lost: Callable[[Loaded], None],
    ) -> None:
        self._plugins = plugins
        self._runtime = runtime
        self._loader = loader
        self._watcher = watcher
        self._on_lost = on_lost
        self._keep_alive_sec = limits.keep_alive_sec
        self.budget_bytes = budget_bytes(limits.memory_gb)
        self.stuck: set[str] = set()  # names of backends that are not to be entered, see `jobs.patience`
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

    async def close(self) -> None:
        """End the processes that models are in."""
        await self._loader.close()

    # -- looking ---------------------------------------------------------------------------------------

    def needs_load(self, record: PluginRecord, weights: str) -> bool:
        """Whether a job of this backend will have to load something first."""
        return self._find(record, weights) is None and self._loader.has_work(record)

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
        if record.name in self.stuck:
            return f"{record.name} has not come back from a step of a job that was cancelled"
        if not self.needs_load(record, weights):
            return None
        in_use = [loaded for loaded in self._loaded.values() if loaded.users]
        needs, taken = self._estimate(record, weights), sum(self._will_take(loaded) for loaded in in_use)
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
        if not self._loader.has_work(record):
            return Loaded(record, weights, None, self._runtime.for_model(report, record.residency))
        async with self._lock:
            loaded = self._find(record, weights)
            if loaded is None:
                await self._make_room(record, weights)
                loaded = await self._load(record, weights, token, report)
            loaded.users.add(user)
            loaded.asked_for = False
        return loaded

    def release(self, user: Hashable) -> None:
        """This user needs no model any more."""
        for loaded in self.all():
            if user in loaded.users:
                loaded.users.remove(user)
                self._measured[loaded.key] = self._will_take(loaded)
                loaded.idle_since = time.monotonic()
                self._find(loaded.record, loaded.weights)  # notices one whose process took the user along
        self._news.set()

    # -- for people ------------------------------------------------------------------------------------

    def load(self, record: PluginRecord, weights: str) -> Status:
        """Begin to load a model that no job needs yet. Its status then; events tell the rest.

        Raises:
            BackendNotReady: it does not fit beside those in use.
        """
        if loaded := self._find(record, weights):
            loaded.idle_since = time.monotonic()
            self._news.set()
            return "loaded"
        if not self._loader.has_work(record):
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
                if not self.needs_load(record, weights):
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
            await self._loader.load(loaded, token, told, self._lose)
        except LofiError:
            self._come_to_rest(record)
            raise
        self._measured[loaded.key] = self._will_take(loaded)
        self._loaded[loaded.key] = loaded
        loaded.idle_since = time.monotonic()
        self._set_status(record, "loaded")
        if loaded.has_ended:  # before it was here
            self._lose(loaded)
        return loaded

    async def _make_room(self, record: PluginRecord, weights: str) -> None:
        for loaded in self._idle():
            if loaded.record is record:
                await self._drop(loaded)
        needs = self._estimate(record, weights)
        for loaded in self._idle():
            if sum(self._takes(other) for other in self.all()) + needs > self.budget_bytes:
                await self._drop(loaded)

    def _idle(self) -> list[Loaded]:
        """The models nobody uses, the longest idle first."""
        return sorted((one for one in self.all() if not one.users), key=lambda one: one.idle_since)

    def _find(self, record: PluginRecord, weights: str) -> Loaded | None:
        loaded = self._loaded.get((record.name, weights))
        if loaded is not None and loaded.has_ended:  # before the loop was told
            self._lose(loaded)
            return None
        return loaded

    def _estimate(self, record: PluginRecord, weights: str) -> int:
        return self._measured.get((record.name, weights)) or files_bytes(record)

    def _takes(self, loaded: Loaded) -> int:
        """Now, or while its job lasts."""
        return self._will_take(loaded) if loaded.users else loaded.resident_bytes

    def _will_take(self, loaded: Loaded) -> int:
        """The most it ever took in this daemon: a job may be at a stage that takes little."""
        return max(self._measured.get(loaded.key, 0), loaded.most_bytes)

    async def _drop(self, loaded: Loaded) -> None:
        # Its process may have ended while another one was dropped.
        if self._loaded.pop(loaded.key, None) is not None:
            await self._loader.let_go(loaded)
        if loaded.record.name not in self.names():
            self._come_to_rest(loaded.record)

    def _lose(self, loaded: Loaded) -> None:
        """The process of a model ended by itself."""
        if self._loaded.get(loaded.key) is not loaded:  # it is being loaded or dropped, or noticed before
            return
        del self._loaded[loaded.key]
        self._tasks.start_soon(self._loader.let_go, loaded)
        if loaded.record.status != "loading":  # in other weights
            self._come_to_rest(loaded.record)
        # Not at once: somebody may just be going through the jobs.
        asyncio.get_running_loop().call_soon(self._on_lost, loaded)

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
