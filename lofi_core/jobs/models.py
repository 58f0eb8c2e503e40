"""Which models are in memory, and how does one get there?"""

from __future__ import annotations

import logging
from functools import partial
from typing import TYPE_CHECKING, Any

from lofi_core.errors import LofiError, ModelLoadFailed

if TYPE_CHECKING:
    from collections.abc import Callable

    from lofi_core.plugins import PluginHost, PluginRecord
    from lofi_core.runtime import Runtime
    from lofi_core.worker import Worker

log = logging.getLogger("lofi.models")


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
        self._models: dict[str, Any] = {}

    def needs_load(self, backend: str) -> bool:
        """Whether a job of this backend will have to load something first."""
        return backend not in self._models and self._plugins.has_loader(backend)

    def names(self) -> list[str]:
        """Backends whose model is in memory."""
        return list(self._models)

    async def get(self, record: PluginRecord) -> Any:
        """The backend's model, loaded if need be; None for a backend without a loader.

        Raises:
            ModelLoadFailed: the loader raised.
        """
        if not self.needs_load(record.name):
            return self._models.get(record.name)
        self._set_status(record, "loading")
        load = partial(self._plugins.load_model, record.name, self._runtime)
        try:
            model = await self._worker.run(_guarded, record.name, load)
        except LofiError:
            self._set_status(record, "ready")
            raise
        self._models[record.name] = model
        self._set_status(record, "loaded")
        return model

    def _set_status(self, record: PluginRecord, status: str) -> None:
        record.status = status  # type: ignore[assignment]
        self._changed(record)


def _guarded(backend: str, load: Callable[[], Any]) -> Any:
    try:
        return load()
    except LofiError:
        raise
    except BaseException as error:  # a loader may call sys.exit(); the worker thread must live on
        log.exception("backend %s: load_model raised", backend)
        what = f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
        raise ModelLoadFailed(
            f"{backend}: loading its model raised {what}", "see the daemon's log"
        ) from error
