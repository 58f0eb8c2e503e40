"""Which variant is meant, where do its files belong, and how much of it is there?"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from lofi_core.errors import InvalidParams
from lofi_core.installed import found_in, missing_in
from lofi_core.integrity import expected_of, files_of, read_pins
from lofi_core.models.partial import part_size
from lofi_core.suggest import suggestion

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from lofi_core.backend import BackendSpec, ModelFiles
    from lofi_core.plugins import PluginRecord

Presence = Literal["installed", "partial", "not_installed"]


@dataclass(frozen=True, slots=True)
class VariantState:
    """One variant, and what of it is on the disk.

    Attributes:
        model: the variant.
        directory: where its files lie, or belong.
        presence: all of it, a part of it, nothing.
        size_bytes: of all its files; None while nobody has said.
        bytes_on_disk: of its files and of parts of them.
    """

    model: ModelFiles
    directory: Path
    presence: Presence
    size_bytes: int | None
    bytes_on_disk: int


def choose(record: PluginRecord, spec: BackendSpec, variant: str | None) -> ModelFiles:
    """The variant that is meant: named, configured or in place; else the first that can be downloaded.

    Raises:
        InvalidParams: the backend has none of that name, or none at all.
    """
    by_name = {model.variant: model for model in spec.models}
    known = record.variant or (record.installed.variant if record.installed else None)
    wanted = known if variant is None else variant
    if wanted is None:
        can_be_had = [model for model in spec.models if is_fetchable(model)]
        return (can_be_had or list(spec.models))[0]
    if wanted in by_name:
        return by_name[wanted]
    if not by_name:
        raise InvalidParams(
            f"{record.name} has no variants: it needs no model files", f"leave out {wanted!r}"
        )
    close = suggestion(wanted, by_name)
    raise InvalidParams(f"{record.name} has no variant {wanted!r}", close or f"it has {', '.join(by_name)}")


def is_fetchable(model: ModelFiles) -> bool:
    """Whether each of a variant's files can be downloaded; else people must put some there."""
    return all(file.url for file in files_of(model))


def directory_of(record: PluginRecord, spec: BackendSpec, model: ModelFiles) -> Path:
    """Where a variant lies, or belongs: the model directory if it lies there, else that of its name in it."""
    return _directory(record, model, found_in(record.model_dir, spec.models))


def variant_states(record: PluginRecord, spec: BackendSpec) -> Iterator[VariantState]:
    """Every variant of a backend, in the manifest's order."""
    # Once for all: a backend may have dozens, and each is a look at the disk for every one of its files.
    in_root = found_in(record.model_dir, spec.models)
    for model in spec.models:
        yield _state(model, _directory(record, model, in_root))


def variant_state(record: PluginRecord, spec: BackendSpec, model: ModelFiles) -> VariantState:
    """One variant, and what of it is on the disk."""
    return _state(model, directory_of(record, spec, model))


def _directory(record: PluginRecord, model: ModelFiles, in_root: ModelFiles | None) -> Path:
    own = record.model_dir / model.variant
    lies_in_root = in_root is not None and in_root.variant == model.variant and missing_in(model, own)
    return record.model_dir if lies_in_root else own


def _state(model: ModelFiles, directory: Path) -> VariantState:
    pins = read_pins(directory)
    sizes: list[int | None] = []
    on_disk = 0
    for file in files_of(model):
        path = directory / file.path
        found = path.stat().st_size if path.is_file() else None
        known = expected_of(file, pins.get(file.path)).size_bytes
        sizes.append(found if known is None else known)
        on_disk += (found or 0) + part_size(path)
    complete = bool(sizes) and not missing_in(model, directory)
    presence: Presence = "installed" if complete else "partial" if on_disk else "not_installed"
    size = None if None in sizes else sum(size for size in sizes if size is not None)
    return VariantState(model, directory, presence, size, on_disk)
