"""Which graph does each network run from, in the precision that is wanted? Made once, then kept beside it."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from math import prod
from typing import TYPE_CHECKING, Literal

from lofi_acestep.built import build, building, write_graph
from lofi_acestep.memory import weight_bytes
from lofi_acestep.precision.fp16 import to_fp16
from lofi_acestep.precision.int8 import to_int8
from lofi_acestep.surgery import erg
from lofi_acestep.surgery.epsilon import add_epsilon
from lofi_acestep.surgery.graph import Graph
from lofi_acestep.surgery.linear import add_linear
from lofi_acestep.surgery.skim import read_graph
from lofi_core import ModelLoadFailed

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from lofi_acestep.files import Files
    from lofi_core import Runtime

    Converter = Callable[[Path, Path, Callable[[float], None]], None]

Precision = Literal["fp32", "fp16", "int8"]
# Of the progress, when everything is made; what is left is for opening and trying it.
LAST_SHARE = 0.9
# What is lost with the graph of a form that cannot be written.
LOST = {"erg": "no erg", "linear": "no erg, and slower", "eps": "0 / 0 where nothing is to be heard"}


def stored_precision(file: Path) -> Precision:
    """What a network's weights are stored as."""
    import onnx

    graph = read_graph(file).graph
    if any(node.op_type == "MatMulNBits" for node in graph.node):
        return "int8"
    sizes = {onnx.TensorProto.FLOAT: 0, onnx.TensorProto.FLOAT16: 0}
    for tensor in graph.initializer:
        if tensor.data_type in sizes:
            sizes[tensor.data_type] += prod(tensor.dims)
    return "fp16" if sizes[onnx.TensorProto.FLOAT16] > sizes[onnx.TensorProto.FLOAT] else "fp32"


def prepare(files: Files, precision: Precision, runtime: Runtime) -> Files:
    """The files to open, made where they are not there yet.

    Text and context encoder run once a track and stay in fp32, but for int8's text encoder: UMT5 overflows in
    half precision. DCAE and vocoder are in half precision on a GPU only. On a CPU ONNX Runtime computes half
    precision in fp32, from fp32 copies: there it saves nothing but disk.

    Args:
        files: as published.
        precision: of the denoiser, nine tenths of the weights.
        runtime: where the progress goes.

    Raises:
        ModelLoadFailed: a file cannot be read, or a form of the weights cannot be written.
    """
    with building(files.directory, lambda: runtime.report(0, "wait for another process")):
        return _prepared(files, precision, runtime)


def _prepared(files: Files, precision: Precision, runtime: Runtime) -> Files:
    on_cpu = runtime.device == "cpu"
    text = _operated(files.text_encoder, "erg", partial(_operate, queries=erg.TEXT), runtime)
    context = _operated(files.context_encoder, "erg", partial(_operate, queries=erg.LYRICS), runtime)
    # int8 sees to that itself, and cuDNN's convolution is no slower than its product.
    linear = on_cpu and precision == "fp32"
    operate = partial(_operate, queries=erg.DENOISER, linear=linear)
    denoiser = _operated(files.denoiser, "linear" if linear else "erg", operate, runtime)
    latents, vocoder = _operated(files.latent_decoder, "eps", _operate, runtime), files.vocoder
    if precision == "int8":
        text, denoiser = _converted([text, denoiser], precision, to_int8, runtime)
    elif precision == "fp16" and on_cpu:
        (denoiser,) = _converted([denoiser], precision, to_fp16, runtime)
    elif precision == "fp16":
        denoiser, latents, vocoder = _converted([denoiser, latents, vocoder], precision, to_fp16, runtime)
    return replace(
        files,
        text_encoder=text,
        context_encoder=context,
        denoiser=denoiser,
        latent_decoder=latents,
        vocoder=vocoder,
    )


def _operated(file: Path, form: str, operate: Callable[[Path], Graph | None], runtime: Runtime) -> Path:
    """The graph after surgery; the file itself where nothing is to be done, or nothing can be written."""
    graph = operate(file)
    if graph is None:
        return file
    try:
        return build(file, form, lambda _source, target: write_graph(graph.finish(), target))
    except ModelLoadFailed as error:
        runtime.log.warning("%s; it is used as it was: %s", error, LOST[form])
        return file


def _operate(file: Path, *, queries: erg.Queries | None = None, linear: bool = False) -> Graph | None:
    """The changed graph, or None where nothing had to be changed."""
    graph = Graph(read_graph(file))
    add_epsilon(graph)
    if queries is not None:
        erg.add_weakening(graph, queries)
    if linear:
        add_linear(graph)
    return graph if graph.changed else None


def _converted(files: list[Path], precision: Precision, convert: Converter, runtime: Runtime) -> list[Path]:
    """Files in another precision, but for those that are in one already."""
    sizes = [weight_bytes(file) for file in files]
    made: list[Path] = []
    for number, file in enumerate(files):
        first, width = (LAST_SHARE * sum(part) / sum(sizes) for part in (sizes[:number], [sizes[number]]))

        def make(source: Path, target: Path, first: float = first, width: float = width) -> None:
            stage = f"{precision} weights"
            convert(source, target, lambda share: runtime.report(first + width * share, stage))

        made.append(build(file, precision, make) if stored_precision(file) == "fp32" else file)
    return made
