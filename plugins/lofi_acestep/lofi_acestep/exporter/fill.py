"""Put the weights into a graph and write it, reading one tensor at a time."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from onnx import ModelProto, NodeProto, TensorProto, checker, helper

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path
    from typing import BinaryIO

    from numpy.typing import NDArray

# Smaller tensors stay in the graph, whatever becomes of the large ones.
EXTERNAL_FROM_BYTES = 1024
# ONNX Runtime maps large external tensors into memory; Windows wants 64 KiB there.
ALIGNED_FROM_BYTES, ALIGNMENT_BYTES = 1 << 20, 1 << 16
# The first that lets an initializer be the default of an input is 4; 8 came with opset 15.
IR_VERSION = 8


@dataclass(frozen=True, slots=True)
class _Slot:
    """Where a weight goes: its initializer's name, and whether it lies transposed there."""

    name: str
    transposed: bool


def fill(
    model: ModelProto,
    path: Path,
    read: dict[str, Callable[[], NDArray[np.generic]]],
    *,
    default: str | None = None,
    weights: Path | None = None,
) -> None:
    """Write `path`, and `weights` beside it where named; else the weights go into `path` too.

    Args:
        model: as `trace` leaves it; changed.
        path: of the file.
        read: for each input that is a weight, what gives its value.
        default: the input that is 1.0, float32 without axes, where nothing is fed.
        weights: one file for all large tensors.
    """
    graph = model.graph
    model.ir_version = IR_VERSION
    slots = {name: _slot(model, name) for name in read}
    kept = [value for value in graph.input if value.name not in read]
    del graph.input[:]
    graph.input.extend(kept)
    file = weights.open("wb") if weights else None
    try:
        for name, slot in slots.items():
            value = read[name]()
            value = np.ascontiguousarray(value.T if slot.transposed else value)
            graph.initializer.append(_tensor(slot.name, value, file, weights))
    finally:
        if file:
            file.close()
    if default:
        graph.initializer.append(helper.make_tensor(default, TensorProto.FLOAT, [], [1.0]))
    path.write_bytes(model.SerializeToString())
    checker.check_model(str(path))


def _slot(model: ModelProto, name: str) -> _Slot:
    """A Linear's weight is transposed here once; in the graph that would be done again in each call."""
    users = [node for node in model.graph.node if name in node.input]
    if not users or not all(_is_transpose(node) for node in users):
        return _Slot(name, transposed=False)
    slot = _Slot(f"{name}.T", transposed=True)
    outputs = {node.output[0] for node in users}
    for node in model.graph.node:
        for index, wanted in enumerate(node.input):
            if wanted in outputs:
                node.input[index] = slot.name
    for node in users:
        model.graph.node.remove(node)
    return slot


def _is_transpose(node: NodeProto) -> bool:
    return node.op_type == "Transpose" and list(node.attribute[0].ints) == [1, 0]


def _tensor(name: str, value: NDArray[np.generic], file: BinaryIO | None, path: Path | None) -> TensorProto:
    kind = helper.np_dtype_to_tensor_dtype(value.dtype)
    tensor = TensorProto(name=name, dims=value.shape, data_type=kind)
    if file is None or path is None or value.nbytes < EXTERNAL_FROM_BYTES:
        tensor.raw_data = value.tobytes()
        return tensor
    alignment = ALIGNMENT_BYTES if value.nbytes >= ALIGNED_FROM_BYTES else 64
    offset = -(-file.tell() // alignment) * alignment
    file.seek(offset)
    file.write(value.data)
    tensor.data_location = TensorProto.EXTERNAL
    for key, text in (("location", path.name), ("offset", str(offset)), ("length", str(value.nbytes))):
        tensor.external_data.add(key=key, value=text)
    return tensor
