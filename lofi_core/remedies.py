"""What is wrong with a backend's files, and which command mends it?"""

from __future__ import annotations

from typing import TYPE_CHECKING

from lofi_core.errors import BackendNotInstalled, ModelLoadFailed
from lofi_core.installed import missing_files
from lofi_core.integrity import files_of, read_pins, wrong_files

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from lofi_core.backend import ModelFiles
    from lofi_core.installed import Installed


def not_installed(
    backend: str, models: Sequence[ModelFiles], model_dir: Path, variant: str | None
) -> BackendNotInstalled:
    """The error for a backend whose files are not there."""
    missing = ", ".join(missing_files(models, model_dir, variant))
    hint = f"put them into {model_dir}"
    if any(file.url for model in models for file in files_of(model)):
        name = f"{backend}:{variant}" if variant else backend
        hint = f"`lofi-core pull {name}` downloads them; or {hint}"
    return BackendNotInstalled(f"{backend}: model files are missing: {missing}", hint)


def damage(
    backend: str, models: Sequence[ModelFiles], installed: Installed | None, *, read: bool
) -> ModelLoadFailed | None:
    """The error for files in place that are not what they should be, if anybody can tell.

    Args:
        backend: its name.
        models: its variants.
        installed: the one in place.
        read: read all of them and compare what is known. Without it only sizes count, and only of files that
            were downloaded: files of one's own may be others than the manifest's.
    """
    for model in models:
        if installed is None or model.variant != installed.variant:
            continue
        pins = read_pins(installed.directory)
        note = (lambda _path, _count: None) if read else None
        for path, problem in wrong_files(model, installed.directory, note).items():
            if read or path in pins:
                hint = f"`lofi-core pull {backend}:{model.variant}` fetches again what is wrong"
                return ModelLoadFailed(f"{installed.directory / path} {problem}", hint)
    return None
