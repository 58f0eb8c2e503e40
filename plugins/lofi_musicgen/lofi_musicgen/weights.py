"""Read tensors from safetensors files, one at a time, without a copy of the whole.

The format: 8 bytes length, a JSON header of that length, then the data; offsets count from its start.
"""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from lofi_core import ModelLoadFailed

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

_DTYPES = {"F64": "<f8", "F32": "<f4", "F16": "<f2", "BF16": "<u2"}
MAX_HEADER_BYTES = 100_000_000


@dataclass(frozen=True, slots=True)
class _Place:
    file: Path
    start: int
    dtype: str
    shape: tuple[int, ...]


class Checkpoint:
    """The tensors of a checkpoint: `model.safetensors`, or the shards that its index names.

    Args:
        model_dir: where the files lie.

    Raises:
        ModelLoadFailed: a file is missing, truncated or no safetensors file.
    """

    def __init__(self, model_dir: Path) -> None:
        self.model_dir = model_dir
        self.files = checkpoint_files(model_dir)
        self._places: dict[str, _Place] = {}
        for file in self.files:
            self._places.update(_read_header(file))

    def __contains__(self, name: object) -> bool:
        return name in self._places

    def names(self) -> list[str]:
        """All tensors."""
        return list(self._places)

    def shape(self, name: str) -> tuple[int, ...]:
        """Of one tensor; its data is not read.

        Raises:
            ModelLoadFailed: there is none of that name.
        """
        return self._place_of(name).shape

    def tensor(self, name: str) -> NDArray[np.float32]:
        """One tensor as float32, read from the disk.

        Raises:
            ModelLoadFailed: there is none of that name.
        """
        raw, place = self._map(name)
        if place.dtype == "BF16":  # the upper half of a float32
            return (raw.astype(np.uint32) << 16).view(np.float32)
        return np.array(raw, np.float32)

    def rows(self, name: str, indices: NDArray[np.integer[Any]]) -> NDArray[np.float32]:
        """Rows of a table as float32; the rest of it is not read."""
        raw, place = self._map(name)
        chosen = np.asarray(raw[indices])
        if place.dtype == "BF16":
            return (chosen.astype(np.uint32) << 16).view(np.float32)
        return chosen.astype(np.float32)

    def _place_of(self, name: str) -> _Place:
        place = self._places.get(name)
        if place is None:
            where = self.files[0].name
            raise ModelLoadFailed(
                f"{where} in {self.model_dir} has no tensor {name!r}: it is not the checkpoint of a MusicGen",
                "put the right model.safetensors there, or: lofi-core pull musicgen",
            )
        return place

    def _map(self, name: str) -> tuple[NDArray[Any], _Place]:
        place = self._place_of(name)
        raw = np.memmap(place.file, _DTYPES[place.dtype], "r", place.start, place.shape or (1,))
        return raw.reshape(place.shape), place


def checkpoint_files(model_dir: Path) -> list[Path]:
    """The safetensors files of a directory, in the order of their names.

    Raises:
        ModelLoadFailed: there are none, or a shard is missing.
    """
    single = model_dir / "model.safetensors"
    if single.is_file():
        return [single]
    index = model_dir / "model.safetensors.index.json"
    try:
        shards = sorted(set(json.loads(index.read_text())["weight_map"].values()))
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError):
        raise ModelLoadFailed(f"{single} is missing", "lofi-core pull musicgen") from None
    strange = [name for name in shards if not isinstance(name, str) or not _is_plain(name)]
    if strange:
        raise ModelLoadFailed(f"{index} names {strange[0]!r}, which is no file beside it", _mend(index))
    missing = [name for name in shards if not (model_dir / name).is_file()]
    if missing:
        raise ModelLoadFailed(f"{model_dir} lacks {', '.join(missing)}", "lofi-core pull musicgen")
    return [model_dir / name for name in shards]


def _is_plain(name: str) -> bool:
    return name not in {"", ".", ".."} and not {"/", "\\", "\0"} & set(name)


def _read_header(file: Path) -> dict[str, _Place]:
    size = file.stat().st_size
    try:
        with file.open("rb") as stream:
            length = int.from_bytes(stream.read(8), "little")
            if not 2 <= length <= min(size - 8, MAX_HEADER_BYTES):
                raise ValueError(f"a header of {length} bytes")
            header = json.loads(stream.read(length))
        entries = {name: entry for name, entry in header.items() if name != "__metadata__"}
        places = {name: _place(file, 8 + length, entry) for name, entry in entries.items()}
        end = 8 + length + max((entry["data_offsets"][1] for entry in entries.values()), default=0)
    except (ValueError, KeyError, TypeError, AttributeError, IndexError, RecursionError) as error:
        raise ModelLoadFailed(f"{file} is no safetensors file: {error}", _mend(file)) from error
    if size < end:
        raise ModelLoadFailed(f"{file} is truncated: {size} of {end} bytes are there", _mend(file))
    return {name: place for name, place in places.items() if place is not None}


def _place(file: Path, data: int, entry: dict[str, Any]) -> _Place | None:
    if entry["dtype"] not in _DTYPES:  # counters and flags; no network needs them
        return None
    (begin, end), shape = entry["data_offsets"], tuple(entry["shape"])
    if any(not isinstance(number, int) or number < 0 for number in (begin, end, *shape)):
        raise ValueError(f"a tensor of shape {list(shape)} from {begin!r} to {end!r}")
    if end - begin != math.prod(shape) * np.dtype(_DTYPES[entry["dtype"]]).itemsize:
        raise ValueError(f"{end - begin} bytes for {entry['dtype']} of shape {list(shape)}")
    return _Place(file, data + begin, entry["dtype"], shape)


def _mend(file: Path) -> str:
    return f"delete {file.name} and fetch it again: lofi-core pull musicgen"
