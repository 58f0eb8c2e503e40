"""Put back the 1e-15 that keeps linear attention from dividing nothing by nothing.

PyTorch's newer exporter optimises `x / (sum + 1e-15)` to `x / sum`. Queries that are all negative, or keys
that are all zero, then give 0/0, and all that follows is not a number; in the reference it is 0.

Source: diffusers, `SanaMultiscaleLinearAttention`; ACE-Step, models/customer_attention_processor.py.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import onnx
from onnx import numpy_helper

if TYPE_CHECKING:
    from lofi_acestep.surgery.graph import Graph

EPSILON = 1e-15
EPSILON_NAME = "lofi_epsilon"
# How one takes a part of a tensor, and what may come with it.
PARTS = frozenset({"Slice", "Split", "Gather"})
PRODUCTS = frozenset({"MatMul", "Einsum"})
WITH_PARTS = frozenset({"Cast", "Unsqueeze", "Squeeze", "Reshape", "Transpose", "Identity"})


def linear_attention_divisions(graph: Graph) -> list[onnx.NodeProto]:
    """The divisions of a weighted sum of values by the sum of the weights, with epsilon or without.

    Both are parts of one matrix product, where the values have a column of ones; or two products of the same
    queries.
    """
    return [node for node in graph.nodes if node.op_type == "Div" and _is_weighted_mean(graph, node)]


def add_epsilon(graph: Graph) -> int:
    """Insert what is missing.

    Returns:
        In how many places it was.
    """
    missing = [node for node in linear_attention_divisions(graph) if not _has_epsilon(graph, node)]
    for number, node in enumerate(missing):
        below = node.input[1]
        guarded = f"{below}_guarded_{number}"
        epsilon = _epsilon(graph, below)
        add = onnx.helper.make_node("Add", [below, epsilon], [guarded], f"epsilon/{number}")
        divide = onnx.NodeProto()
        divide.CopyFrom(node)
        divide.input[1] = guarded
        graph.replace(node, [add, divide])
    return len(missing)


def _epsilon(graph: Graph, value: str) -> str:
    """The constant's name, in the precision of a value; half precision has little below 1e-7."""
    half = graph.is_half(value)
    number = np.array(1e-7, np.float16) if half else np.array(EPSILON, np.float32)
    name = f"{EPSILON_NAME}_half" if half else EPSILON_NAME
    graph.add_initializer(numpy_helper.from_array(number, name))
    return name


def _is_weighted_mean(graph: Graph, node: onnx.NodeProto) -> bool:
    above, below = (_product(graph, name) for name in node.input)
    if above is None or below is None:
        return False
    if above is below:
        return True
    queries = {_through(graph, name) for name in above.input} & {
        _through(graph, name) for name in below.input
    }
    return bool(queries) and not graph.projects(above)


def _product(graph: Graph, value: str) -> onnx.NodeProto | None:
    """The matrix product that a value is, or is a part of, but for a constant added to it."""
    while (node := graph.producer(value)) is not None:
        if node.op_type in PRODUCTS:
            return node
        if node.op_type == "Add" and any(_is_constant(graph, name) for name in node.input):
            value = next(name for name in node.input if not _is_constant(graph, name))
        elif node.op_type in PARTS | WITH_PARTS:
            value = node.input[0]
        else:
            return None
    return None


def _through(graph: Graph, value: str) -> str:
    """What a value is but for its shape."""
    while (node := graph.producer(value)) is not None and node.op_type in WITH_PARTS:
        value = node.input[0]
    return value


def _has_epsilon(graph: Graph, node: onnx.NodeProto) -> bool:
    below = graph.producer(node.input[1])
    while below is not None and below.op_type in PARTS | WITH_PARTS:
        below = graph.producer(below.input[0])
    return below is not None and below.op_type == "Add"


def _is_constant(graph: Graph, value: str) -> bool:
    node = graph.producer(value)
    return graph.weight(value) is not None or (node is not None and node.op_type == "Constant")
