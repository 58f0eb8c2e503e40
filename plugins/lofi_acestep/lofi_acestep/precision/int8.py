"""A quarter of the bytes: 8-bit weights in blocks of 32, each with its own scale.

It saves memory and disk, and time on processors with VNNI. The parts that see the timestep and the
last layer stay as they are: they are small, and errors there reach every frame.

Source: `MatMulNBits` of ONNX Runtime's contributed operators; the layout is theirs.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import numpy as np
import onnx
from onnx import helper

from lofi_acestep.built import new_weights, read_tensor, write_graph
from lofi_acestep.surgery.graph import Graph
from lofi_acestep.surgery.linear import add_linear
from lofi_acestep.surgery.skim import read_graph

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from numpy.typing import NDArray

    from lofi_acestep.built import Weights

BLOCK = 32
# Of ONNX Runtime's levels: 4 lets it round what is multiplied to 8 bits too, in blocks of 32. One product of
# the feed-forward part, 322 frames, one thread of an EPYC with AVX-512 VNNI: 158 GFLOP/s, off by 0.75 %; with
# level 0 58 GFLOP/s and 0.53 %; in fp32 101.
ACCURACY_LEVEL = 4
ZERO_POINT = 128  # ONNX Runtime's, where none is given for 8 bits
LARGEST = 127
EXCLUDED = re.compile(r"timestep_embedder|t_block|final_layer")
CONTRIBUTED = "com.microsoft"
MATRIX_NAME, SCALES_NAME = ".int8", ".scales"  # what is appended to the name of a weight
# Rows at a time: 64 MB of a matrix 2560 wide.
ROWS = 6400
WORTH_IT = 1 << 10  # weights in a matrix: below that the scales and the call cost more than is saved


def to_int8(source: Path, target: Path, report: Callable[[float], None] | None = None) -> None:
    """Write `target`, and `….weights` beside it, from `source`.

    Args:
        source: a graph in float32; convolutions of width 1 are made products first.
        target: in the same directory, where the source must stay then, or in another.
        report: told how much is done, 0 to 1.

    Raises:
        ModelLoadFailed: `source` cannot be read.
    """
    model = read_graph(source)
    graph = Graph(model)
    add_linear(graph)
    graph = Graph(graph.finish())
    found = [(node, tensor) for node in graph.nodes if (tensor := _matrix(graph, node)) is not None]
    with new_weights(target) as weights:
        for number, (node, tensor) in enumerate(found):
            quantised = _quantise(tensor, node, graph, source.parent, weights)
            graph.replace(node, _product(node, *quantised))
            if report:
                report((number + 1) / len(found))
        graph.finish()
        made = {f"{tensor.name}{suffix}" for _node, tensor in found for suffix in (MATRIX_NAME, SCALES_NAME)}
        _drop_unused(model)
        if target.parent != source.parent:
            for tensor in model.graph.initializer:
                if tensor.name not in made:
                    weights.copy_from(tensor, source.parent)
    if all(entry.domain != CONTRIBUTED for entry in model.opset_import):
        model.opset_import.append(helper.make_opsetid(CONTRIBUTED, 1))
    write_graph(model, target)


def _matrix(graph: Graph, node: onnx.NodeProto) -> onnx.TensorProto | None:
    """The matrix of weights that a node multiplies by, if it is one to be quantised."""
    if node.op_type not in {"MatMul", "Gemm"}:
        return None
    tensor = graph.weight(node.input[1])
    if tensor is None or tensor.data_type != onnx.TensorProto.FLOAT or len(tensor.dims) != 2:
        return None
    settings = _settings(node)
    plain = not settings.get("transA") and settings.get("alpha", 1.0) == settings.get("beta", 1.0) == 1.0
    inputs, outputs = _sizes(tensor, transposed=_transposed(graph, node))
    large = inputs * outputs >= WORTH_IT
    excluded = EXCLUDED.search(node.name) or EXCLUDED.search(tensor.name)
    return tensor if plain and large and not excluded else None


def _settings(node: onnx.NodeProto) -> dict[str, Any]:
    return {attribute.name: helper.get_attribute_value(attribute) for attribute in node.attribute}


def _sizes(tensor: onnx.TensorProto, *, transposed: bool) -> tuple[int, int]:
    """K and N of the product with a matrix."""
    first, second = tensor.dims
    return (second, first) if transposed else (first, second)


def _transposed(graph: Graph, node: onnx.NodeProto) -> bool:
    """Whether the weight lies as [N, K]."""
    turns = bool(_settings(node).get("transB"))
    value = node.input[1]
    while (source := graph.producer(value)) is not None:
        turns ^= source.op_type == "Transpose"
        value = source.input[0]
    return turns


def _quantise(
    tensor: onnx.TensorProto, node: onnx.NodeProto, graph: Graph, directory: Path, weights: Weights
) -> tuple[str, str, int, int]:
    """Names of the 8-bit matrix and of its scales, K, N."""
    transposed = _transposed(graph, node)
    inputs, outputs = _sizes(tensor, transposed=transposed)
    names = f"{tensor.name}{MATRIX_NAME}", f"{tensor.name}{SCALES_NAME}"
    if names[0] not in graph.initializers:
        matrix = read_tensor(tensor, directory)
        rows = matrix if transposed else matrix.T  # [N, K]
        count = -(-inputs // BLOCK)
        blocks = np.empty((outputs, count, BLOCK), np.uint8)
        scales = np.empty((outputs, count), np.float32)
        for start in range(0, outputs, ROWS):
            part = slice(start, start + ROWS)
            blocks[part], scales[part] = quantise(np.ascontiguousarray(rows[part], np.float32))
        for name in names:
            graph.add_initializer(onnx.TensorProto(name=name))
        weights.put(graph.initializers[names[0]], blocks)
        weights.put(graph.initializers[names[1]], scales)
    return (*names, inputs, outputs)


def quantise(rows: NDArray[np.float32]) -> tuple[NDArray[np.uint8], NDArray[np.float32]]:
    """Rows [N, K] as 8-bit blocks [N, ⌈K/32⌉, 32] around 128, and scales [N, ⌈K/32⌉]."""
    whole = np.pad(rows, ((0, 0), (0, -rows.shape[1] % BLOCK)))
    blocks = whole.reshape(len(rows), -1, BLOCK)
    scales = np.abs(blocks).max(axis=2) / LARGEST
    inverse = np.divide(1, scales, out=np.zeros_like(scales), where=scales > 0)
    rounded = np.rint(blocks * inverse[:, :, None]) + ZERO_POINT
    return rounded.astype(np.uint8), scales.astype(np.float32)


def _product(
    node: onnx.NodeProto, matrix: str, scales: str, inputs: int, outputs: int
) -> list[onnx.NodeProto]:
    bias = node.input[2] if len(node.input) > 2 else ""
    product = f"{node.output[0]}_product" if bias else node.output[0]
    nodes = [
        helper.make_node(
            "MatMulNBits",
            [node.input[0], matrix, scales],
            [product],
            node.name,
            domain=CONTRIBUTED,
            K=inputs,
            N=outputs,
            bits=8,
            block_size=BLOCK,
            accuracy_level=ACCURACY_LEVEL,
        )
    ]
    if bias:
        nodes.append(helper.make_node("Add", [product, bias], [node.output[0]], f"{node.name}/bias"))
    return nodes


def _drop_unused(model: onnx.ModelProto) -> None:
    _drop_unused_nodes(model)
    used = {name for node in model.graph.node for name in node.input}
    kept = [
        onnx.TensorProto.FromString(t.SerializeToString()) for t in model.graph.initializer if t.name in used
    ]
    del model.graph.initializer[:]
    model.graph.initializer.extend(kept)


def _drop_unused_nodes(model: onnx.ModelProto) -> None:
    """What turned a weight that is not there any more."""
    used = {name for node in model.graph.node for name in node.input} | {
        out.name for out in model.graph.output
    }
    kept = [node for node in model.graph.node if any(name in used for name in node.output)]
    copies = [onnx.NodeProto.FromString(node.SerializeToString()) for node in kept]
    del model.graph.node[:]
    model.graph.node.extend(copies)
