"""Networks that come back from the load's trial and never from a track: for what a cancel ends."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

if TYPE_CHECKING:
    from pathlib import Path

TURNS = 2**40
# The axis of the first output that tells a track from a trial, and how long it is in one.
TRIALS = {
    "text_encoder.onnx": (1, 2),
    "transformer_encoder.onnx": (1, 6),
    "transformer_decoder.onnx": (3, 8),
    "dcae_decoder.onnx": (3, 64),
    "vocoder.onnx": (2, 16 * 512),
}


def make_endless(directory: Path, name: str) -> None:
    """Let a network of `graphs.write_model` turn round and round at its end, in one run of many nodes."""
    file = directory / name
    model = onnx.load(str(file), load_external_data=False)
    graph, (axis, length) = model.graph, TRIALS[name]
    output = graph.output[0]
    last = next(node for node in graph.node if node.output[0] == output.name)
    last.output[0] = "made"
    numbers = {"endless/axis": axis, "endless/length": length, "endless/turns": TURNS}
    graph.initializer.extend(numpy_helper.from_array(np.array(value), key) for key, value in numbers.items())
    graph.initializer.append(numpy_helper.from_array(np.array(True), "endless/go"))
    graph.node.extend(
        [
            helper.make_node("Shape", ["made"], ["endless/shape"]),
            helper.make_node("Gather", ["endless/shape", "endless/axis"], ["endless/size"]),
            helper.make_node("Greater", ["endless/size", "endless/length"], ["endless/is_track"]),
            helper.make_node("Cast", ["endless/is_track"], ["endless/share"], to=TensorProto.INT64),
            helper.make_node("Mul", ["endless/share", "endless/turns"], ["endless/count"]),
            helper.make_node("Loop", ["endless/count", "endless/go", "made"], [output.name], body=_body()),
        ]
    )
    onnx.save(model, str(file))


def _body() -> onnx.GraphProto:
    def value(name: str, kind: int) -> onnx.ValueInfoProto:
        return helper.make_tensor_value_info(name, kind, [] if kind != TensorProto.FLOAT else None)

    return helper.make_graph(
        [helper.make_node("Neg", ["x_in"], ["x_out"]), helper.make_node("Identity", ["go_in"], ["go_out"])],
        "turn",
        [
            value("turn", TensorProto.INT64),
            value("go_in", TensorProto.BOOL),
            value("x_in", TensorProto.FLOAT),
        ],
        [value("go_out", TensorProto.BOOL), value("x_out", TensorProto.FLOAT)],
    )
