"""All of the export: what is checked first, where files lie until they are right, and what is told."""

from __future__ import annotations

import importlib
import shutil
from typing import TYPE_CHECKING

from lofi_acestep.exporter.checkpoint import find_checkpoint
from lofi_acestep.exporter.choices import CONVERTED, PRECISIONS
from lofi_acestep.exporter.components import COMPONENTS
from lofi_acestep.exporter.conversion import Conversion, copy_tokenizer, fixed
from lofi_acestep.exporter.verify import MOST
from lofi_core import InvalidOption, ModelLoadFailed

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from lofi_core import Runtime

    # From one file to another, whose external data lies beside it.
    Converter = Callable[[Path, Path], None]


def export_all(
    source: Path,
    target: Path,
    precision: str,
    opset: int,
    names: list[str],
    runtime: Runtime,
    dcae_frames: int | None,
) -> list[str]:
    """As `exporter.export`, with everything chosen."""
    converter = _converter(precision)
    checkpoint = find_checkpoint(source)
    chosen = [COMPONENTS[name] for name in names]
    if dcae_frames:
        chosen = [fixed(each, dcae_frames) if each.name == "dcae_decoder" else each for each in chosen]
    # All of them before any is written: the last should not fail after half an hour.
    conversions = [Conversion(checkpoint, component) for component in chosen]
    _see_room(target, [each.size_bytes() for each in conversions], twice=converter is not None)
    draft = target / ".unfinished"
    lines: list[str] = []
    try:
        draft.mkdir()
        if "text_encoder" in names:
            copy_tokenizer(checkpoint, draft)
        total, done = sum(each.size_bytes() for each in conversions), 0
        for conversion in conversions:
            runtime.report(0.9 * done / total, conversion.component.title)
            path = conversion.write(draft, opset)
            done += conversion.size_bytes()
            runtime.report(0.9 * done / total, "verify")
            lines.append(_verified(conversion, path, "fp32"))
            if converter and conversion.component.name in CONVERTED[precision]:
                _convert(converter, path)
                lines[-1] = _verified(conversion, path, precision)
        for made in draft.iterdir():
            made.rename(target / made.name)
    except OSError as error:
        raise ModelLoadFailed(
            f"the export could not be written to {target}: {error.strerror or error}",
            "make room there, or let --to name another disk",
        ) from error
    finally:
        shutil.rmtree(draft, ignore_errors=True)
    return lines


def _verified(conversion: Conversion, path: Path, precision: str) -> str:
    verified = conversion.verify(path, MOST[precision])
    return (
        f"{conversion.component.title}: {path.name} ({precision}) is PyTorch's within {verified.error:.1e},"
        f" at {verified.sizes} sizes"
    )


def _converter(precision: str) -> Converter | None:
    """What makes another precision of a float32 file, which `lofi_acestep.precision` knows.

    Raises:
        InvalidOption: nothing does.
    """
    if precision == "fp32":
        return None
    try:
        if precision not in PRECISIONS:
            raise AttributeError(precision)
        converter: Converter = getattr(importlib.import_module("lofi_acestep.precision"), f"to_{precision}")
    except (ImportError, AttributeError) as error:
        raise InvalidOption(
            f"precision is {precision!r}; this export makes fp32", "leave it out, or choose fp32"
        ) from error
    return converter


def _convert(converter: Converter, path: Path) -> None:
    """Put the other precision in the place of a float32 file and of its weights."""
    full = path.parent / "full"
    full.mkdir()
    for file in path.parent.glob(f"{path.stem}*"):
        file.rename(full / file.name)
    converter(full / path.name, path)
    shutil.rmtree(full)


def _see_room(target: Path, sizes: list[int], *, twice: bool) -> None:
    """See that the disk has room for the files, and for one of them a second time while it is converted.

    Raises:
        ModelLoadFailed: it has not.
    """
    needed, free = sum(sizes) + (max(sizes) if twice else 0), shutil.disk_usage(target).free
    if free < needed:
        raise ModelLoadFailed(
            f"the export needs {needed / 1e9:.1f} GB; {target} has {free / 1e9:.1f} GB left",
            "make room there, or let --to name another disk",
        )
