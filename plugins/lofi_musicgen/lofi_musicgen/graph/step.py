"""The decoder as two graphs: `step` takes a column of codes to logits, `cross` a text to keys and values.

Both guidance rows go through `step` as a batch of two: row 0 conditional, row 1 unconditional. The text keys
and values of row 1 are zero, so its cross-attention is exactly zero, as the reference's is under its mask.

Source: MusicGen, arXiv 2306.05284; transformers `modeling_musicgen`, whose tensor names are read here.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from lofi_core import ModelLoadFailed
from lofi_musicgen.graph.builder import MICROSOFT, GraphBuilder

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from lofi_musicgen.config import MusicGenConfig
    from lofi_musicgen.graph.builder import Kind
    from lofi_musicgen.weights import Checkpoint

PREFIX = "decoder.model.decoder"
EPSILON = 1e-5  # torch.nn.LayerNorm's
FLOAT, HALF, INT8 = TensorProto.FLOAT, TensorProto.FLOAT16, TensorProto.INT8
ACTIVATIONS: dict[str, tuple[str, str]] = {"gelu": ("Gelu", MICROSOFT), "relu": ("Relu", "")}


def sinusoids(positions: int, width: int) -> NDArray[np.float32]:
    """[positions, width]: cosines, then sines, of geometrically falling frequencies."""
    half = width // 2
    rates = np.exp(np.arange(half, dtype=np.float32) * -np.float32(math.log(10_000) / (half - 1)))
    angles = np.arange(positions, dtype=np.float32)[:, None] * rates
    table = np.concatenate([np.cos(angles), np.sin(angles)], axis=1)
    return np.pad(table, ((0, 0), (0, width % 2))).astype(np.float32)


def build_cross(file: Path, checkpoint: Checkpoint, config: MusicGenConfig, kind: Kind) -> None:
    """Write the graph hidden [1, L, d_text] → `cross_k{i}`, `cross_v{i}` [2, H, L, D], row 1 zero."""
    with GraphBuilder(file, kind) as graph:
        dtype = HALF if kind == "fp16" else FLOAT
        x = graph.input("hidden", dtype, [1, "text", config.text.d_model])
        if "enc_to_dec_proj.weight" in checkpoint:
            x = graph.matmul(x, "project", checkpoint.tensor("enc_to_dec_proj.weight"))
            x = graph.op("Add", x, _vector(graph, checkpoint, "enc_to_dec_proj.bias"))
        split = graph.constant("split", np.array([1, -1, config.num_heads, config.head_size]))
        rows = graph.constant("rows", np.array([1, 0], _numpy(graph)).reshape(2, 1, 1, 1))
        for layer in range(config.num_layers):
            for letter in "kv":
                name = f"cross_{letter}{layer}"
                weight = checkpoint.tensor(f"{PREFIX}.layers.{layer}.encoder_attn.{letter}_proj.weight")
                heads = graph.op("Reshape", graph.matmul(x, f"{name}.weight", weight), split)
                heads = graph.op("Transpose", heads, perm=[0, 2, 1, 3])
                graph.op("Mul", heads, rows, name=name)
                graph.output(name, dtype, [2, config.num_heads, "text", config.head_size])
        graph.save()


def build_step(
    file: Path,
    checkpoint: Checkpoint,
    config: MusicGenConfig,
    kind: Kind,
    report: Callable[[float], None],
) -> None:
    """Write the graph ids [K, S] → logits [2, K, V] of the last column, with keys and values kept in place.

    Its other inputs: `positions` [S] int64; `seqlens` [2] int32, the last position; `total` int32, how many
    positions there are then; `past_k{i}`, `past_v{i}` [2, H, T, D], to be bound to the same memory as the
    outputs `present_…`; `cross_k{i}`, `cross_v{i}` from `cross`. More than one column needs an empty past.
    """
    with GraphBuilder(file, kind) as graph:
        x = _embed(graph, checkpoint, config)
        norm = _norm_names(graph, checkpoint, f"{PREFIX}.layers.0.self_attn_layer_norm")
        normed = graph.op("LayerNormalization", x, *norm, epsilon=EPSILON)
        for layer in range(config.num_layers):
            report(layer / config.num_layers)
            x, normed = _layer(graph, checkpoint, config, layer, x, normed)
        _heads(graph, checkpoint, config, normed)
        graph.save()


def _embed(graph: GraphBuilder, checkpoint: Checkpoint, config: MusicGenConfig) -> str:
    """The sum of the codebooks' embeddings, and the position: [2, S, hidden], both rows alike."""
    codebooks = range(config.num_codebooks)
    ids = graph.input("ids", TensorProto.INT64, [config.num_codebooks, "columns"])
    positions = graph.input("positions", TensorProto.INT64, ["columns"])
    graph.input("seqlens", TensorProto.INT32, [2])
    graph.input("total", TensorProto.INT32, [])
    tables = [checkpoint.tensor(f"{PREFIX}.embed_tokens.{k}.weight") for k in codebooks]
    table = graph.constant("embed", np.concatenate(tables).astype(_numpy(graph)))  # [K (V + 1), hidden]
    starts = np.cumsum([0, *(len(each) for each in tables[:-1])]).astype(np.int64)
    at = graph.op("Add", ids, graph.constant("embed.starts", starts[:, None]))
    summed = graph.op("ReduceSum", graph.op("Gather", table, at), graph.constant("axis", np.array([0])))
    sines = sinusoids(config.max_positions, config.hidden_size).astype(_numpy(graph))
    x = graph.op("Add", summed, graph.op("Gather", graph.constant("positions.table", sines), positions))
    return graph.op("Concat", x, x, axis=0)


def _layer(
    graph: GraphBuilder, checkpoint: Checkpoint, config: MusicGenConfig, layer: int, x: str, normed: str
) -> tuple[str, str]:
    """One block. Takes and returns the residual stream and its normalised form, [2, S, hidden]."""
    at = f"{PREFIX}.layers.{layer}"
    last = layer + 1 == config.num_layers
    after = f"{PREFIX}.layer_norm" if last else f"{PREFIX}.layers.{layer + 1}.self_attn_layer_norm"

    def linear(value: str, name: str) -> str:
        return graph.matmul(value, f"{layer}.{name}", checkpoint.tensor(f"{at}.{name}.weight"))

    def add(value: str, residual: str, norm: str) -> tuple[str, str]:
        names = _norm_names(graph, checkpoint, norm)
        made = graph.ops(
            "SkipLayerNormalization", residual, value, *names, outputs=4, domain=MICROSOFT, epsilon=EPSILON
        )
        return made[3], made[0]

    x, normed = add(
        linear(_self_attention(graph, checkpoint, config, layer, normed), "self_attn.out_proj"),
        x,
        f"{at}.encoder_attn_layer_norm",
    )
    text = graph.op(
        "MultiHeadAttention",
        linear(normed, "encoder_attn.q_proj"),
        *_cross_inputs(graph, config, layer),
        domain=MICROSOFT,
        num_heads=config.num_heads,
    )
    x, normed = add(linear(text, "encoder_attn.out_proj"), x, f"{at}.final_layer_norm")
    activation, domain = activation_of(config)
    inner = graph.op(activation, linear(normed, "fc1"), domain=domain)
    return add(linear(inner, "fc2"), x, after)


def activation_of(config: MusicGenConfig) -> tuple[str, str]:
    """Operator and domain of the feed-forward part's activation.

    Raises:
        ModelLoadFailed: it is none that we know.
    """
    if config.activation not in ACTIVATIONS:
        known = ", ".join(ACTIVATIONS)
        raise ModelLoadFailed(f"config.json names activation_function {config.activation!r}; known: {known}")
    return ACTIVATIONS[config.activation]


def _self_attention(
    graph: GraphBuilder, checkpoint: Checkpoint, config: MusicGenConfig, layer: int, normed: str
) -> str:
    at = f"{PREFIX}.layers.{layer}.self_attn"
    weight = np.concatenate([checkpoint.tensor(f"{at}.{letter}_proj.weight") for letter in "qkv"])
    packed = graph.matmul(normed, f"{layer}.qkv", weight)
    dtype = HALF if graph.kind == "fp16" else FLOAT
    shape: list[int | str] = [2, config.num_heads, "capacity", config.head_size]
    past = [graph.input(f"past_{letter}{layer}", dtype, shape) for letter in "kv"]
    present = [graph.output(f"present_{letter}{layer}", dtype, shape) for letter in "kv"]
    return graph.ops(
        "GroupQueryAttention",
        *(packed, "", "", *past, "seqlens", "total"),
        outputs=[f"attended{layer}", *present],
        domain=MICROSOFT,
        num_heads=config.num_heads,
        kv_num_heads=config.num_heads,
        do_rotary=0,
    )[0]


def _cross_inputs(graph: GraphBuilder, config: MusicGenConfig, layer: int) -> list[str]:
    dtype = HALF if graph.kind == "fp16" else FLOAT
    shape: list[int | str] = [2, config.num_heads, "text", config.head_size]
    return [graph.input(f"cross_{letter}{layer}", dtype, shape) for letter in "kv"]


def _heads(graph: GraphBuilder, checkpoint: Checkpoint, config: MusicGenConfig, normed: str) -> None:
    """The codebooks' heads as one matrix, on the last column."""
    codebooks = range(config.num_codebooks)
    weight = np.concatenate([checkpoint.tensor(f"decoder.lm_heads.{k}.weight") for k in codebooks])
    last = graph.op("Gather", normed, graph.constant("last", np.array(-1)), axis=1)  # [2, hidden]
    logits = graph.matmul(last, "heads", weight)
    if graph.kind == "fp16":
        logits = graph.op("Cast", logits, to=FLOAT)
    shape = [2, config.num_codebooks, config.vocab_size]
    graph.op("Reshape", logits, graph.constant("logits.shape", np.array(shape)), name="logits")
    graph.output("logits", FLOAT, shape)


def _norm_names(graph: GraphBuilder, checkpoint: Checkpoint, name: str) -> list[str]:
    return [_vector(graph, checkpoint, f"{name}.{part}") for part in ("weight", "bias")]


def _vector(graph: GraphBuilder, checkpoint: Checkpoint, name: str) -> str:
    return graph.constant(name, checkpoint.tensor(name).astype(_numpy(graph)))


def _numpy(graph: GraphBuilder) -> type[np.float16 | np.float32]:
    return np.float16 if graph.kind == "fp16" else np.float32


def with_int8_cache(
    source: Path, target: Path, scales: Sequence[tuple[NDArray[np.float32], NDArray[np.float32]]]
) -> None:
    """Rewrite a `step` graph so that keys and values are kept in int8; its weights stay where they are.

    Args:
        source: the graph; its data file is shared.
        target: in the same directory.
        scales: for each layer, of keys and of values: [H, D] float32, per channel.
    """
    model = onnx.load(str(source), load_external_data=False)
    layer = 0
    for node in model.graph.node:
        if node.op_type != "GroupQueryAttention":
            continue
        names = [f"{letter}_scale{layer}" for letter in "kv"]
        for name, scale in zip(names, scales[layer], strict=True):
            shaped = scale.reshape(1, scale.shape[0], 1, scale.shape[1]).astype(np.float32)
            model.graph.initializer.append(numpy_helper.from_array(shaped, name))
        # Between them: cos_cache, sin_cache, position_ids, attention_bias, head_sink.
        node.input.extend(["", "", "", "", "", *names])
        attributes = {"k_quant_type": "PER_CHANNEL", "v_quant_type": "PER_CHANNEL", "kv_cache_bit_width": 8}
        node.attribute.extend(helper.make_attribute(key, value) for key, value in attributes.items())
        layer += 1
    for value in (*model.graph.input, *model.graph.output):
        if value.name.startswith(("past_", "present_")):
            value.type.tensor_type.elem_type = INT8
    target.write_bytes(model.SerializeToString())
