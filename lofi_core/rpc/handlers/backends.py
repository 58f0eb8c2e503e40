"""Methods about backends."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from msgspec.structs import replace

from lofi_core.errors import printable
from lofi_core.jobs.request import Wish, prepare
from lofi_core.models.variants import choose, is_fetchable, variant_states
from lofi_core.rpc import results as r

if TYPE_CHECKING:
    from lofi_core.jobs.engine import Engine
    from lofi_core.models.cache import ModelCache
    from lofi_core.models.downloads import Downloads
    from lofi_core.plugins import PluginHost, PluginRecord
    from lofi_core.rpc import params as p
    from lofi_core.rpc.connection import Connection
    from lofi_core.rpc.handlers.jobs import JobMethods

USUAL_DURATION_SEC = 30.0


@dataclass(slots=True)
class BackendMethods:
    """`get_backends`, `default_backend_set`, `load_backend`, `unload_backend`."""

    plugins: PluginHost
    downloads: Downloads
    jobs: JobMethods
    engine: Engine

    def get_backends(self, _connection: Connection, _params: p.NoParams) -> r.Backends:
        for record in self.plugins.records.values():
            self.plugins.look_for_models(record)
        models = loaded_models(self.engine.models)
        backends = [self._backend(record, models) for record in self.plugins.records.values()]
        return r.Backends(backends, self.jobs.config.default_backend)

    async def default_backend_set(
        self, _connection: Connection, params: p.DefaultBackendSetParams
    ) -> r.DefaultBackend:
        record, spec = self.plugins.described(params.backend)
        if params.variant is not None:
            variant = choose(record, spec, params.variant).variant
            if record.installed and record.installed.variant != variant:
                await self.engine.models.unload(record)  # what is in memory is of the variant before
            record.variant = variant
            self.plugins.look_again(record)
        self.jobs.config = replace(self.jobs.config, default_backend=record.name)
        return r.DefaultBackend(record.name, record.variant)

    def load_backend(self, _connection: Connection, params: p.BackendParams) -> r.BackendStatusResult:
        self.engine.check_open()
        record, spec = self.plugins.usable(params.backend)
        # The form of the model that a request with the configured options gets.
        duration_sec = min(max(USUAL_DURATION_SEC, spec.min_duration_sec), spec.max_duration_sec)
        wish = Wish("load", duration_sec, record.name, seed=0, title=None, options={})
        weights = prepare(wish, self.plugins, self.jobs.config).schedule.weights
        return r.BackendStatusResult(self.engine.models.load(record, weights))

    async def unload_backend(self, _connection: Connection, params: p.BackendParams) -> r.BackendStatusResult:
        return r.BackendStatusResult(await self.engine.models.unload(self.plugins.find(params.backend)))

    def _backend(self, record: PluginRecord, models: list[r.LoadedModel]) -> r.Backend:
        backend = _described(record)
        backend.eta = self.engine.calibration.accuracy(record.name)
        backend.loaded.extend(model for model in models if model.backend == record.name)
        for state in variant_states(record, record.spec) if record.spec else ():
            running = self.downloads.is_running(record.name, state.model.variant)
            backend.bytes_on_disk += state.bytes_on_disk
            backend.variants.append(
                r.Variant(
                    name=state.model.variant,
                    title=state.model.title,
                    licence=state.model.licence or backend.licence,
                    status="downloading" if running else state.presence,
                    size_bytes=state.size_bytes,
                    bytes_on_disk=state.bytes_on_disk,
                    directory=printable(state.directory),
                    fetchable=is_fetchable(state.model),
                )
            )
        return backend


def loaded_models(models: ModelCache) -> list[r.LoadedModel]:
    """What is in memory, as clients see it."""
    return [
        r.LoadedModel(
            backend=loaded.record.name,
            weights=loaded.weights,
            resident_bytes=loaded.resident_bytes,
            in_use=bool(loaded.users),
            device=loaded.runtime.facts()["device"],
            provider=loaded.runtime.facts().get("provider"),
            pid=loaded.hosted.pid if loaded.hosted else None,
        )
        for loaded in models.all()
    ]


def _described(record: PluginRecord) -> r.Backend:
    spec = record.spec
    return r.Backend(
        type=record.name,
        name=spec.title if spec else None,
        status=record.status,
        error=record.error,
        min_duration_sec=spec.min_duration_sec if spec else None,
        max_duration_sec=spec.max_duration_sec if spec else None,
        sample_rate=spec.sample_rate if spec else None,
        channels=spec.channels if spec else None,
        model_version=spec.model_version if spec else None,
        streaming=spec.streaming if spec else None,
        options=record.options_schema,
        licence=spec.licence if spec else None,
        package=record.package,
        package_version=record.package_version,
        variant=record.installed.variant if record.installed else None,
    )
