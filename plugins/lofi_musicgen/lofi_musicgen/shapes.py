"""Do the tensors of a checkpoint have the shapes that `config.json` asks for? Only headers are read.

Without this a wrong size would come up as an error of ONNX Runtime in the middle of a build, or as noise.
"""

from __future__ import annotations

import math
import re
from typing import TYPE_CHECKING

from lofi_core import ModelLoadFailed
from lofi_musicgen.graph.codec import DECODER, QUANTIZER
from lofi_musicgen.graph.step import PREFIX
from lofi_musicgen.graph.text import BIAS_TABLE, BLOCK, embedding_name

if TYPE_CHECKING:
    from collections.abc import Iterator

    from lofi_musicgen.config import CodecConfig, MusicGenConfig, TextConfig
    from lofi_musicgen.weights import Checkpoint

MEND = "let config.json and model.safetensors come from the same model, or: lofi-core pull musicgen"

Shape = tuple[int, ...]
# Tensor, its shape by config.json, the entries of config.json that it follows from.
Wanted = tuple[str, Shape, str]


def check_shapes(checkpoint: Checkpoint, config: MusicGenConfig) -> None:
    """Compare every tensor whose shape depends on the configuration, and how many layers there are.

    Raises:
        ModelLoadFailed: one is missing, or has another shape.
    """
    checkpoint.shape(f"{PREFIX}.layer_norm.weight")  # every MusicGen has it; another model has not
    if config.hidden_size % config.num_heads:
        raise _mismatch(
            f"hidden_size {config.hidden_size} is no multiple of num_attention_heads {config.num_heads}"
        )
    counts = (
        (f"{PREFIX}.embed_tokens", config.num_codebooks, "decoder.num_codebooks"),
        ("decoder.lm_heads", config.num_codebooks, "decoder.num_codebooks"),
        (f"{PREFIX}.layers", config.num_layers, "decoder.num_hidden_layers"),
        (BLOCK, config.text.num_layers, "text_encoder.num_layers"),
    )
    for stem, wanted, entry in counts:
        found = _count(checkpoint, stem)
        if found != wanted:
            raise _mismatch(f"model.safetensors has {found} of {stem}.*; config.json has {entry} {wanted}")
    for tensors in (_decoder(checkpoint, config), _text(checkpoint, config.text), _codec(config.codec)):
        for name, shape, entries in tensors:
            _see(checkpoint, name, shape, entries)
    _check_rate(checkpoint, config)


def _see(checkpoint: Checkpoint, name: str, wanted: Shape, entries: str) -> None:
    if name.endswith(".conv.weight") and name not in checkpoint:  # under weight normalisation
        stem = name.removesuffix("weight")
        new = f"{stem}parametrizations.weight.original1"
        name = new if new in checkpoint else f"{stem}weight_v"
    found = checkpoint.shape(name)
    if found != wanted:
        raise _mismatch(f"{name} is {list(found)}; by config.json ({entries}) it should be {list(wanted)}")


def _decoder(checkpoint: Checkpoint, config: MusicGenConfig) -> Iterator[Wanted]:
    hidden, inner, text = config.hidden_size, config.ffn_dim, config.text.d_model
    width = "decoder.hidden_size"
    for k in range(config.num_codebooks):
        vocabulary = "decoder.vocab_size, hidden_size"
        # One row more, for the special token.
        yield f"{PREFIX}.embed_tokens.{k}.weight", (config.vocab_size + 1, hidden), vocabulary
        yield f"decoder.lm_heads.{k}.weight", (config.vocab_size, hidden), vocabulary
    if "enc_to_dec_proj.weight" in checkpoint or hidden != text:
        yield "enc_to_dec_proj.weight", (hidden, text), f"{width}, text_encoder.d_model"
        yield "enc_to_dec_proj.bias", (hidden,), width
    for layer in range(config.num_layers):
        at = f"{PREFIX}.layers.{layer}"
        for attention in ("self_attn", "encoder_attn"):
            for part in ("q_proj", "k_proj", "v_proj", "out_proj"):
                yield f"{at}.{attention}.{part}.weight", (hidden, hidden), width
        yield f"{at}.fc1.weight", (inner, hidden), f"{width}, ffn_dim"
        yield f"{at}.fc2.weight", (hidden, inner), f"{width}, ffn_dim"
        for norm in ("self_attn_layer_norm", "encoder_attn_layer_norm", "final_layer_norm"):
            yield f"{at}.{norm}.weight", (hidden,), width
    yield f"{PREFIX}.layer_norm.weight", (hidden,), width


def _text(checkpoint: Checkpoint, config: TextConfig) -> Iterator[Wanted]:
    width, inner = config.d_model, config.num_heads * config.d_kv
    yield embedding_name(checkpoint), (config.vocab_size, width), "text_encoder.vocab_size, d_model"
    table = (config.relative_attention_num_buckets, config.num_heads)
    yield BIAS_TABLE, table, "text_encoder.relative_attention_num_buckets, num_heads"
    ways_in = ("wi_0", "wi_1") if config.feed_forward_proj.startswith("gated-") else ("wi",)
    for layer in range(config.num_layers):
        attention = f"{BLOCK}.{layer}.layer.0.SelfAttention"
        for letter in "qkv":
            heads = "text_encoder.num_heads, d_kv, d_model"
            yield f"{attention}.{letter}.weight", (inner, width), heads
        yield f"{attention}.o.weight", (width, inner), "text_encoder.d_model, num_heads, d_kv"
        dense = f"{BLOCK}.{layer}.layer.1.DenseReluDense"
        for part in ways_in:
            yield f"{dense}.{part}.weight", (config.d_ff, width), "text_encoder.d_ff, d_model"
        yield f"{dense}.wo.weight", (width, config.d_ff), "text_encoder.d_model, d_ff"


def _codec(config: CodecConfig) -> Iterator[Wanted]:
    width = config.num_filters << len(config.ratios)
    filters = "audio_encoder.num_filters, upsampling_ratios"
    first = (width, config.hidden_size, config.kernel_size)
    yield f"{DECODER}.0.conv.weight", first, f"{filters}, hidden_size, kernel_size"
    for layer in range(config.num_lstm_layers):
        for part in ("ih", "hh"):
            yield f"{DECODER}.1.lstm.weight_{part}_l{layer}", (4 * width, width), filters
    index = 3
    for ratio in config.ratios:
        # Twice as wide as its stride, and half as many channels come out as go in.
        yield f"{DECODER}.{index}.conv.weight", (width, width // 2, 2 * ratio), filters
        width //= 2
        index += 2 + config.num_residual_layers  # its blocks, and an activation
    last = f"{DECODER}.{index}.conv.weight"
    yield last, (1, width, config.last_kernel_size), f"{filters}, last_kernel_size"


def _check_rate(checkpoint: Checkpoint, config: MusicGenConfig) -> None:
    """No tensor's shape tells the sampling rate, but how many codebooks the codec has follows from it.

    Source: transformers `EncodecConfig.num_quantizers`, which counted 10 bits a code before it counted them.
    """
    codec, found = config.codec, _count(checkpoint, QUANTIZER)
    needed = config.num_codebooks // config.channels
    if found < needed:
        raise _mismatch(f"model.safetensors has {found} of {QUANTIZER}.*; config.json needs {needed}")
    if codec.bandwidth_kbps is None:
        return
    frame_rate = math.ceil(codec.sample_rate / codec.hop)
    bits = max(1, math.ceil(math.log2(codec.codebook_size)))
    by_config = {int(1000 * codec.bandwidth_kbps // (frame_rate * each)) for each in (bits, 10)}
    if found not in by_config:
        told = " or ".join(map(str, sorted(by_config)))
        raise _mismatch(
            f"model.safetensors has {found} of {QUANTIZER}.*; by config.json (audio_encoder.sampling_rate"
            f" {codec.sample_rate}, upsampling_ratios, target_bandwidths) it should have {told}"
        )


def _count(checkpoint: Checkpoint, stem: str) -> int:
    numbers = (re.match(rf"{re.escape(stem)}\.(\d+)\.", name) for name in checkpoint.names())
    return len({match[1] for match in numbers if match})


def _mismatch(problem: str) -> ModelLoadFailed:
    return ModelLoadFailed(problem, MEND)
