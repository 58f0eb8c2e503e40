"""Take a variant's files away: those that a download put there, and others only when that is asked for."""

from __future__ import annotations

import contextlib
import shutil
from dataclasses import dataclass
from typing import TYPE_CHECKING

from lofi_core.errors import NotPermitted
from lofi_core.integrity import PINS, files_of, read_pins
from lofi_core.models.partial import part_paths

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from lofi_core.models.variants import VariantState

# What a backend builds from its files lies beside them, in directories of such names.
BUILT = "built-*"
# And in files of such names: what it noted, and graphs whose weights must lie in the same directory.
BUILT_FILES = "*.lofi-*"


@dataclass(frozen=True, slots=True)
class Removed:
    """What became of a variant's files.

    Attributes:
        removed: paths of files and directories that are gone.
        kept: paths of the variant's files that somebody else put there.
        freed_bytes: room made.
    """

    removed: list[Path]
    kept: list[Path]
    freed_bytes: int


def remove_variant(state: VariantState, *, force: bool) -> Removed:
    """Remove what a download put there, parts and what was built from it included. Waits for the disk.

    Args:
        state: the variant.
        force: remove files that somebody else put there too.

    Raises:
        NotPermitted: everything that is there was put there by somebody else.
        OSError: a file cannot be removed.
    """
    pins = read_pins(state.directory)
    paths = {file.path for file in files_of(state.model)} | set(pins)
    there = sorted(path for path in paths if (state.directory / path).is_file())
    kept = [] if force else [state.directory / path for path in there if path not in pins]
    doomed = [state.directory / path for path in there if force or path in pins]
    parts = [part for path in paths for part in part_paths(state.directory / path) if part.is_file()]
    if kept and not doomed and not parts:
        names = ", ".join(path.name for path in kept)
        problem = f"{names} in {state.directory} were put there by hand, not by a download"
        raise NotPermitted(problem, "--force (force=true) removes them all the same")
    freed = 0
    removed: list[Path] = []
    for path in (*doomed, *parts):
        freed += path.stat().st_size
        path.unlink()
        removed.append(path)
    (state.directory / PINS).unlink(missing_ok=True)
    if not kept:
        for path in state.directory.glob(BUILT):
            freed += sum(file.stat().st_size for file in path.rglob("*") if file.is_file())
            shutil.rmtree(path)
            removed.append(path)
        for path in sorted(state.directory.glob(BUILT_FILES)):
            freed += path.stat().st_size
            path.unlink()
            removed.append(path)
    for directory in _emptied(state, doomed):
        with contextlib.suppress(OSError):  # something else lies in it
            directory.rmdir()
    return Removed(removed, kept, freed)


def _emptied(state: VariantState, removed: list[Path]) -> Iterator[Path]:
    """The directories that the files lay in, inner ones first, up to the variant's own."""
    below = {parent for path in removed for parent in path.parents if state.directory in parent.parents}
    yield from sorted(below, key=lambda path: len(path.parts), reverse=True)
    if state.directory.name == state.model.variant:
        yield state.directory
