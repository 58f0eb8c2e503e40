"""Let a graph weaken its queries, as the reference's negative branch does (ERG).

The reference multiplies what some query projections give by 0.01. Here each is followed by a multiplication
with `erg_tau`, an input with a default of 1: who does not feed it has the network as it was.

Source: ACE-Step, pipeline_ace_step.py, `forward_encoder_with_temperature` and those after it. The diffusion's
weakens self-attention as well, which is linear and normalised: that changes nothing but rounding.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import onnx
from onnx import numpy_helper

if TYPE_CHECKING:
    from lofi_acestep.surgery.graph import Graph

ERG_INPUT = "erg_tau"
HALF = onnx.TensorProto.FLOAT16


@dataclass(frozen=True, slots=True)
class Queries:
    """Which query projections to weaken.

    Attributes:
        layers: their numbers, from 0.
        name: a pattern that finds the layer's number in the names of nodes and weights alike.
    """

    layers: tuple[int, ...]
    name: re.Pattern[str]


TEXT = Queries((8, 9), re.compile(r"block\.(\d+)[./]layer\.0[./]SelfAttention[./]q[./]"))
LYRICS = Queries((4, 5), re.compile(r"lyric_encoder[./]encoders\.(\d+)[./]self_attn[./]linear_q[./]"))
DENOISER = Queries((15, 16, 17, 18, 19), re.compile(r"transformer_blocks\.(\d+)[./]cross_attn[./]to_q[./]"))


def add_weakening(graph: Graph, queries: Queries) -> bool:
    """Insert the multiplications.

    Args:
        graph: of the network.
        queries: which to weaken.

    Returns:
        Whether the network can be weakened now. Where it could be already, nothing is inserted. Where not all
        layers are found, nothing is inserted either: half a weakening is none.
    """
    if has_weakening(graph):
        _per_row(graph)
        return True
    found = _by_node(graph, queries) or _by_weight(graph, queries) or _by_structure(graph)
    if not set(queries.layers) <= set(found):
        return False
    for layer in queries.layers:
        value = found[layer].output[0]
        factor = _factor(graph, value)
        graph.insert_after(
            value, onnx.helper.make_node("Mul", [value, factor], [f"{value}_weakened"], f"erg/{layer}")
        )
    graph.add_initializer(numpy_helper.from_array(np.ones((1, 1, 1), np.float32), ERG_INPUT))
    graph.proto.input.append(_declared())
    return True


def has_weakening(graph: Graph) -> bool:
    """Whether the graph has the input already, and uses it."""
    return any(value.name == ERG_INPUT for value in graph.proto.input) and ERG_INPUT in graph.consumers


def _factor(graph: Graph, value: str) -> str:
    """`erg_tau` in the precision of a value."""
    if not graph.is_half(value):
        return ERG_INPUT
    factor = f"{ERG_INPUT}_half"
    if graph.producer(factor) is None:
        graph.insert_first(onnx.helper.make_node("Cast", [ERG_INPUT], [factor], "erg/half", to=HALF))
    return factor


def _declared() -> onnx.ValueInfoProto:
    # [B, 1, 1], so that the rows of a batch can differ: one for the prompt, one against it.
    return onnx.helper.make_tensor_value_info(ERG_INPUT, onnx.TensorProto.FLOAT, ["erg_rows", 1, 1])


def _per_row(graph: Graph) -> None:
    """Make an `erg_tau` that is a number one number a row, where it multiplies projections [B, tokens, D]."""
    tensor = graph.initializers.get(ERG_INPUT)
    if tensor is None or list(tensor.dims) != [] or tensor.data_type != onnx.TensorProto.FLOAT:
        return
    for user in graph.consumers[ERG_INPUT]:
        others = [graph.producer(name) for name in user.input if name != ERG_INPUT]
        projected = others and others[0] is not None and _is_projected(graph, others[0])
        if user.op_type != "Mul" or not projected:
            return
    tensor.dims.extend([1, 1, 1])
    graph.changed = True
    declared = next(value for value in graph.proto.input if value.name == ERG_INPUT)
    declared.CopyFrom(_declared())


def _is_projected(graph: Graph, node: onnx.NodeProto) -> bool:
    if graph.projects(node):
        return True
    sources = [graph.producer(name) for name in node.input] if node.op_type == "Add" else []
    return any(source is not None and graph.projects(source) for source in sources)


def _by_node(graph: Graph, queries: Queries) -> dict[int, onnx.NodeProto]:
    found: dict[int, onnx.NodeProto] = {}
    for node in graph.nodes:
        match = queries.name.search(node.name)
        if match and graph.projects(node):
            found[int(match[1])] = graph.with_bias(node)
    return found


def _by_weight(graph: Graph, queries: Queries) -> dict[int, onnx.NodeProto]:
    found: dict[int, onnx.NodeProto] = {}
    for node in graph.nodes:
        if not graph.projects(node):
            continue
        last = graph.with_bias(node)
        weights = [graph.weight(name) for name in {*node.input, *last.input}]
        for tensor in weights:
            if tensor is not None and (match := queries.name.search(f"{tensor.name}/")):
                found[int(match[1])] = last
    return found


def _by_structure(graph: Graph) -> dict[int, onnx.NodeProto]:
    """The n-th softmax is the n-th layer's; what it normalises is queries by keys, in that order."""
    found: dict[int, onnx.NodeProto] = {}
    softmaxes = [node for node in graph.nodes if node.op_type == "Softmax"]
    for layer, softmax in enumerate(softmaxes):
        scores = [node for node in graph.back(softmax.input[0], ("MatMul",)) if node.op_type == "MatMul"]
        nearest: dict[str, onnx.NodeProto] = {}
        for node in scores:
            if not graph.projects(node):
                source = next((n for n in graph.back(node.input[0]) if graph.projects(n)), None)
                if source is not None:
                    nearest[source.output[0]] = source
        if len(nearest) == 1:
            found[layer] = graph.with_bias(next(iter(nearest.values())))
    return found
