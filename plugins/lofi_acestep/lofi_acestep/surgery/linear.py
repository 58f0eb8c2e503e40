"""Compute convolutions of width 1 as matrix products, which is what they are.

The feed-forward parts of the transformer are convolutions over frames of width 1: more than half of the work.
ONNX Runtime's CPU convolution is slower at that than its matrix product, and 8-bit weights exist for products
only. The weights [N, K, 1] are [N, K] as they lie: `Gemm` takes them transposed, so not a byte of them is
moved.

In GFLOP/s, 322 frames, one thread of an EPYC with AVX-512, ONNX Runtime 1.31, weights mapped, not packed:

    2560 → 12800: Conv 73, this 103, Transpose-MatMul-Add-Transpose 71, MatMul of weights by frames 73
    6400 → 2560: Conv 91, this 102, Transpose-MatMul-Add-Transpose 68, MatMul of weights by frames 90

(A `MatMul` between transpositions is slow because ONNX Runtime draws the first of them into the product.)
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import onnx
from onnx import helper, numpy_helper

if TYPE_CHECKING:
    from lofi_acestep.surgery.graph import Graph

SHAPE_HAS_END = 15  # the opset that brought it


def add_linear(graph: Graph) -> int:
    """Replace each convolution over one axis that is a product: width 1, one group.

    Returns:
        How many were replaced.
    """
    if graph.opset < SHAPE_HAS_END:
        return 0
    found = [node for node in graph.nodes if _is_product(graph, node)]
    for node in found:
        tensor = graph.initializers[node.input[1]]
        outputs, inputs = tensor.dims[:2]
        del tensor.dims[2:]
        graph.add_initializer(_shape(f"lofi_rows_{inputs}", [-1, inputs]))
        graph.add_initializer(_shape(f"lofi_width_{outputs}", [outputs]))
        graph.replace(node, _product(node, f"lofi_rows_{inputs}", f"lofi_width_{outputs}"))
    return len(found)


def _product(node: onnx.NodeProto, rows: str, width: str) -> list[onnx.NodeProto]:
    """[B, K, T] → [B, T, K] → [B T, K] → [B T, N] → [B, T, N] → [B, N, T]."""
    name = node.name or node.output[0]
    frames, flat, product, batch, shape, joined = (
        f"{name}/{step}" for step in ("frames", "flat", "product", "batch", "shape", "joined")
    )
    last = [0, 2, 1]
    return [
        helper.make_node("Transpose", [node.input[0]], [frames], f"{name}/to_frames", perm=last),
        helper.make_node("Reshape", [frames, rows], [flat], f"{name}/flatten"),
        helper.make_node("Gemm", [flat, *node.input[1:]], [product], f"{name}/gemm", transB=1),
        helper.make_node("Shape", [frames], [batch], f"{name}/batch_of", end=2),
        helper.make_node("Concat", [batch, width], [shape], f"{name}/shape_of", axis=0),
        helper.make_node("Reshape", [product, shape], [joined], f"{name}/join"),
        helper.make_node("Transpose", [joined], [node.output[0]], f"{name}/to_channels", perm=last),
    ]


def _is_product(graph: Graph, node: onnx.NodeProto) -> bool:
    if node.op_type != "Conv" or len(graph.consumers.get(node.input[1], [])) != 1:
        return False
    tensor = graph.initializers.get(node.input[1])
    if tensor is None or len(tensor.dims) != 3 or tensor.dims[2] != 1:
        return False
    settings = {attribute.name: helper.get_attribute_value(attribute) for attribute in node.attribute}
    plain = settings.get("group", 1) == 1 and settings.get("strides", [1]) == [1]
    return plain and not any(settings.get("pads", [0]))


def _shape(name: str, values: list[int]) -> onnx.TensorProto:
    return numpy_helper.from_array(np.array(values, np.int64), name)
