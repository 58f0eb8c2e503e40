"""Leave out what nobody needs of a traced graph: shapes taken apart and put together, constants of constants.

What remains keeps its name. Of a denoiser's 6000 nodes about 2000 are left, and each is a call less.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from onnx import numpy_helper

if TYPE_CHECKING:
    from collections.abc import Iterable

    from numpy.typing import NDArray
    from onnx import GraphProto, ModelProto, NodeProto

    Array = NDArray[np.generic]

# Axes, starts, shapes: what has more numbers is no such thing.
FEW = 8
# Reshape's words for "as the input has it" and "what is left".
SAME, REST = 0, -1


def tidy(model: ModelProto) -> None:
    """Fold integers, let Reshape copy the axes that stay, and drop what then leads nowhere."""
    graph = model.graph
    known = _Known(graph)
    for node in graph.node:
        known.fold(node)
        if node.op_type == "Reshape" and (shape := known.shape(node)) is not None:
            _constant(graph, node, 1, shape)
    for node in graph.node:
        for index, name in enumerate(node.input):
            if name in known.folded:
                _constant(graph, node, index, known.values[name])
    _drop_unused(graph)


class _Known:
    """What is known of a graph's integers before it runs."""

    def __init__(self, graph: GraphProto) -> None:
        self.makers = {output: node for node in graph.node for output in node.output}
        self.values: dict[str, Array] = {}
        self.folded: set[str] = set()

    def fold(self, node: NodeProto) -> None:
        """Note the node's value, where it follows from constants."""
        if node.op_type == "Constant":
            self.values[node.output[0]] = numpy_helper.to_array(node.attribute[0].t)
        elif node.op_type in {"Unsqueeze", "Concat"} and self._all(node.input):
            inputs = [self.values[name] for name in node.input]
            if node.op_type == "Concat":
                value = np.concatenate(inputs, axis=node.attribute[0].i)
            else:
                value = np.expand_dims(inputs[0], tuple(inputs[1].tolist()))
            self.values[node.output[0]] = value
            self.folded.add(node.output[0])

    def shape(self, reshape: NodeProto) -> Array | None:
        """The shape of a Reshape in terms of its input's; None where it cannot be said so."""
        maker = self.makers.get(reshape.input[1])
        if maker is None or maker.op_type != "Concat":
            return None
        shape: list[int] = []
        for axis, part in enumerate(maker.input):
            if part in self.values:
                shape.extend(self.values[part].ravel().tolist())
            elif self._is_axis(part, reshape.input[0], axis):
                shape.append(SAME)
            else:
                shape.append(REST)
        # A part that was not understood may hold one axis or several: then the ranks disagree.
        return np.array(shape, np.int64) if shape.count(REST) <= 1 and self._single(maker) else None

    def _single(self, concat: NodeProto) -> bool:
        """Each part is one axis."""
        makers = (self.makers.get(part) for part in concat.input)
        return all(
            maker is not None and (maker.op_type == "Unsqueeze" or len(self.values.get(part, ())) == 1)
            for maker, part in zip(makers, concat.input, strict=True)
        )

    def _is_axis(self, part: str, tensor: str, axis: int) -> bool:
        """`part` is Unsqueeze(Gather(Shape(tensor), axis))."""
        unsqueeze = self.makers.get(part)
        gather = self.makers.get(unsqueeze.input[0]) if unsqueeze else None
        if gather is None or gather.op_type != "Gather":
            return False
        source = self.makers.get(gather.input[0])
        index = self.values.get(gather.input[1])
        return (
            source is not None
            and source.op_type == "Shape"
            and source.input[0] == tensor
            and index is not None
            and index.ndim == 0
            and int(index) == axis
        )

    def _all(self, names: Iterable[str]) -> bool:
        return all(name in self.values and self.values[name].size <= FEW for name in names)


def _constant(graph: GraphProto, node: NodeProto, index: int, value: Array) -> None:
    """Let one input of a node be a constant; equal ones share an initializer."""
    name = f"{value.dtype}:{'x'.join(map(str, value.shape))}:{','.join(map(str, value.ravel().tolist()))}"
    if name not in {tensor.name for tensor in graph.initializer}:
        graph.initializer.append(numpy_helper.from_array(np.ascontiguousarray(value), name))
    node.input[index] = name


def _drop_unused(graph: GraphProto) -> None:
    used = {output.name for output in graph.output}
    kept = []
    for node in reversed(graph.node):
        if used.intersection(node.output):
            used.update(node.input)
            kept.append(node)
    del graph.node[:]
    graph.node.extend(reversed(kept))
    unused = [tensor for tensor in graph.initializer if tensor.name not in used]
    for tensor in unused:
        graph.initializer.remove(tensor)
