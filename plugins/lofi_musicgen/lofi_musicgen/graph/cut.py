"""Cut somebody else's `encodec_decode.onnx` at its LSTM, so that it streams without a seam like our own.

The pieces have the names, inputs and outputs of `graph/codec.py`, and go to the same `StreamingCodec`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import onnx
from google.protobuf.message import DecodeError  # type: ignore[import-untyped]
from onnx import TensorProto, helper
from onnx.utils import Extractor

from lofi_core import ModelLoadFailed

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

FLOAT = TensorProto.FLOAT
Shape = tuple[int | str, ...]


def cut_codec(source: Path, directory: Path) -> None:
    """Write `codec_front.onnx`, `codec_lstm.onnx` and `codec_up.onnx`.

    Args:
        source: audio_codes [1, 1, K, T] int64 → audio_values [1, 1, T · hop], float32, with a stack of
            LSTMs [T, 1, C] whose input is added to its output.
        directory: to write to.

    Raises:
        ModelLoadFailed: the file is built otherwise; it can still be decoded in overlapping pieces.
    """
    try:
        model = onnx.load(source)
    except DecodeError as error:
        raise ModelLoadFailed(f"{source} is no ONNX file", "fetch it again") from error
    graph = model.graph
    lstms = [node for node in graph.node if node.op_type == "LSTM"]
    if len(graph.input) != 1 or not lstms:
        raise _cannot(source, f"{len(graph.input)} inputs and {len(lstms)} LSTMs")
    halves = any(tensor.data_type == TensorProto.FLOAT16 for tensor in graph.initializer)
    if halves or _opset(model) < 13:
        raise _cannot(source, "float16 weights" if halves else f"opset {_opset(model)}")
    codes, samples, before = graph.input[0].name, graph.output[0].name, lstms[0].input[0]
    after = _sum_after(model, before, lstms[-1].output[0])
    if after is None:
        raise _cannot(source, "no sum after its LSTM")
    width = next(a.i for a in lstms[0].attribute if a.name == "hidden_size")
    for name in (before, after):
        graph.value_info.append(helper.make_tensor_value_info(name, FLOAT, ["frames", 1, width]))
    extractor = Extractor(model)
    front = extractor.extract_model([codes], [before])
    lstm = extractor.extract_model([before], [after])
    up = extractor.extract_model([after], [samples])
    if not (_is_closed(lstm) and _is_closed(up)):
        raise _cannot(source, "other ways past it")
    kept: Shape = (1, width, "frames")
    front.graph.initializer.append(helper.make_tensor("cut.axes", TensorProto.INT64, [2], [0, 1]))
    _enter(front, "codes", TensorProto.INT64, ("K", "frames"), codes, "Unsqueeze", "cut.axes")
    _leave(front, "features", kept, before, "Transpose", perm=[1, 2, 0])
    _carry(lstm, width)
    _enter(lstm, "features", FLOAT, kept, before, "Transpose", perm=[2, 0, 1])
    _leave(lstm, "states", kept, after, "Transpose", perm=[1, 2, 0])
    _enter(up, "states", FLOAT, kept, after, "Transpose", perm=[2, 0, 1])
    _leave(up, "samples", (1, 1, "samples"), samples, "Identity")
    for name, part in (("front", front), ("lstm", lstm), ("up", up)):
        onnx.save(part, directory / f"codec_{name}.onnx")


def _cannot(source: Path, found: str) -> ModelLoadFailed:
    return ModelLoadFailed(f"{source} cannot be cut at its LSTM: it has {found}")


def _is_closed(model: onnx.ModelProto) -> bool:
    """Whether every node's inputs are known."""
    known = {"", *(value.name for value in model.graph.input), *(t.name for t in model.graph.initializer)}
    known |= {name for node in model.graph.node for name in node.output}
    return all(name in known for node in model.graph.node for name in node.input)


def _sum_after(model: onnx.ModelProto, before: str, lstm: str) -> str | None:
    """The output of the addition that takes the stack's input and, squeezed, its output."""
    squeezed = {
        node.output[0] for node in model.graph.node if node.op_type == "Squeeze" and node.input[0] == lstm
    }
    sums = [node for node in model.graph.node if node.op_type == "Add" and before in node.input]
    return next((node.output[0] for node in sums if squeezed & set(node.input)), None)


def _enter(
    model: onnx.ModelProto,
    name: str,
    dtype: int,
    shape: Shape,
    old: str,
    kind: str,
    *more: str,
    **how: Any,
) -> None:
    """Put a node between a new input and what was one."""
    inputs = [value for value in model.graph.input if value.name != old]
    del model.graph.input[:]
    model.graph.input.extend([helper.make_tensor_value_info(name, dtype, shape), *inputs])
    model.graph.node.insert(0, helper.make_node(kind, [name, *more], [old], f"cut.{name}", **how))


def _leave(model: onnx.ModelProto, name: str, shape: Shape, old: str, kind: str, **how: Any) -> None:
    """Put a node between what was an output and a new one."""
    if old == name:
        return
    outputs = [value for value in model.graph.output if value.name != old]
    del model.graph.output[:]
    model.graph.output.extend([helper.make_tensor_value_info(name, FLOAT, shape), *outputs])
    model.graph.node.append(helper.make_node(kind, [old], [name], f"cut.{name}", **how))


def _carry(model: onnx.ModelProto, width: int) -> None:
    """Let the LSTMs begin with h, c [layers, 1, C] and give back `h_out`, `c_out`."""
    lstms = [node for node in model.graph.node if node.op_type == "LSTM"]
    for place, letter in enumerate("hc"):
        first = [f"cut.{letter}{layer}" for layer in range(len(lstms))]
        last = [f"cut.{letter}{layer}_out" for layer in range(len(lstms))]
        for node, begin, end in zip(lstms, first, last, strict=True):
            _set(node.input, 5 + place, begin)
            _set(node.output, 1 + place, end)
        split = helper.make_node("Split", [letter], first, f"cut.{letter}", axis=0)
        if _opset(model) >= 18:
            split.attribute.append(helper.make_attribute("num_outputs", len(lstms)))
        model.graph.node.insert(0, split)
        model.graph.node.append(helper.make_node("Concat", last, [f"{letter}_out"], axis=0))
        shape = [len(lstms), 1, width]
        model.graph.input.append(helper.make_tensor_value_info(letter, FLOAT, shape))
        model.graph.output.append(helper.make_tensor_value_info(f"{letter}_out", FLOAT, shape))


def _opset(model: onnx.ModelProto) -> int:
    return next(int(entry.version) for entry in model.opset_import if entry.domain in {"", "ai.onnx"})


def _set(names: Sequence[str], place: int, name: str) -> None:
    """Set one of a node's names, which may be absent so far."""
    names.extend([""] * (place + 1 - len(names)))  # type: ignore[attr-defined]
    names[place] = name  # type: ignore[index]
