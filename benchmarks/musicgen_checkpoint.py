"""A checkpoint of the size of musicgen-small with random weights, as `pull` would bring it.

`python benchmarks/musicgen_checkpoint.py DIRECTORY` writes config.json, tokenizer.json and model.safetensors
(2.4 GB, transformers' names); no torch is needed. What such a model plays is noise; what it costs is right.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.drawn import ONES, ZEROS, Fill, Shape, write_safetensors
from benchmarks.musicgen_forms import SMALL, SPREAD

if TYPE_CHECKING:
    from collections.abc import Iterator


def write_checkpoint(directory: Path) -> None:
    """Write all three files, unless they are there."""
    if (directory / "model.safetensors").exists():
        return
    directory.mkdir(parents=True, exist_ok=True)
    (directory / "config.json").write_text(json.dumps(_config()))
    (directory / "tokenizer.json").write_text(_tokenizer())
    write_safetensors(directory / "model.safetensors", dict(tensors()), _fill)


def tensors() -> Iterator[tuple[str, Shape]]:
    """Name and shape of every tensor that is used."""
    yield from _text_tensors()
    yield from _decoder_tensors()
    yield from _codec_tensors()


def _text_tensors() -> Iterator[tuple[str, Shape]]:
    text = SMALL.text
    inner = text.num_heads * text.d_kv
    yield "text_encoder.shared.weight", (text.vocab_size, text.d_model)
    yield "text_encoder.encoder.final_layer_norm.weight", (text.d_model,)
    for layer in range(text.num_layers):
        at = f"text_encoder.encoder.block.{layer}.layer"
        for letter in "qkv":
            yield f"{at}.0.SelfAttention.{letter}.weight", (inner, text.d_model)
        yield f"{at}.0.SelfAttention.o.weight", (text.d_model, inner)
        if layer == 0:
            buckets = (text.relative_attention_num_buckets, text.num_heads)
            yield f"{at}.0.SelfAttention.relative_attention_bias.weight", buckets
        yield f"{at}.1.DenseReluDense.wi.weight", (text.d_ff, text.d_model)
        yield f"{at}.1.DenseReluDense.wo.weight", (text.d_model, text.d_ff)
        for part in (0, 1):
            yield f"{at}.{part}.layer_norm.weight", (text.d_model,)


def _decoder_tensors() -> Iterator[tuple[str, Shape]]:
    hidden = SMALL.hidden_size
    yield "enc_to_dec_proj.weight", (hidden, SMALL.text.d_model)
    yield "enc_to_dec_proj.bias", (hidden,)
    for k in range(SMALL.num_codebooks):
        yield f"decoder.model.decoder.embed_tokens.{k}.weight", (SMALL.vocab_size + 1, hidden)
        yield f"decoder.lm_heads.{k}.weight", (SMALL.vocab_size, hidden)
    norms = ["decoder.model.decoder.layer_norm"]
    for layer in range(SMALL.num_layers):
        at = f"decoder.model.decoder.layers.{layer}"
        for attention in ("self_attn", "encoder_attn"):
            for part in ("q_proj", "k_proj", "v_proj", "out_proj"):
                yield f"{at}.{attention}.{part}.weight", (hidden, hidden)
        yield f"{at}.fc1.weight", (SMALL.ffn_dim, hidden)
        yield f"{at}.fc2.weight", (hidden, SMALL.ffn_dim)
        norms += [f"{at}.{part}_layer_norm" for part in ("self_attn", "encoder_attn", "final")]
    for norm in norms:
        yield f"{norm}.weight", (hidden,)
        yield f"{norm}.bias", (hidden,)


def _codec_tensors() -> Iterator[tuple[str, Shape]]:
    codec = SMALL.codec
    for k in range(SMALL.num_codebooks):
        at = f"audio_encoder.quantizer.layers.{k}.codebook.embed"
        yield at, (codec.codebook_size, codec.hidden_size)
    at, width = "audio_encoder.decoder.layers", codec.num_filters << len(codec.ratios)
    yield from _convolution(f"{at}.0.conv", width, codec.hidden_size, codec.kernel_size)
    for layer in range(codec.num_lstm_layers):
        for part in ("ih", "hh"):
            yield f"{at}.1.lstm.weight_{part}_l{layer}", (4 * width, width)
            yield f"{at}.1.lstm.bias_{part}_l{layer}", (4 * width,)
    for number, ratio in enumerate(codec.ratios):
        first, half = 3 + 3 * number, width // 2
        yield from _convolution(f"{at}.{first}.conv", width, half, 2 * ratio, biases=half)
        inner = half // codec.compress
        yield from _convolution(f"{at}.{first + 1}.block.1.conv", inner, half, codec.residual_kernel_size)
        yield from _convolution(f"{at}.{first + 1}.block.3.conv", half, inner, 1)
        width = half
    yield from _convolution(f"{at}.{3 + 3 * len(codec.ratios)}.conv", 1, width, codec.last_kernel_size)


def _convolution(
    name: str, first: int, second: int, kernel: int, biases: int | None = None
) -> Iterator[tuple[str, Shape]]:
    yield f"{name}.parametrizations.weight.original0", (first, 1, 1)
    yield f"{name}.parametrizations.weight.original1", (first, second, kernel)
    yield f"{name}.bias", (biases or first,)


def _fill(name: str, _shape: Shape) -> Fill:
    """Norms that do nothing, biases of zero; else normal numbers, those of embeddings about 1 as in T5."""
    if "norm.weight" in name or name.endswith("original0"):
        return ONES
    if name.endswith("bias"):
        return ZEROS
    return Fill(0.0, 1.0 if "shared" in name or "embed" in name.rsplit(".", 1)[-1] else SPREAD)


def _config() -> dict[str, object]:
    text, codec = SMALL.text, SMALL.codec
    return {
        "model_type": "musicgen",
        "decoder": {
            "num_hidden_layers": SMALL.num_layers,
            "hidden_size": SMALL.hidden_size,
            "num_attention_heads": SMALL.num_heads,
            "ffn_dim": SMALL.ffn_dim,
            "vocab_size": SMALL.vocab_size,
            "num_codebooks": SMALL.num_codebooks,
            "audio_channels": SMALL.channels,
            "max_position_embeddings": SMALL.max_positions,
        },
        "text_encoder": {
            "vocab_size": text.vocab_size,
            "d_model": text.d_model,
            "d_kv": text.d_kv,
            "d_ff": text.d_ff,
            "num_layers": text.num_layers,
            "num_heads": text.num_heads,
        },
        "audio_encoder": {
            "num_filters": codec.num_filters,
            "use_causal_conv": codec.causal,
            "use_conv_shortcut": codec.conv_shortcut,
        },
    }


def _tokenizer() -> str:
    from tokenizers import Tokenizer, models

    letters = "abcdefghijklmnopqrstuvwxyz ,"
    vocabulary = [("<pad>", 0.0), ("</s>", 0.0), ("<unk>", 0.0), *((letter, -3.0) for letter in letters)]
    made: str = Tokenizer(models.Unigram(vocabulary, 2)).to_str()
    return made


if __name__ == "__main__":
    write_checkpoint(Path(sys.argv[1]))
