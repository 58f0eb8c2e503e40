"""Read an ONNX graph without its weights, however many gigabytes they take.

`onnx.load` leaves out what lies in a file of its own, but not what lies inside the ONNX file. Here that stays
on disk too: a tensor that is large becomes one that points at its own bytes in the file it was read from.

Source of the numbers: onnx/onnx.proto; the wire format is protobuf's.
"""

from __future__ import annotations

import mmap
from pathlib import PurePath
from typing import TYPE_CHECKING

import onnx

from lofi_core import ModelLoadFailed

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

# Below that a tensor stays in the graph, where shape inference and constant folding can see it.
SMALL_BYTES = 1024
VARINT, FIXED64, BYTES, FIXED32 = 0, 1, 2, 5
MODEL_GRAPH, GRAPH_INITIALIZER, TENSOR_RAW_DATA = 7, 5, 9
MEND = "fetch the file again: lofi-core pull ace_step"


def read_graph(file: Path) -> onnx.ModelProto:
    """The model in `file`, with every large tensor as a reference: `location`, `offset`, `length`.

    Raises:
        ModelLoadFailed: it cannot be read, or is no ONNX file.
    """
    try:
        with file.open("rb") as stream, mmap.mmap(stream.fileno(), 0, access=mmap.ACCESS_READ) as data:
            model: onnx.ModelProto = onnx.ModelProto.FromString(b"".join(_model(data, file.name)))
    except Exception as error:  # protobuf's own exceptions have no common base worth naming
        raise ModelLoadFailed(f"{file} is no ONNX file that can be read: {error}", MEND) from error
    if not model.graph.node:
        raise ModelLoadFailed(f"{file} is no ONNX file: it holds no graph", MEND)
    return model


def weight_files(model: onnx.ModelProto) -> list[str]:
    """The files that hold tensors of this graph, relative to it.

    Raises:
        ModelLoadFailed: one would lie outside of the graph's directory.
    """
    found = {
        entry.value: None
        for tensor in model.graph.initializer
        for entry in tensor.external_data
        if entry.key == "location"
    }
    for name in map(PurePath, found):
        if name.is_absolute() or ".." in name.parts:
            raise ModelLoadFailed(f"the graph wants its weights from {str(name)!r}, outside its folder", MEND)
    return list(found)


def _fields(data: mmap.mmap, start: int, end: int) -> Iterator[tuple[int, int, int, int]]:
    """Number, begin of the key, begin and end of the content of each field of a message."""
    position = start
    while position < end:
        begin = position
        key, position = _varint(data, position)
        number, wire = key >> 3, key & 7
        if wire == VARINT:
            content, stop = position, _varint(data, position)[1]
        elif wire == BYTES:
            length, content = _varint(data, position)
            stop = content + length
        elif wire in (FIXED32, FIXED64):
            content, stop = position, position + (4 if wire == FIXED32 else 8)
        else:
            raise ValueError(f"wire type {wire}")
        if stop > end:
            raise ValueError("it ends too early")
        yield number, begin, content, stop
        position = stop


def _varint(data: mmap.mmap, position: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        byte = data[position]
        position += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value, position
        shift += 7


def _model(data: mmap.mmap, name: str) -> Iterator[bytes]:
    for number, begin, content, stop in _fields(data, 0, len(data)):
        if number == MODEL_GRAPH:
            yield _field(MODEL_GRAPH, b"".join(_graph(data, content, stop, name)))
        else:
            yield data[begin:stop]


def _graph(data: mmap.mmap, start: int, end: int, name: str) -> Iterator[bytes]:
    for number, begin, content, stop in _fields(data, start, end):
        if number == GRAPH_INITIALIZER and stop - content > SMALL_BYTES:
            yield _field(GRAPH_INITIALIZER, _tensor(data, content, stop, name))
        else:
            yield data[begin:stop]


def _tensor(data: mmap.mmap, start: int, end: int, name: str) -> bytes:
    kept, raw = [], None
    for number, begin, content, stop in _fields(data, start, end):
        if number == TENSOR_RAW_DATA and stop - content > SMALL_BYTES:
            raw = content, stop - content
        else:
            kept.append(data[begin:stop])
    if raw is None:
        return b"".join(kept)
    tensor = onnx.TensorProto.FromString(b"".join(kept))
    point_at(tensor, name, *raw)
    small: bytes = tensor.SerializeToString()
    return small


def point_at(tensor: onnx.TensorProto, location: str, offset: int, length: int) -> None:
    """Make a tensor's content that part of a file.

    Args:
        tensor: its type and shape stay.
        location: the file, relative to the graph's.
        offset: in bytes.
        length: in bytes.
    """
    tensor.ClearField("raw_data")
    del tensor.external_data[:]
    tensor.data_location = onnx.TensorProto.EXTERNAL
    for key, value in (("location", location), ("offset", str(offset)), ("length", str(length))):
        tensor.external_data.add(key=key, value=value)


def _field(number: int, content: bytes) -> bytes:
    return b"".join((_as_varint(number << 3 | BYTES), _as_varint(len(content)), content))


def _as_varint(value: int) -> bytes:
    made = bytearray()
    while value > 0x7F:
        made.append(value & 0x7F | 0x80)
        value >>= 7
    made.append(value)
    return bytes(made)
