"""The text encoder and EnCodec's decoder as optimum exports them: each whole, of standard operators only.

Source: optimum's `MusicgenOnnxConfig`, for names and shapes; transformers `modeling_t5`, `modeling_encodec`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from onnx import TensorProto

from lofi_musicgen.graph.builder import GraphBuilder
from lofi_musicgen.graph.codec import (
    FIRST,
    PAD_MODES,
    add_upsampler,
    check_codec,
    convolution,
    look_up,
    lstm_weights,
    lstm_width,
)
from lofi_musicgen.graph.split import NOWHERE, ROWS, TEXT
from lofi_musicgen.graph.text import BIAS_TABLE, add_blocks, bias_by_distance, embedding_name

if TYPE_CHECKING:
    from pathlib import Path

    from lofi_musicgen.config import CodecConfig, TextConfig
    from lofi_musicgen.weights import Checkpoint

FLOAT, INT64 = TensorProto.FLOAT, TensorProto.INT64


def build_whole_text(file: Path, checkpoint: Checkpoint, config: TextConfig) -> None:
    """Write the graph input_ids, attention_mask [B, L] → last_hidden_state [B, L, d_model]."""
    with GraphBuilder(file, embedded=True, widely_read=True) as graph:
        ids = graph.input("input_ids", INT64, [ROWS, TEXT])
        mask = graph.input("attention_mask", INT64, [ROWS, TEXT])
        table = graph.constant("embeddings", checkpoint.tensor(embedding_name(checkpoint)))
        bias = graph.op("Add", _position_bias(graph, checkpoint, config, ids), _mask_bias(graph, mask))
        add_blocks(graph, checkpoint, config, graph.op("Gather", table, ids), bias, "last_hidden_state")
        graph.output("last_hidden_state", FLOAT, [ROWS, TEXT, config.d_model])
        graph.save()


def _position_bias(graph: GraphBuilder, checkpoint: Checkpoint, config: TextConfig, ids: str) -> str:
    """[1, heads, L, L]. The logarithm of the buckets is in the table: one of another library could differ."""
    furthest = config.relative_attention_max_distance
    length = graph.op("Gather", graph.op("Shape", ids), graph.constant("length.axis", np.array(1)))
    offsets = graph.op(
        "Range", graph.constant("zero", np.array(0)), length, graph.constant("one", np.array(1))
    )
    keys, queries = (
        graph.op("Unsqueeze", offsets, graph.constant(f"offsets.axis{axis}", np.array([axis])))
        for axis in (0, 1)
    )
    limits = (
        graph.constant(name, np.array(limit)) for name, limit in (("nearest", -furthest), ("far", furthest))
    )
    distance = graph.op("Clip", graph.op("Sub", keys, queries), *limits)
    at = graph.op("Add", distance, graph.constant("middle", np.array(furthest)))
    by_distance = bias_by_distance(checkpoint.tensor(BIAS_TABLE), furthest)
    bias = graph.op("Gather", graph.constant("bias_by_distance", by_distance), at)  # [L, L, heads]
    first = graph.op("Transpose", bias, perm=[2, 0, 1])
    return graph.op("Unsqueeze", first, graph.constant("bias.axis", np.array([0])))


def _mask_bias(graph: GraphBuilder, mask: str) -> str:
    """[B, 1, 1, L]: nothing where the mask is 1, very much less where it is 0."""
    shown = graph.op("Cast", mask, to=FLOAT)
    hidden = graph.op("Sub", graph.constant("shown", np.array(1, np.float32)), shown)
    added = graph.op("Mul", hidden, graph.constant("nowhere", np.array(NOWHERE)))
    return graph.op("Unsqueeze", added, graph.constant("mask.axes", np.array([1, 2])))


def build_whole_codec(file: Path, checkpoint: Checkpoint, config: CodecConfig, codebooks: int) -> None:
    """Write the graph audio_codes [1, B, K, T] int64 → audio_values [B, 1, T · hop]."""
    check_codec(config)
    with GraphBuilder(file, embedded=True, widely_read=True) as graph:
        codes = graph.input("audio_codes", INT64, [1, "batch_size", codebooks, "chunk_length"])
        codes = graph.op("Squeeze", codes, graph.constant("chunks.axis", np.array([0])))  # [B, K, T]
        found = look_up(graph, checkpoint, config, codes, codebooks)
        axis = graph.constant("codebooks.axis", np.array([1]))
        summed = graph.op("ReduceSum", found, axis, keepdims=0)  # [B, T, D]
        x = _padded(graph, config, graph.op("Transpose", summed, perm=[0, 2, 1]))
        x = convolution(graph, checkpoint, config, FIRST, x, padded=True)
        sequence = states = graph.op("Transpose", x, perm=[2, 0, 1])  # [T, B, C]
        for layer in range(config.num_lstm_layers):
            weights = lstm_weights(graph, checkpoint, layer)
            states = graph.op("LSTM", states, *weights, hidden_size=lstm_width(config))
            direction = graph.constant(f"direction.{layer}", np.array([1]))
            states = graph.op("Squeeze", states, direction)
        summed = graph.op("Add", states, sequence)
        x = graph.op("Transpose", summed, perm=[1, 2, 0])
        add_upsampler(graph, checkpoint, config, x, output="audio_values")
        graph.output("audio_values", FLOAT, ["batch_size", 1, "audio_length"])
        graph.save()


def _padded(graph: GraphBuilder, config: CodecConfig, x: str) -> str:
    """[B, D, T] with what the first convolution needs on both sides.

    The reference mirrors a sound that is shorter than its padding with zeros appended, and drops as many.
    """
    total = config.kernel_size - 1
    right = total // 2
    pads = graph.constant("pads", np.array([0, 0, total - right, 0, 0, right]))
    mode = PAD_MODES[config.pad_mode]
    if mode != "reflect":
        return graph.op("Pad", x, pads, mode=mode)
    axis = graph.constant("frames.axis", np.array([2]))
    frames = graph.op("Gather", graph.op("Shape", x), axis)  # [1]
    lacking = graph.op("Sub", graph.constant("shortest", np.array([total - right + 1])), frames)
    lacking = graph.op("Max", lacking, graph.constant("none", np.array([0])))
    zeros = graph.op("Concat", graph.constant("no_pads", np.zeros(5, np.int64)), lacking, axis=0)
    mirrored = graph.op("Pad", graph.op("Pad", x, zeros), pads, mode=mode)
    end = graph.op("Add", frames, graph.constant("total", np.array([total])))
    return graph.op("Slice", mirrored, graph.constant("begin", np.array([0])), end, axis)
