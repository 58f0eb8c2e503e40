"""Write weights that are noise, as safetensors: repeats of one block of drawn numbers, a piece at a time.

Fresh normal numbers for 10 GB would take minutes, and a dictionary of them all of the memory. What a network
costs does not depend on them.
"""

from __future__ import annotations

import json
import math
from typing import TYPE_CHECKING, NamedTuple
from zlib import crc32

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

    from numpy.typing import NDArray

Shape = tuple[int, ...]
DRAWN = 1 << 24  # numbers; longer tensors repeat them, each beginning elsewhere
ALIGNMENT = 64  # bytes; PyTorch maps tensors only where they begin on a multiple of their numbers' size


class Fill(NamedTuple):
    """What a tensor consists of: normal numbers."""

    mean: float
    spread: float


ZEROS, ONES = Fill(0.0, 0.0), Fill(1.0, 0.0)


def write_safetensors(
    file: Path, shapes: Mapping[str, Shape], fill: Callable[[str, Shape], Fill], drawn: int = DRAWN
) -> None:
    """Write a file of float32 tensors; there whole, or not at all.

    Args:
        file: `….safetensors`.
        shapes: of its tensors.
        fill: what each consists of.
        drawn: how many numbers are drawn.
    """
    block = np.random.default_rng(0).standard_normal(drawn, np.float32)
    unfinished = file.with_name(f"{file.name}.part")
    with unfinished.open("wb") as stream:
        stream.write(_header(shapes))
        for name, shape in shapes.items():
            for piece in _pieces(crc32(name.encode()) % drawn, math.prod(shape), block):
                mean, spread = fill(name, shape)
                stream.write((piece * np.float32(spread) + np.float32(mean)).data)
    unfinished.rename(file)


def _header(shapes: Mapping[str, Shape]) -> bytes:
    entries: dict[str, dict[str, object]] = {}
    end = 0
    for name, shape in shapes.items():
        start, end = end, end + 4 * math.prod(shape)
        entries[name] = {"dtype": "F32", "shape": shape, "data_offsets": [start, end]}
    text = json.dumps(entries).encode()
    text += b" " * (-(8 + len(text)) % ALIGNMENT)
    return len(text).to_bytes(8, "little") + text


def _pieces(start: int, size: int, block: NDArray[np.float32]) -> Iterator[NDArray[np.float32]]:
    while size:
        piece = block[start : start + size]
        yield piece
        start, size = 0, size - len(piece)
