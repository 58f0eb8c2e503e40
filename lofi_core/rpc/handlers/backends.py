"""Methods about backends."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from msgspec.structs import replace

from lofi_core.errors import printable
from lofi_core.models.variants import choose, variant_states
from lofi_core.rpc import results as r

if TYPE_CHECKING:
    from lofi_core.models.downloads import Downloads
    from lofi_core.plugins import PluginHost, PluginRecord
    from lofi_core.rpc import params as p
    from lofi_core.rpc.connection import Connection
    from lofi_core.rpc.handlers.jobs import JobMethods


@dataclass(slots=True)
class BackendMethods:
    """`get_backends`, `default_backend_set`."""

    plugins: PluginHost
    downloads: Downloads
    jobs: JobMethods

    def get_backends(self, _connection: Connection, _params: p.NoParams) -> r.Backends:
        for record in self.plugins.records.values():
            self.plugins.look_for_models(record)
        backends = [self._backend(record) for record in self.plugins.records.values()]
        return r.Backends(backends, self.jobs.config.default_backend)

    def default_backend_set(
        self, _connection: Connection, params: p.DefaultBackendSetParams
    ) -> r.DefaultBackend:
        record, spec = self.plugins.described(params.backend)
        if params.variant is not None:
            record.variant = choose(record, spec, params.variant).variant
            self.plugins.look_again(record)
        self.jobs.config = replace(self.jobs.config, default_backend=record.name)
        return r.DefaultBackend(record.name, record.variant)

    def _backend(self, record: PluginRecord) -> r.Backend:
        backend = _described(record)
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
                )
            )
        return backend


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
