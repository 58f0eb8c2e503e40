"""Methods about backends."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from lofi_core.rpc import results as r

if TYPE_CHECKING:
    from lofi_core.config import Config
    from lofi_core.plugins import PluginHost, PluginRecord
    from lofi_core.rpc import params as p
    from lofi_core.rpc.connection import Connection


@dataclass(slots=True)
class BackendMethods:
    """`get_backends`."""

    plugins: PluginHost
    config: Config

    def get_backends(self, _connection: Connection, _params: p.NoParams) -> r.Backends:
        for record in self.plugins.records.values():
            self.plugins.look_for_models(record)
        backends = [_backend(record) for record in self.plugins.records.values()]
        return r.Backends(backends, self.config.default_backend)


def _backend(record: PluginRecord) -> r.Backend:
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
    )
