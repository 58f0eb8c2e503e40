"""Methods about model files."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from anyio.to_thread import run_sync

from lofi_core.errors import BackendNotReady, InvalidParams, ModelNotFound, NotPermitted, printable
from lofi_core.models.remove import remove_variant
from lofi_core.models.variants import VariantState, choose, variant_state, variant_states
from lofi_core.rpc import results as r

if TYPE_CHECKING:
    from pathlib import Path

    from lofi_core.backend import BackendSpec
    from lofi_core.models.cache import ModelCache
    from lofi_core.models.downloads import Downloads
    from lofi_core.plugins import PluginHost, PluginRecord
    from lofi_core.rpc import params as p
    from lofi_core.rpc.connection import Connection


@dataclass(slots=True)
class ModelMethods:
    """`download_backend`, `download_cancel`, `remove_model`."""

    plugins: PluginHost
    downloads: Downloads
    models: ModelCache

    def download_backend(self, connection: Connection, params: p.DownloadBackendParams) -> r.DownloadAnswer:
        answer = self.downloads.ask(
            connection.client_id, params.backend, params.variant, verify=params.verify
        )
        return r.DownloadAnswer(*answer)

    def download_cancel(self, connection: Connection, params: p.DownloadCancelParams) -> r.DownloadCancelled:
        ended = self.downloads.cancel(
            connection.client_id, params.backend, params.variant, force=params.force
        )
        return r.DownloadCancelled(ended)

    async def remove_model(self, _connection: Connection, params: p.RemoveModelParams) -> r.ModelRemoved:
        record, spec = self.plugins.described(params.backend)
        state = _to_remove(record, spec, params.variant)
        name = state.model.variant
        if self.downloads.is_running(record.name, name):
            hint = f"end that first: download_cancel, or Ctrl-C in `lofi-core pull {record.name}:{name}`"
            raise BackendNotReady(f"{record.name}:{name} is being downloaded", hint)
        if record.status in {"loaded", "loading"} and record.installed and record.installed.variant == name:
            await self.models.unload(record)  # it may open its files again at any time
        try:
            gone = await run_sync(lambda: remove_variant(state, force=params.force))
        except OSError as error:
            raise NotPermitted(f"cannot remove {error.filename}: {error.strerror}") from error
        finally:
            self.plugins.look_again(record)
        return r.ModelRemoved(name, _texts(gone.removed), _texts(gone.kept), gone.freed_bytes)


def _to_remove(record: PluginRecord, spec: BackendSpec, variant: str | None) -> VariantState:
    """The variant that is meant: the one named, or the only one that is there."""
    if variant is not None:
        states = [variant_state(record, spec, choose(record, spec, variant))]
    else:
        states = list(variant_states(record, spec))
    there = [state for state in states if state.presence != "not_installed"]
    if not there:
        name = f"{record.name}:{variant}" if variant else record.name
        raise ModelNotFound(f"{name} has no model files here", "`lofi-core backends` shows what there is")
    if len(there) > 1:
        names = ", ".join(state.model.variant for state in there)
        raise InvalidParams(f"variant: several of {record.name} are here: {names}", "name one")
    return there[0]


def _texts(paths: list[Path]) -> list[str]:
    return [printable(path) for path in paths]
