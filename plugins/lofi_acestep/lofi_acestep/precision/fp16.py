"""Half the bytes for weights, half precision for the work on them, full precision where it matters.

Inputs and outputs stay float32. In half precision: products with weights, and what moves or scales their
results. In single precision: the residual stream and every other sum of two results, variances, the embedding
of the timestep, and the core of linear attention up to its division, as in the reference: its sums over all
frames would overflow, and its epsilon would be 0.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import onnx
from onnx import helper, shape_inference

from lofi_acestep.built import new_weights, read_tensor, write_graph
from lofi_acestep.surgery.epsilon import linear_attention_divisions
from lofi_acestep.surgery.graph import Graph
from lofi_acestep.surgery.skim import read_graph
from lofi_core import ModelLoadFailed

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from lofi_acestep.built import Weights

FLOAT, HALF = onnx.TensorProto.FLOAT, onnx.TensorProto.FLOAT16
PRODUCTS = ("MatMul", "Gemm", "Conv", "ConvTranspose", "Einsum")
POINTWISE = ("Add", "Sub", "Mul", "Sigmoid", "Tanh", "Relu", "Neg", "Softmax", "LayerNormalization", "Clip")
MOVING = ("Transpose", "Reshape", "Concat", "Slice", "Split", "Pad", "Unsqueeze", "Squeeze", "Expand", "Tile")
SPACE = ("DepthToSpace", "SpaceToDepth", "Flatten", "Identity")
IN_HALF = frozenset((*PRODUCTS, *POINTWISE, *MOVING, *SPACE))
HALF_NAME = ".fp16"  # what is appended to the name of a weight
# Behind them is what they sum, in front of them a variance.
REDUCING = ("ReduceMean", "ReduceSum")
MOST = 65504.0  # half precision's largest


def to_fp16(source: Path, target: Path, report: Callable[[float], None] | None = None) -> None:
    """Write `target`, and `….weights` beside it, from `source`.

    Args:
        source: a graph in float32.
        target: in the same directory, where the source must stay then, or in another.
        report: told how much is done, 0 to 1.

    Raises:
        ModelLoadFailed: `source` cannot be read, or holds parts that only run on a condition.
    """
    model = read_graph(source)
    if any(
        attribute.type == onnx.AttributeProto.GRAPH
        for node in model.graph.node
        for attribute in node.attribute
    ):
        raise ModelLoadFailed(f"{source} has branches and cannot be converted to fp16", "take precision=fp32")
    conversion = _Conversion(model, source.parent)
    with new_weights(target) as weights:
        conversion.convert(weights, report or (lambda _share: None))
        if target.parent != source.parent:
            for tensor in model.graph.initializer:
                if not tensor.name.endswith(HALF_NAME):
                    weights.copy_from(tensor, source.parent)
    write_graph(model, target)


class _Conversion:
    """Decides for each node, then casts wherever a value crosses over."""

    def __init__(self, model: onnx.ModelProto, directory: Path) -> None:
        self._graph, self._directory = Graph(model), directory
        self._floats = _float_values(model)
        single = self._single_precision()
        self._half = {
            node.output[0]
            for node in self._graph.nodes
            if node.op_type in IN_HALF and node.output[0] not in single and node.output[0] in self._floats
        }
        self._casts: dict[tuple[str, int], str] = {}
        self._weight_users: dict[str, set[int]] = {}

    def convert(self, weights: Weights, report: Callable[[float], None]) -> None:
        graph = self._graph
        ordered: list[onnx.NodeProto] = []
        made = {name for node in graph.nodes if node.output[0] in self._half for name in node.output}
        for node in graph.nodes:
            wanted = HALF if node.output[0] in self._half else FLOAT
            for index, name in enumerate(node.input):
                if name in self._floats:
                    node.input[index] = self._as(name, wanted, made, ordered)
            ordered.append(node)
        for value in graph.proto.output:
            if value.name in made:
                self._give_out(value.name, ordered)
        del graph.proto.value_info[:]
        self._write_weights(weights, report)
        copies = [onnx.NodeProto.FromString(node.SerializeToString()) for node in ordered]
        del graph.proto.node[:]
        graph.proto.node.extend(copies)

    def _as(self, name: str, wanted: int, made: set[str], ordered: list[onnx.NodeProto]) -> str:
        """The value in the precision wanted: itself, a cast of it, or for a weight a name of its own."""
        inputs = {value.name for value in self._graph.proto.input}
        if name in self._graph.initializers and name not in inputs:
            self._weight_users.setdefault(name, set()).add(wanted)
            return f"{name}{HALF_NAME}" if wanted == HALF else name
        if (HALF if name in made else FLOAT) == wanted:
            return name
        if (name, wanted) not in self._casts:
            self._casts[name, wanted] = f"{name}_{'half' if wanted == HALF else 'single'}"
            ordered.append(_cast(name, self._casts[name, wanted], wanted))
        return self._casts[name, wanted]

    def _give_out(self, name: str, ordered: list[onnx.NodeProto]) -> None:
        inner = f"{name}_inner"
        for node in ordered:
            for names in (node.input, node.output):
                for index, one in enumerate(names):
                    if one == name:
                        names[index] = inner
        ordered.append(_cast(inner, name, FLOAT))

    def _write_weights(self, weights: Weights, report: Callable[[float], None]) -> None:
        proto = self._graph.proto
        users = [(tensor, self._weight_users.get(tensor.name, {FLOAT})) for tensor in proto.initializer]
        halves = []
        for number, (tensor, wanted) in enumerate(users):
            if HALF in wanted:
                halves.append(onnx.TensorProto(name=f"{tensor.name}{HALF_NAME}"))
                array = read_tensor(tensor, self._directory)
                weights.put(halves[-1], np.clip(array, -MOST, MOST).astype(np.float16))
                report(number / len(users))
        kept = [onnx.TensorProto.FromString(one.SerializeToString()) for one, w in users if FLOAT in w]
        del proto.initializer[:]
        proto.initializer.extend([*kept, *halves])

    def _single_precision(self) -> set[str]:
        """First outputs of the nodes that must not be in half precision, whatever their type."""
        graph, found = self._graph, set()
        for divide in linear_attention_divisions(graph):
            for name in divide.input:
                found |= {n.output[0] for n in graph.back(name) if not graph.projects(n)}
        for node in graph.nodes:
            if node.op_type in {"Sin", "Cos", "Sqrt", "Reciprocal"}:
                found |= {n.output[0] for n in graph.back(node.input[0], REDUCING) if not graph.projects(n)}
            if self._sums(node) or len(set(node.input)) < len(node.input) or self._by_a_number(node):
                found.add(node.output[0])
        return found

    def _sums(self, node: onnx.NodeProto) -> bool:
        """Whether it adds two results; the bias of a projection is none."""
        return node.op_type in {"Add", "Sub"} and all(self._graph.weight(name) is None for name in node.input)

    def _by_a_number(self, node: onnx.NodeProto) -> bool:
        """Whether it scales or shifts: the maps at both ends, epsilons that half precision lacks, means."""
        return node.op_type in {"Add", "Sub", "Mul"} and any(
            self._graph.number(name) is not None for name in node.input
        )


def _cast(name: str, output: str, to: int) -> onnx.NodeProto:
    return helper.make_node("Cast", [name], [output], f"cast/{output}", to=to)


def _float_values(model: onnx.ModelProto) -> set[str]:
    inferred = shape_inference.infer_shapes(model).graph
    values = [*inferred.value_info, *inferred.input, *inferred.output]
    found = {value.name for value in values if value.type.tensor_type.elem_type == FLOAT}
    return found | {tensor.name for tensor in inferred.initializer if tensor.data_type == FLOAT}
