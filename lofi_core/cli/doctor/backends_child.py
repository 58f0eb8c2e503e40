"""Load each backend alone, in a process that may not survive it, and say what is found."""

from __future__ import annotations

import json
import logging
import os
import sys
from typing import TYPE_CHECKING, Any

import msgspec

from lofi_core.config import BackendConfig, RuntimeConfig
from lofi_core.integrity import files_of, read_pins, wrong_files
from lofi_core.models.variants import variant_states
from lofi_core.names import canonical_name
from lofi_core.plugins import PluginHost, PluginRecord
from lofi_core.remedies import not_installed
from lofi_core.runtime import Runtime, resolve_runtime

if TYPE_CHECKING:
    from collections.abc import Iterator

    from lofi_core.models.variants import VariantState


def main() -> None:
    """For each name of the task: a document before it is loaded, which says no status, and one after."""
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # what a plugin prints is no answer
    logging.disable()
    task = json.load(sys.stdin)
    for document in _documents(task):
        answers.write(json.dumps(document) + "\n")
        answers.flush()
    os._exit(0)  # threads that a plugin left behind do not keep us


def _documents(task: dict[str, Any]) -> Iterator[dict[str, Any]]:
    from pathlib import Path

    configured = msgspec.convert(task["backends"], dict[str, BackendConfig])
    runtime = _runtime(msgspec.convert(task["runtime"], RuntimeConfig))
    for name in task["names"]:
        yield {"name": name}
        off = {canonical_name(other): BackendConfig(enabled=False) for other in _all_names()}
        own = canonical_name(name)
        host = PluginHost({**off, own: configured.get(own, BackendConfig())}, Path(task["models"]), runtime)
        yield _report(name, [record for record in host.records.values() if record.name.startswith(name)])


def _all_names() -> Iterator[str]:
    from importlib.metadata import entry_points

    from lofi_core.hookspecs import ENTRY_POINT_GROUP

    return (entry.name for entry in entry_points(group=ENTRY_POINT_GROUP))


def _runtime(config: RuntimeConfig) -> Runtime:
    from lofi_core.errors import LofiError

    try:
        return resolve_runtime(config)
    except LofiError:  # told elsewhere
        return Runtime()


def _report(name: str, records: list[PluginRecord]) -> dict[str, Any]:
    """Of the record of that name; of two packages that take one name, the one that lost says so."""
    record = next((one for one in records if one.status == "error"), None) or next(
        one for one in records if one.name == name
    )
    report: dict[str, Any] = {
        "name": name,
        "package": record.package,
        "package_version": record.package_version,
        "status": record.status,
        "error": record.error,
    }
    if record.spec is not None:
        report["min_duration_sec"] = record.spec.min_duration_sec
        if record.status == "not_installed":
            report["hint"] = not_installed(name, record.spec.models, record.model_dir, record.variant).hint
        states = variant_states(record, record.spec)
        report["variants"] = [_variant(state) for state in states if state.presence != "not_installed"]
    return report


def _variant(state: VariantState) -> dict[str, Any]:
    pins = read_pins(state.directory)
    unknown = [file for file in files_of(state.model) if file.sha256 is None]
    wrong = wrong_files(state.model, state.directory)
    return {
        "name": state.model.variant,
        "directory": str(state.directory),
        "presence": state.presence,
        # Files of one's own may be others than the manifest's; those that were downloaded may not.
        "wrong": {path: why for path, why in wrong.items() if path in pins},
        "first_use": sum(pins[file.path].trust == "first_use" for file in unknown if file.path in pins),
        "nobody": sum(file.path not in pins for file in unknown),
    }


if __name__ == "__main__":
    main()
