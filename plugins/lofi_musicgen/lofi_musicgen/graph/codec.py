"""EnCodec's decoder cut in three, so that it can be run piece by piece without a seam.

`codec_front` looks the codes up and has the first convolution (3 frames of context on each side),
`codec_lstm` carries its state from piece to piece, `codec_up` has everything after it (less than a frame of
context). Each pads inside as the whole network does at its two ends; what the padding spoils elsewhere is the
context, which the caller drops.

Source: EnCodec, arXiv 2210.13438; transformers `modeling_encodec`, whose tensor names are read here.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from onnx import TensorProto

from lofi_core import ModelLoadFailed
from lofi_musicgen.graph.builder import GraphBuilder

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    from lofi_musicgen.config import CodecConfig
    from lofi_musicgen.weights import Checkpoint

DECODER = "audio_encoder.decoder.layers"
FIRST = f"{DECODER}.0.conv"
QUANTIZER = "audio_encoder.quantizer.layers"
FLOAT = TensorProto.FLOAT
PAD_MODES = {"reflect": "reflect", "constant": "constant", "replicate": "edge"}


@dataclass(frozen=True, slots=True)
class Context:
    """Frames that a piece needs on each side of what it makes."""

    front: int
    up: int


def context_of(config: CodecConfig) -> Context:
    """Worked out from the kernels: what one output depends on, in frames, rounded up."""
    reach = 0.0  # of the upsampler, in frames
    rate = 1
    for ratio in config.ratios:
        # A transposed convolution of width 2 r with r / 2 trimmed: at most r / 2 + 1 outputs to each side.
        reach += (ratio / 2 + 1) / (rate * ratio)
        rate *= ratio
        for block in range(config.num_residual_layers):
            dilation = config.dilation_growth_rate**block
            reach += (config.residual_kernel_size - 1) * dilation / 2 / rate
    reach += (config.last_kernel_size - 1) / 2 / rate
    return Context(front=config.kernel_size // 2, up=int(np.ceil(reach)))


def build_front(file: Path, checkpoint: Checkpoint, config: CodecConfig, codebooks: int) -> None:
    """Write the graph codes [K, T] int64 → features [1, C, T]. K is that of one channel.

    The code after a codebook's last one, `config.codebook_size`, stands for nothing: zeros.
    """
    check_codec(config)
    with GraphBuilder(file) as graph:
        codes = graph.input("codes", TensorProto.INT64, [codebooks, "frames"])
        found = look_up(graph, checkpoint, config, codes, codebooks)
        summed = graph.op("ReduceSum", found, graph.constant("axis", np.array([0])))  # [1, T, D]
        x = graph.op("Transpose", summed, perm=[0, 2, 1])
        convolution(graph, checkpoint, config, FIRST, x, output="features")
        graph.output("features", FLOAT, [1, lstm_width(config), "frames"])
        graph.save()


def look_up(
    graph: GraphBuilder, checkpoint: Checkpoint, config: CodecConfig, codes: str, codebooks: int
) -> str:
    """The vectors of codes [..., K, T]: [..., K, T, D]."""
    tables = [_with_nothing(checkpoint, k, config.codebook_size) for k in range(codebooks)]
    starts = np.arange(codebooks) * len(tables[0])
    at = graph.op("Add", codes, graph.constant("starts", starts[:, None]))
    return graph.op("Gather", graph.constant("codebooks", np.concatenate(tables)), at)


def build_lstm(file: Path, checkpoint: Checkpoint, config: CodecConfig) -> None:
    """Write the graph features [1, C, T], h, c [layers, 1, C] → states [1, C, T], h_out, c_out."""
    layers, width = config.num_lstm_layers, lstm_width(config)
    with GraphBuilder(file) as graph:
        features = graph.input("features", FLOAT, [1, width, "frames"])
        before = {letter: graph.input(letter, FLOAT, [layers, 1, width]) for letter in "hc"}
        x = sequence = graph.op("Transpose", features, perm=[2, 0, 1])  # [T, 1, C]
        after: dict[str, list[str]] = {"h": [], "c": []}
        for layer in range(layers):
            first, last = (
                graph.constant(f"at{layer + i}.{layer}.{i}", np.array([layer + i])) for i in (0, 1)
            )
            states = [graph.op("Slice", before[letter], first, last) for letter in "hc"]
            x, h, c = graph.ops(
                "LSTM", x, *lstm_weights(graph, checkpoint, layer), "", *states, outputs=3, hidden_size=width
            )
            x = graph.op("Squeeze", x, graph.constant(f"direction.{layer}", np.array([1])))
            after["h"].append(h)
            after["c"].append(c)
        graph.op("Transpose", graph.op("Add", x, sequence), perm=[1, 2, 0], name="states")
        graph.output("states", FLOAT, [1, width, "frames"])
        for letter in "hc":
            graph.op("Concat", *after[letter], axis=0, name=f"{letter}_out")
            graph.output(f"{letter}_out", FLOAT, [layers, 1, width])
        graph.save()


def build_up(file: Path, checkpoint: Checkpoint, config: CodecConfig) -> None:
    """Write the graph states [1, C, T] → samples [1, 1, T · hop]."""
    with GraphBuilder(file) as graph:
        x = graph.input("states", FLOAT, [1, lstm_width(config), "frames"])
        add_upsampler(graph, checkpoint, config, x, output="samples")
        graph.output("samples", FLOAT, [1, 1, "samples"])
        graph.save()


def add_upsampler(
    graph: GraphBuilder, checkpoint: Checkpoint, config: CodecConfig, x: str, output: str
) -> None:
    """All after the LSTM: x [B, C, T] to `output` [B, 1, T · hop]."""
    index = 2
    for ratio in config.ratios:
        x = _elu(graph, x)
        x = _transposed(graph, checkpoint, f"{DECODER}.{index + 1}.conv", x, ratio)
        index += 2
        for block in range(config.num_residual_layers):
            x = _residual(graph, checkpoint, config, f"{DECODER}.{index}", x, block)
            index += 1
    x = _elu(graph, x)
    convolution(graph, checkpoint, config, f"{DECODER}.{index + 1}.conv", x, output=output)


def check_codec(config: CodecConfig) -> None:
    """Refuse what these graphs cannot do.

    Raises:
        ModelLoadFailed: the codec is a causal one, or pads in an unknown way.
    """
    if config.causal:
        raise ModelLoadFailed("config.json asks for a causal EnCodec; MusicGen's is not")
    if config.pad_mode not in PAD_MODES:
        raise ModelLoadFailed(f"config.json has pad_mode {config.pad_mode!r}; known: {', '.join(PAD_MODES)}")


def _with_nothing(checkpoint: Checkpoint, codebook: int, size: int) -> NDArray[np.float32]:
    """The vectors of a codebook, [size + 1, D]; the last one is zero."""
    name = f"{QUANTIZER}.{codebook}.codebook.embed"
    table = checkpoint.tensor(name)
    if len(table) != size:
        raise ModelLoadFailed(
            f"{name} has {len(table)} codes where config.json has codebook_size {size}",
            "let config.json and model.safetensors come from the same model, or: lofi-core pull musicgen",
        )
    return np.pad(table, ((0, 1), (0, 0)))


def lstm_width(config: CodecConfig) -> int:
    """Channels of the LSTM."""
    return config.num_filters << len(config.ratios)


def _elu(graph: GraphBuilder, x: str) -> str:
    return graph.op("Elu", x, alpha=1.0)


def _residual(
    graph: GraphBuilder, checkpoint: Checkpoint, config: CodecConfig, at: str, x: str, block: int
) -> str:
    dilation = config.dilation_growth_rate**block
    y = convolution(graph, checkpoint, config, f"{at}.block.1.conv", _elu(graph, x), dilation)
    y = convolution(graph, checkpoint, config, f"{at}.block.3.conv", _elu(graph, y))
    if config.conv_shortcut:
        x = convolution(graph, checkpoint, config, f"{at}.shortcut.conv", x)
    return graph.op("Add", x, y)


def convolution(
    graph: GraphBuilder,
    checkpoint: Checkpoint,
    config: CodecConfig,
    at: str,
    x: str,
    dilation: int = 1,
    output: str | None = None,
    *,
    padded: bool = False,
) -> str:
    """A convolution of stride 1 that keeps the length; of an input that is `padded`, what it was before."""
    weight = _weight(checkpoint, at)
    total = (weight.shape[2] - 1) * dilation
    right = total // 2
    if total and not padded:
        pads = graph.constant(f"{at}.pads", np.array([0, 0, total - right, 0, 0, right]))
        x = graph.op("Pad", x, pads, mode=PAD_MODES[config.pad_mode])
    names = (
        graph.constant(f"{at}.weight", weight),
        graph.constant(f"{at}.bias", checkpoint.tensor(f"{at}.bias")),
    )
    return graph.op("Conv", x, *names, dilations=[dilation], name=output)


def _transposed(graph: GraphBuilder, checkpoint: Checkpoint, at: str, x: str, ratio: int) -> str:
    weight = _weight(checkpoint, at)
    total = weight.shape[2] - ratio
    right = total // 2
    names = (
        graph.constant(f"{at}.weight", weight),
        graph.constant(f"{at}.bias", checkpoint.tensor(f"{at}.bias")),
    )
    return graph.op("ConvTranspose", x, *names, strides=[ratio], pads=[total - right, right])


def _weight(checkpoint: Checkpoint, at: str) -> NDArray[np.float32]:
    """A convolution's weight; under weight normalisation g · v / |v|, in either of torch's spellings."""
    if f"{at}.weight" in checkpoint:
        return checkpoint.tensor(f"{at}.weight")
    new = f"{at}.parametrizations.weight.original0" in checkpoint
    names = ("parametrizations.weight.original0", "parametrizations.weight.original1")
    g, v = (checkpoint.tensor(f"{at}.{name}") for name in (names if new else ("weight_g", "weight_v")))
    length = np.sqrt(np.square(v, dtype=np.float64).sum(axis=(1, 2), keepdims=True))
    weight: NDArray[np.float32] = (g * v / length).astype(np.float32)
    return weight


def lstm_weights(graph: GraphBuilder, checkpoint: Checkpoint, layer: int) -> list[str]:
    """W, R and B as ONNX orders them: gates i, o, f, c where torch has i, f, c, o."""
    at = f"{DECODER}.1.lstm"

    def reordered(name: str) -> NDArray[np.float32]:
        i, f, c, o = np.split(checkpoint.tensor(f"{at}.{name}_l{layer}"), 4)
        return np.concatenate([i, o, f, c])

    bias = np.concatenate([reordered("bias_ih"), reordered("bias_hh")])
    arrays = {"W": reordered("weight_ih"), "R": reordered("weight_hh"), "B": bias}
    return [graph.constant(f"{at}.{name}{layer}", array[None]) for name, array in arrays.items()]
