"""A graph with its edges both ways, and the few questions and changes that surgery is made of."""

from __future__ import annotations

from typing import TYPE_CHECKING

import onnx

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

# What multiplies by weights, when its second operand is some.
PROJECTIONS = frozenset({"MatMul", "Gemm", "Conv", "MatMulNBits"})
# What an exporter puts between a weight and the node that uses it.
AROUND_WEIGHTS = frozenset({"Identity", "Transpose", "Cast"})


class Graph:
    """One model's main graph.

    Nodes are changed where they are; those that come and go take effect with `finish`.

    Attributes:
        nodes: in the order they run in.
        initializers: tensors by name.
        consumers: the nodes that use a value.
        opset: of ONNX's own operators.
        changed: whether anything was.

    Args:
        model: of `skim.read_graph`; changed in place.
    """

    def __init__(self, model: onnx.ModelProto) -> None:
        self.model = model
        self.proto = model.graph
        self.opset = max(
            (entry.version for entry in model.opset_import if entry.domain in ("", "ai.onnx")), default=1
        )
        self.nodes = list(model.graph.node)
        self.initializers = {tensor.name: tensor for tensor in model.graph.initializer}
        self.producers: dict[str, onnx.NodeProto] = {}
        self.consumers: dict[str, list[onnx.NodeProto]] = {}
        for node in self.nodes:
            self._connect(node)
        self.changed = False
        self._halves: set[str] | None = None
        self._after: dict[str, list[onnx.NodeProto]] = {}
        self._before: dict[str, list[onnx.NodeProto]] = {}

    def _connect(self, node: onnx.NodeProto) -> None:
        for name in node.output:
            self.producers[name] = node
        for name in node.input:
            self.consumers.setdefault(name, []).append(node)

    def producer(self, value: str) -> onnx.NodeProto | None:
        """The node a value comes from; None for an input or a weight."""
        return self.producers.get(value)

    def weight(self, value: str) -> onnx.TensorProto | None:
        """The weight a value is, if it is one, seen through casts and transpositions."""
        while (tensor := self.initializers.get(value)) is None:
            node = self.producer(value)
            if node is None or node.op_type not in AROUND_WEIGHTS:
                return None
            value = node.input[0]
        found: onnx.TensorProto = tensor
        return found

    def number(self, value: str) -> float | None:
        """The number a value is, if it is a constant with a single element."""
        while (tensor := self.initializers.get(value)) is None:
            node = self.producer(value)
            if node is None:
                return None
            if node.op_type == "Constant":
                tensor = next(
                    (attribute.t for attribute in node.attribute if attribute.name == "value"), None
                )
                break
            if node.op_type not in {"Cast", "Identity"}:
                return None
            value = node.input[0]
        if (
            tensor is None
            or any(size != 1 for size in tensor.dims)
            or tensor.data_location == tensor.EXTERNAL
        ):
            return None
        return float(onnx.numpy_helper.to_array(tensor).reshape(-1)[0])

    def is_half(self, value: str) -> bool:
        """Whether a value is float16."""
        if self._halves is None:
            half = onnx.TensorProto.FLOAT16
            self._halves = set()
            if any(tensor.data_type == half for tensor in self.proto.initializer):
                inferred = onnx.shape_inference.infer_shapes(self.model).graph.value_info
                self._halves = {info.name for info in inferred if info.type.tensor_type.elem_type == half}
        return value in self._halves

    def projects(self, node: onnx.NodeProto) -> bool:
        """Whether a node multiplies what it gets by a matrix of weights."""
        if node.op_type not in PROJECTIONS or len(node.input) < 2:
            return False
        return any(
            (tensor := self.weight(name)) is not None and len(tensor.dims) > 1 for name in node.input[:2]
        )

    def with_bias(self, node: onnx.NodeProto) -> onnx.NodeProto:
        """The node that adds the bias to a projection, or the projection itself where there is none."""
        users = self.consumers.get(node.output[0], [])
        if len(users) == 1 and users[0].op_type == "Add":
            other = [name for name in users[0].input if name != node.output[0]]
            tensor = self.weight(other[0]) if other else None
            if tensor is not None and len(tensor.dims) == 1:
                return users[0]
        return node

    def back(self, value: str, stops: Iterable[str] = ()) -> Iterator[onnx.NodeProto]:
        """What a value depends on, nearest first, as far as projections and nodes of the types `stops`."""
        ends, seen, pending = set(stops), set(), [value]
        while pending:
            node = self.producer(pending.pop(0))
            if node is None or id(node) in seen:
                continue
            seen.add(id(node))
            yield node
            if node.op_type not in ends and not self.projects(node):
                pending += node.input

    def insert_after(self, value: str, node: onnx.NodeProto) -> None:
        """Put a node behind a value; everyone who used the value uses the node's output."""
        for user in self.consumers.get(value, []):
            for index, name in enumerate(user.input):
                if name == value:
                    user.input[index] = node.output[0]
        self.consumers[node.output[0]] = self.consumers.pop(value, [])
        self._connect(node)
        self.changed = True
        self._after.setdefault(value, []).append(node)

    def insert_first(self, node: onnx.NodeProto) -> None:
        """Put a node before all others."""
        self.nodes.insert(0, node)
        self._connect(node)
        self.changed = True

    def replace(self, node: onnx.NodeProto, others: list[onnx.NodeProto]) -> None:
        """Put several nodes in place of one; the last has its output."""
        for name in node.input:
            self.consumers[name] = [user for user in self.consumers[name] if user is not node]
        self._before[node.output[0]] = others
        self.changed = True
        for other in others:
            self._connect(other)

    def add_initializer(self, tensor: onnx.TensorProto) -> None:
        """A new constant."""
        if tensor.name not in self.initializers:
            self.initializers[tensor.name] = self.proto.initializer.add()
            self.initializers[tensor.name].CopyFrom(tensor)

    def finish(self) -> onnx.ModelProto:
        """Write the changes back into the model; the graph is of no use afterwards."""
        ordered: list[onnx.NodeProto] = []
        for node in self.nodes:
            ordered += self._in_place(node)
        copies = []
        for node in ordered:
            copies.append(onnx.NodeProto())
            copies[-1].CopyFrom(node)
        del self.proto.node[:]
        self.proto.node.extend(copies)
        return self.model

    def _in_place(self, node: onnx.NodeProto) -> list[onnx.NodeProto]:
        found = self._before.get(node.output[0], [node])
        return [*found, *(added for name in node.output for added in self._behind(name))]

    def _behind(self, value: str) -> Iterator[onnx.NodeProto]:
        for added in self._after.get(value, []):
            yield added
            yield from self._behind(added.output[0])
