"""T5's encoder as a graph: embedded tokens and a position bias to hidden states.

The embedding table stays in the checkpoint, of which a prompt needs a few rows, and the position bias is
worked out by `position_bias`, since it depends on the length alone.

Source: T5, arXiv 1910.10683; transformers `modeling_t5`, whose tensor names are read here.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
from onnx import TensorProto

from lofi_core import ModelLoadFailed
from lofi_musicgen.graph.builder import GraphBuilder

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    from lofi_musicgen.config import TextConfig
    from lofi_musicgen.graph.builder import Kind
    from lofi_musicgen.weights import Checkpoint

BLOCK = "text_encoder.encoder.block"
BIAS_TABLE = f"{BLOCK}.0.layer.0.SelfAttention.relative_attention_bias.weight"
# `feed_forward_proj` → the activation, and how Gelu is approximated.
ACTIVATIONS: dict[str, tuple[str, str]] = {
    "relu": ("Relu", ""),
    "gelu": ("Gelu", "none"),
    "gelu_new": ("Gelu", "tanh"),
    "gated-gelu": ("Gelu", "tanh"),  # transformers reads it as gelu_new
    "gated-relu": ("Relu", ""),
}


def embedding_name(checkpoint: Checkpoint) -> str:
    """The tensor that holds the token embeddings; tied ones are stored under one of two names."""
    names = ("text_encoder.shared.weight", "text_encoder.encoder.embed_tokens.weight")
    return next((name for name in names if name in checkpoint), names[0])


def position_bias(table: NDArray[np.float32], length: int, max_distance: int) -> NDArray[np.float32]:
    """What attention adds for the distance between two tokens.

    Args:
        table: [buckets, heads] float32.
        length: of the prompt, in tokens.
        max_distance: from which on all distances are one bucket.

    Returns:
        [1, heads, length, length] float32.
    """
    offsets = np.arange(length)
    distance = offsets[None, :] - offsets[:, None]  # key minus query
    return table[_buckets(distance, len(table), max_distance)].transpose(2, 0, 1)[None]


def bias_by_distance(table: NDArray[np.float32], max_distance: int) -> NDArray[np.float32]:
    """What attention adds, for the distances from -max_distance to max_distance: [2 · max + 1, heads]."""
    return table[_buckets(np.arange(-max_distance, max_distance + 1), len(table), max_distance)]


def _buckets(distance: NDArray[np.int64], buckets: int, max_distance: int) -> NDArray[np.int64]:
    """Half of the buckets for keys ahead; of each half, half for exact distances, half logarithmic."""
    half = buckets // 2
    exact = half // 2
    far = np.abs(distance)
    # float32, as the reference: the buckets' edges depend on it.
    ratio = np.log(np.maximum(far, 1).astype(np.float32) / exact) / np.float32(math.log(max_distance / exact))
    log = np.minimum(exact + (ratio * (half - exact)).astype(np.int64), half - 1)
    return np.where(distance > 0, half, 0) + np.where(far < exact, far, log)


def build_text_encoder(file: Path, checkpoint: Checkpoint, config: TextConfig, kind: Kind) -> None:
    """Write the graph embedded [1, L, d_model], bias [1, heads, L, L] → hidden [1, L, d_model]."""
    # T5's activations have outliers that int8 would drown the rest in; the encoder runs once a track.
    with GraphBuilder(file, kind, int8_activations=False) as graph:
        x = graph.input("embedded", TensorProto.FLOAT, [1, "text", config.d_model])
        graph.input("bias", TensorProto.FLOAT, [1, config.num_heads, "text", "text"])
        add_blocks(graph, checkpoint, config, x, "bias", output="hidden")
        graph.output("hidden", TensorProto.FLOAT, [1, "text", config.d_model])
        graph.save()


def add_blocks(
    graph: GraphBuilder, checkpoint: Checkpoint, config: TextConfig, x: str, bias: str, output: str
) -> None:
    """All layers: x [B, L, d_model], and a bias that broadcasts to [B, heads, L, L], to `output`."""
    for layer in range(config.num_layers):
        x = _attention(graph, checkpoint, config, f"{BLOCK}.{layer}.layer.0", x, bias)
        x = _feed_forward(graph, checkpoint, config, f"{BLOCK}.{layer}.layer.1", x)
    _norm(graph, checkpoint, config, "text_encoder.encoder.final_layer_norm", x, output=output)


def _norm(
    graph: GraphBuilder,
    checkpoint: Checkpoint,
    config: TextConfig,
    at: str,
    x: str,
    output: str | None = None,
) -> str:
    """Root mean square, without mean and bias."""
    mean = graph.op("ReduceMean", graph.op("Mul", x, x), graph.constant(f"{at}.axis", np.array([-1])))
    epsilon = graph.constant(f"{at}.epsilon", np.array(config.layer_norm_epsilon, np.float32))
    root = graph.op("Sqrt", graph.op("Add", mean, epsilon))
    weight = graph.constant(f"{at}.weight", checkpoint.tensor(f"{at}.weight"))
    return graph.op("Mul", graph.op("Div", x, root), weight, name=output)


def _attention(
    graph: GraphBuilder, checkpoint: Checkpoint, config: TextConfig, at: str, x: str, bias: str
) -> str:
    """Self-attention without scaling; the bias is added to the scores."""
    normed = _norm(graph, checkpoint, config, f"{at}.layer_norm", x)
    split = graph.constant(f"{at}.split", np.array([0, -1, config.num_heads, config.d_kv]))
    join = graph.constant(f"{at}.join", np.array([0, -1, config.num_heads * config.d_kv]))

    def heads(letter: str, *perm: int) -> str:
        name = f"{at}.SelfAttention.{letter}.weight"
        made = graph.matmul(normed, name, checkpoint.tensor(name))
        return graph.op("Transpose", graph.op("Reshape", made, split), perm=list(perm))

    scores = graph.op("MatMul", heads("q", 0, 2, 1, 3), heads("k", 0, 2, 3, 1))
    shares = graph.op("Softmax", graph.op("Add", scores, bias), axis=-1)
    mixed = graph.op("Transpose", graph.op("MatMul", shares, heads("v", 0, 2, 1, 3)), perm=[0, 2, 1, 3])
    name = f"{at}.SelfAttention.o.weight"
    return graph.op("Add", x, graph.matmul(graph.op("Reshape", mixed, join), name, checkpoint.tensor(name)))


def _feed_forward(graph: GraphBuilder, checkpoint: Checkpoint, config: TextConfig, at: str, x: str) -> str:
    if config.feed_forward_proj not in ACTIVATIONS:
        known = ", ".join(ACTIVATIONS)
        raise ModelLoadFailed(
            f"config.json has feed_forward_proj {config.feed_forward_proj!r}; known: {known}"
        )
    operator, approximate = ACTIVATIONS[config.feed_forward_proj]
    normed = _norm(graph, checkpoint, config, f"{at}.layer_norm", x)

    def linear(value: str, part: str) -> str:
        name = f"{at}.DenseReluDense.{part}.weight"
        return graph.matmul(value, name, checkpoint.tensor(name))

    def activated(value: str) -> str:
        return graph.gelu(value, approximate) if operator == "Gelu" else graph.op(operator, value)

    if config.feed_forward_proj.startswith("gated-"):
        inner = graph.op("Mul", activated(linear(normed, "wi_0")), linear(normed, "wi_1"))
    else:
        inner = activated(linear(normed, "wi"))
    return graph.op("Add", x, linear(inner, "wo"))
