"""Which models are in memory, and how does one get there?"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from lofi_core.errors import LofiError, ModelLoadFailed
from lofi_core.plugins import guarded

if TYPE_CHECKING:
    from collections.abc import Callable

    from lofi_core.plugins import PluginHost, PluginRecord, Status
    from lofi_core.runtime import Runtime
    from lofi_core.worker import Worker


class LoadedModels:
    """The models one device's worker holds. Each is loaded in that thread, when first needed, and kept.

    Args:
        plugins: whose loaders are called.
        runtime: handed to the loaders.
        worker: the device's thread.
        changed: told when a backend's status changes.
    """

    def __init__(
        self,
        plugins: PluginHost,
        runtime: Runtime,
        worker: Worker,
        changed: Callable[[PluginRecord], None],
    ) -> None:
        self._plugins = plugins
        self._runtime = runtime
        self._worker = worker
        self._changed = changed
        self._models: dict[tuple[str, str], Any] = {}

    def needs_load(self, backend: str, weights: str) -> bool:
        """Whether a job of this backend will have to load something first."""
        return (backend, weights) not in self._models and self._plugins.has_loader(backend)

    def names(self) -> list[str]:
        """Backends whose model is in memory."""
        return list(dict.fromkeys(backend for backend, _ in self._models))

    async def get(self, record: PluginRecord, weights: str) -> Any:
        """The backend's model with these weights, loaded if need be; None for a backend without a loader.

        Raises:
            ModelLoadFailed: the loader raised.
        """
        if not self.needs_load(record.name, weights):
            return self._models.get((record.name, weights))
        self._set_status(record, "loading")
        load = partial(self._plugins.load_model, record.name, self._runtime, weights)
        try:
            model = await self._worker.run(guarded, record.name, "load_model", load, ModelLoadFailed)
        except LofiError:
            self._set_status(record, "ready")
            raise
        self._models[record.name, weights] = model
        self._set_status(record, "loaded")
        return model

    def _set_status(self, record: PluginRecord, status: Status) -> None:
        record.status = status
        self._changed(record)
