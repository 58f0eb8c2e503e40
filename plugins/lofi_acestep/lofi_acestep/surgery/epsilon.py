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
    """The divisions of one part of a tensor by another part of the same, with or without the epsilon."""
    return [node for node in graph.nodes if node.op_type == "Div" and _is_of_one_tensor(graph, node)]


def add_epsilon(graph: Graph) -> int:
    """Insert what is missing.

    Returns:
        In how many places it was.
    """
    missing = [node for node in linear_attention_divisions(graph) if not _has_epsilon(graph, node)]
    for number, node in enumerate(missing):
        below = node.input[1]
        guarded = f"{below}_guarded_{number}"
        add = onnx.helper.make_node("Add", [below, EPSILON_NAME], [guarded], f"epsilon/{number}")
        divide = onnx.NodeProto()
        divide.CopyFrom(node)
        divide.input[1] = guarded
        graph.replace(node, [add, divide])
    if missing:
        graph.add_initializer(numpy_helper.from_array(np.array(EPSILON, np.float32), EPSILON_NAME))
    return len(missing)


def _is_of_one_tensor(graph: Graph, node: onnx.NodeProto) -> bool:
    above, below = (_whole(graph, name) for name in node.input)
    return above is not None and above == below


def _whole(graph: Graph, value: str) -> str | None:
    """The tensor that a value is a part of; None where it is no part."""
    cut = False
    while (node := graph.producer(value)) is not None:
        adds_constant = node.op_type == "Add" and _constant(graph, node) is not None
        if node.op_type in PARTS and node.input[0] not in graph.initializers:
            cut = True
        elif node.op_type not in WITH_PARTS and not adds_constant:
            break
        value = node.input[1] if adds_constant and _is_constant(graph, node.input[0]) else node.input[0]
    # Of a product: sizes are divided by sizes too.
    return value if cut and node is not None and node.op_type in PRODUCTS else None


def _has_epsilon(graph: Graph, node: onnx.NodeProto) -> bool:
    below = graph.producer(node.input[1])
    while below is not None and below.op_type in WITH_PARTS:
        below = graph.producer(below.input[0])
    return below is not None and below.op_type == "Add"


def _constant(graph: Graph, node: onnx.NodeProto) -> str | None:
    return next((name for name in node.input if _is_constant(graph, name)), None)


def _is_constant(graph: Graph, value: str) -> bool:
    node = graph.producer(value)
    return graph.weight(value) is not None or (node is not None and node.op_type == "Constant")
