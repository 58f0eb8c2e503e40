"""How is a model loaded, here or in a process of its own, and how is it let go?"""

from __future__ import annotations

import asyncio
import contextlib
from functools import partial
from typing import TYPE_CHECKING, Any

from lofi_core.calls import guarded
from lofi_core.errors import ModelLoadFailed
from lofi_core.host.model import HostedModel, Hosts
from lofi_core.memory import give_back, resident_bytes

if TYPE_CHECKING:
    from collections.abc import Callable

    from lofi_core.models.loaded import Aside, Loaded, LoadReport
    from lofi_core.plugins import PluginHost, PluginRecord
    from lofi_core.runtime import CancelToken, Runtime
    from lofi_core.worker import Worker


class Loader:
    """Loads models in one device's worker thread.

    Args:
        plugins: whose loaders are called.
        runtime: of the device.
        worker: its thread.
        errands: what drops a model there, while a job may be running.
        own_processes: whether backends that want a process of their own get one.
    """

    def __init__(
        self, plugins: PluginHost, runtime: Runtime, worker: Worker, errands: Aside, *, own_processes: bool
    ) -> None:
        self._plugins = plugins
        self._runtime = runtime
        self._worker = worker
        self._errands = errands
        self._own_processes = own_processes
        self._hosts = Hosts()

    def has_work(self, record: PluginRecord) -> bool:
        """Whether a backend has something to load, or a process to start."""
        return self._is_hosted(record) or self._plugins.has_loader(record.name)

    async def load(
        self, loaded: Loaded, token: CancelToken, told: LoadReport, on_end: Callable[[Loaded], None]
    ) -> None:
        """Load a model and measure what that takes.

        Args:
            loaded: gets the model.
            token: cancelled, it ends the load.
            told: what the model's runtime reports to.
            on_end: called when the process that the model is in ends by itself.

        Raises:
            ModelLoadFailed: the loader raised, or was ended.
        """
        loop = asyncio.get_running_loop()

        def ended() -> None:
            with contextlib.suppress(RuntimeError):  # the loop has ended
                loop.call_soon_threadsafe(on_end, loaded)

        await self._worker.run(self._load_there, loaded, token, told, ended)

    def hosted(self) -> list[HostedModel]:
        """The models in processes of their own, loading ones too."""
        return self._hosts.all()

    async def let_go(self, loaded: Loaded) -> None:
        """Drop a model that nobody uses, and come back when its memory is given back."""
        if loaded.hosted:
            # Whatever the worker thread is at, it has nothing to do with that process.
            await asyncio.to_thread(self._hosts.end, loaded.hosted)
            return

        def let_go() -> None:
            loaded.model = None
            give_back()

        await self._errands.aside(let_go)

    async def close(self) -> None:
        """End all processes, and start none any more."""
        await asyncio.to_thread(self._hosts.close)

    def _load_there(
        self, loaded: Loaded, token: CancelToken, told: LoadReport, on_end: Callable[[], None]
    ) -> None:
        record, before = loaded.record, resident_bytes()
        elsewhere = partial(self._hosts.load, record, loaded.runtime, loaded.weights, on_end)

        def load() -> Any:
            self._runtime.runs.check()  # it may have been cancelled while the thread was somebody else's
            return self._plugins.load_model(
                record.name, loaded.runtime, loaded.weights, elsewhere if self._is_hosted(record) else None
            )

        try:
            with self._runtime.runs.working_for(token):
                loaded.model = guarded(record.name, "load_model", load, ModelLoadFailed)
        finally:
            told.is_over = True
            give_back()  # what only the loading took
        loaded.grown_bytes = max(resident_bytes() - before, 0)

    def _is_hosted(self, record: PluginRecord) -> bool:
        return self._own_processes and record.spec is not None and record.spec.own_process
