"""Write an ONNX graph node by node, its weights straight to the disk."""

from __future__ import annotations

import math
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, Self

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from lofi_core import ModelLoadFailed
from lofi_musicgen.graph.quantise import quantise

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import BinaryIO

    from numpy.typing import NDArray

MICROSOFT = "com.microsoft"
OPSET, IR_VERSION = 21, 10
# What ONNX Runtime has read since 1.14; other programs are not always up to date.
WIDELY_READ_OPSET, WIDELY_READ_IR_VERSION = 18, 8
# Smaller initializers stay in the .onnx file.
EXTERNAL_FROM_BYTES = 1024
# ONNX Runtime maps external data into memory; Windows wants 64 KiB, everyone else a page.
ALIGNMENT = 4096

Kind = Literal["fp32", "fp16", "int8", "int4"]
_BITS = {"int8": 8, "int4": 4}


class GraphBuilder:
    """Collects nodes; initializers go to `NAME.data` beside the graph as they are added.

    Used as a context manager: leaving it closes the data file.

    Args:
        file: the `.onnx` file to be written.
        kind: of the weight matrices.
        block_size: of the quantised ones, at most; a matrix that is no multiple of it gets a smaller one.
        int8_activations: multiply in int8, several times faster; without it only the weights are quantised.
        embedded: keep everything in the one file, which may not reach 2 GB then.
        widely_read: use operators that older programs know too.
    """

    def __init__(
        self,
        file: Path,
        kind: Kind = "fp32",
        block_size: int = 128,
        *,
        int8_activations: bool = True,
        embedded: bool = False,
        widely_read: bool = False,
    ) -> None:
        self.file = file
        self.kind: Kind = kind
        self.inputs: list[onnx.ValueInfoProto] = []
        self.outputs: list[onnx.ValueInfoProto] = []
        self._widely_read = widely_read
        self._block_size = block_size
        self._accuracy_level = 4 if int8_activations else 1
        self._nodes: list[onnx.NodeProto] = []
        self._initializers: list[onnx.TensorProto] = []
        self._data: BinaryIO | None = None
        if not embedded:
            self._data = Path(f"{file}.data").open("wb")  # noqa: SIM115 - `__exit__` closes it

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        if self._data:
            self._data.close()

    def has(self, name: str) -> bool:
        """Whether there is an input or an initializer of that name."""
        declared = {value.name for value in self.inputs} | {value.name for value in self._initializers}
        return name in declared

    def input(self, name: str, dtype: int, shape: Sequence[int | str]) -> str:
        """Declare an input; text dimensions are free."""
        self.inputs.append(helper.make_tensor_value_info(name, dtype, list(shape)))
        return name

    def output(self, name: str, dtype: int, shape: Sequence[int | str]) -> str:
        """Declare an output."""
        self.outputs.append(helper.make_tensor_value_info(name, dtype, list(shape)))
        return name

    def constant(self, name: str, array: NDArray[Any]) -> str:
        """Add an initializer. Its name must be new."""
        array = np.asarray(array, order="C")  # a scalar stays one
        if self._data is None or array.nbytes < EXTERNAL_FROM_BYTES:
            self._initializers.append(numpy_helper.from_array(array, name))
            return name
        self._data.write(b"\0" * (-self._data.tell() % ALIGNMENT))
        tensor = TensorProto(name=name, data_type=helper.np_dtype_to_tensor_dtype(array.dtype))
        tensor.dims.extend(array.shape)
        tensor.data_location = TensorProto.EXTERNAL
        place = {"location": f"{self.file.name}.data", "offset": self._data.tell(), "length": array.nbytes}
        for key, value in place.items():
            tensor.external_data.add(key=key, value=str(value))
        self._data.write(array.data)
        self._initializers.append(tensor)
        return name

    def op(
        self, kind: str, *inputs: str, domain: str = "", name: str | None = None, **attributes: Any
    ) -> str:
        """Add a node with one output; returns the output's name."""
        return self.ops(kind, *inputs, outputs=[name] if name else 1, domain=domain, **attributes)[0]

    def ops(
        self, kind: str, *inputs: str, outputs: int | Sequence[str], domain: str = "", **attributes: Any
    ) -> list[str]:
        """Add a node with several outputs, named by the caller or by number."""
        serial = len(self._nodes)
        names = list(outputs) if not isinstance(outputs, int) else [f"t{serial}_{i}" for i in range(outputs)]
        node = helper.make_node(kind, list(inputs), names, f"n{serial}", domain=domain, **attributes)
        self._nodes.append(node)
        return names

    def gelu(self, x: str, approximate: str = "none") -> str:
        """The activation x · Φ(x), in standard operators; `tanh` names its usual approximation."""
        if not self._widely_read:
            return self.op("Gelu", x, approximate=approximate)

        def number(value: float) -> str:
            name = f"gelu.{value:.6f}"
            return name if self.has(name) else self.constant(name, np.array(value, np.float32))

        if approximate == "tanh":
            cube = self.op("Mul", self.op("Mul", self.op("Mul", x, x), x), number(0.044715))
            inner = self.op("Tanh", self.op("Mul", self.op("Add", x, cube), number(math.sqrt(2 / math.pi))))
        else:
            inner = self.op("Erf", self.op("Div", x, number(math.sqrt(2))))
        return self.op("Mul", self.op("Mul", x, self.op("Add", inner, number(1.0))), number(0.5))

    def matmul(self, x: str, name: str, weight: NDArray[np.float32]) -> str:
        """`x` times the transposed `weight` [N, K], in this graph's kind of weights.

        Quantised weights need K to be a multiple of 16; what is not stays in float32.
        """
        rows, columns = weight.shape
        if self.kind not in _BITS or columns % 16:
            dtype = np.float16 if self.kind == "fp16" else np.float32
            return self.op("MatMul", x, self.constant(name, weight.T.astype(dtype)))
        bits = _BITS[self.kind]
        block = self._block_size
        while columns % block:
            block //= 2
        packed, scales = quantise(weight, bits, block)
        return self.op(
            "MatMulNBits",
            x,
            self.constant(f"{name}.packed", packed),
            self.constant(f"{name}.scales", scales),
            domain=MICROSOFT,
            K=columns,
            N=rows,
            bits=bits,
            block_size=block,
            accuracy_level=self._accuracy_level,
        )

    def save(self) -> None:
        """Write the graph; its data is already there."""
        if self._data:
            self._data.flush()
        graph = helper.make_graph(self._nodes, self.file.stem, self.inputs, self.outputs, self._initializers)
        # Other programs may refuse a domain that they do not know, even an unused one.
        own = WIDELY_READ_OPSET if self._widely_read else OPSET
        version = WIDELY_READ_IR_VERSION if self._widely_read else IR_VERSION
        versions = {"": own, **{node.domain: 1 for node in self._nodes if node.domain}}
        opsets = [helper.make_opsetid(domain, number) for domain, number in versions.items()]
        model = helper.make_model(graph, opset_imports=opsets, ir_version=version)
        self.file.write_bytes(model.SerializeToString())


def no_space(error: OSError, directory: Path) -> ModelLoadFailed:
    """What to say when a graph could not be written."""
    return ModelLoadFailed(
        f"the model's graphs could not be written to {directory}: {error.strerror or error}",
        "make room there, or let [backends.musicgen] model_dir name another disk",
    )
