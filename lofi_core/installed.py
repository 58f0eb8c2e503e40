"""Which variant of a backend's model files is in place, and where?"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from lofi_core.backend import ModelFile

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from lofi_core.backend import ModelFiles


@dataclass(frozen=True, slots=True)
class Installed:
    """A variant whose files are all there, and the directory they lie in."""

    variant: str
    directory: Path


def find_installed(models: Sequence[ModelFiles], root: Path, wanted: str | None = None) -> Installed | None:
    """The variant in place: the wanted one, or the first of those that are there.

    A variant lies in the directory of its name under `root`, or, put there by hand, in `root` itself. What
    lies in `root` itself may fit several variants by name; then the sizes decide, where they are known.
    """
    for model, directory in _places(models, root, wanted):
        if directory != root and not missing_in(model, directory):
            return Installed(model.variant, directory)
    by_hand = found_in(root, [model for model in models if wanted is None or model.variant == wanted])
    return Installed(by_hand.variant, root) if by_hand else None


def found_in(directory: Path, models: Sequence[ModelFiles]) -> ModelFiles | None:
    """Which of these variants lies in a directory; the sizes decide between those that fit by name."""
    complete = [model for model in models if not missing_in(model, directory)]
    same_size = [model for model in complete if _sizes_fit(model, directory)]
    return next(iter((*same_size, *complete)), None)


def missing_files(models: Sequence[ModelFiles], root: Path, wanted: str | None = None) -> list[str]:
    """What the variant that is nearest to complete lacks; nothing for a backend without model files."""
    lacking = [missing_in(model, directory) for model, directory in _places(models, root, wanted)]
    return min(lacking, key=len, default=[])


def missing_in(model: ModelFiles, directory: Path) -> list[str]:
    """Which of a variant's files are not in `directory`."""
    if not directory.is_dir():  # most of a long manifest: one look instead of one for each file
        return list(model.paths)
    return [path for path in model.paths if not (directory / path).is_file()]


def _places(
    models: Sequence[ModelFiles], root: Path, wanted: str | None
) -> Iterator[tuple[ModelFiles, Path]]:
    for model in models:
        if wanted is None or model.variant == wanted:
            yield model, root / model.variant
            yield model, root


def _sizes_fit(model: ModelFiles, directory: Path) -> bool:
    files = [file for file in model.files if isinstance(file, ModelFile) and file.size_bytes is not None]
    fitting = [(directory / file.path).stat().st_size == file.size_bytes for file in files]
    return bool(fitting) and all(fitting)
