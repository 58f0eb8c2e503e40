"""What shape has this MusicGen? Read from the `config.json` that comes with every layout."""

from __future__ import annotations

import json
import operator
from dataclasses import dataclass
from math import prod
from typing import TYPE_CHECKING, Any

from lofi_core import ModelLoadFailed

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

# Beyond it the positions were never trained.
TRAINED_SEC = 30.0


@dataclass(frozen=True, slots=True)
class TextConfig:
    """T5's encoder."""

    vocab_size: int
    d_model: int
    d_kv: int
    d_ff: int
    num_layers: int
    num_heads: int
    relative_attention_num_buckets: int
    relative_attention_max_distance: int
    layer_norm_epsilon: float
    feed_forward_proj: str


@dataclass(frozen=True, slots=True)
class CodecConfig:
    """EnCodec's decoder.

    Attributes:
        bandwidth_kbps: the highest of the codec's, where it is told; it says how many codebooks there are.
    """

    sample_rate: int
    codebook_size: int
    hidden_size: int
    num_filters: int
    num_residual_layers: int
    ratios: tuple[int, ...]
    kernel_size: int
    last_kernel_size: int
    residual_kernel_size: int
    dilation_growth_rate: int
    compress: int
    num_lstm_layers: int
    pad_mode: str
    causal: bool
    conv_shortcut: bool
    bandwidth_kbps: float | None = None

    @property
    def hop(self) -> int:
        """Samples a frame."""
        return prod(self.ratios)


@dataclass(frozen=True, slots=True)
class MusicGenConfig:
    """The language model, and the two networks around it.

    Attributes:
        vocab_size: codes of a codebook; the special token is the one after the last.
        num_codebooks: K, over both channels.
        channels: of the audio.
    """

    num_layers: int
    hidden_size: int
    num_heads: int
    ffn_dim: int
    vocab_size: int
    num_codebooks: int
    channels: int
    max_positions: int
    activation: str
    text: TextConfig
    codec: CodecConfig

    @property
    def head_size(self) -> int:
        """Channels of one attention head."""
        return self.hidden_size // self.num_heads

    @property
    def special_token(self) -> int:
        """Stands where the delay pattern has no code."""
        return self.vocab_size

    @property
    def longest_delay(self) -> int:
        """Columns by which the last codebook is late."""
        return self.num_codebooks // self.channels - 1

    @property
    def frame_rate(self) -> float:
        """Frames a second."""
        return self.codec.sample_rate / self.codec.hop


def read_config(model_dir: Path) -> MusicGenConfig:
    """Read `config.json`.

    Raises:
        ModelLoadFailed: it is missing, unreadable, or not of a MusicGen.
    """
    file = model_dir / "config.json"
    try:
        raw = json.loads(file.read_text())
    except FileNotFoundError:
        raise ModelLoadFailed(f"{file} is missing", "lofi-core pull musicgen") from None
    except (OSError, ValueError) as error:
        raise ModelLoadFailed(f"{file} cannot be read: {error}", "lofi-core pull musicgen") from error
    try:
        return _checked(raw, _parse(raw))
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        found = raw.get("model_type") if isinstance(raw, dict) else type(raw).__name__
        raise ModelLoadFailed(
            f"{file} is no configuration of a MusicGen (model_type {found!r}, {error} is not as expected)",
            "put the config.json there that came with the model, or: lofi-core pull musicgen",
        ) from error


def _checked(raw: Mapping[str, Any], config: MusicGenConfig) -> MusicGenConfig:
    """See that the sizes are sizes; a model with melody conditioning has the same parts, and is another.

    Raises:
        ValueError: one is not.
        TypeError: one is no number.
    """
    if raw.get("model_type", "musicgen") != "musicgen":
        raise ValueError("model_type")
    if config.channels not in {1, 2} or config.num_codebooks % config.channels:
        raise ValueError(f"audio_channels {config.channels} with {config.num_codebooks} codebooks")
    sizes = (
        ("num_hidden_layers", config.num_layers),
        ("hidden_size", config.hidden_size),
        ("num_attention_heads", config.num_heads),
        ("num_codebooks", config.num_codebooks),
        ("vocab_size", config.vocab_size),
        ("ffn_dim", config.ffn_dim),
        ("text_encoder.d_model", config.text.d_model),
        ("text_encoder.num_heads", config.text.num_heads),
        ("text_encoder.num_layers", config.text.num_layers),
        ("text_encoder.vocab_size", config.text.vocab_size),
        ("codebook_size", config.codec.codebook_size),
        ("sampling_rate", config.codec.sample_rate),
        ("upsampling_ratios", config.codec.hop if config.codec.ratios else 0),
    )
    for name, size in sizes:
        if operator.index(size) < 1:
            raise ValueError(f"{name} {size}")
    if config.max_positions <= config.longest_delay + 1:
        raise ValueError(f"max_position_embeddings {config.max_positions}")
    return config


def _parse(raw: Mapping[str, Any]) -> MusicGenConfig:
    decoder, text, codec = raw["decoder"], raw["text_encoder"], raw["audio_encoder"]
    return MusicGenConfig(
        num_layers=decoder["num_hidden_layers"],
        hidden_size=decoder["hidden_size"],
        num_heads=decoder["num_attention_heads"],
        ffn_dim=decoder["ffn_dim"],
        vocab_size=decoder["vocab_size"],
        num_codebooks=decoder["num_codebooks"],
        channels=decoder.get("audio_channels", 1),
        max_positions=decoder.get("max_position_embeddings", 2048),
        activation=decoder.get("activation_function", "gelu"),
        text=_text(text),
        codec=_codec(codec),
    )


def _text(raw: Mapping[str, Any]) -> TextConfig:
    return TextConfig(
        vocab_size=raw["vocab_size"],
        d_model=raw["d_model"],
        d_kv=raw["d_kv"],
        d_ff=raw["d_ff"],
        num_layers=raw["num_layers"],
        num_heads=raw["num_heads"],
        relative_attention_num_buckets=raw.get("relative_attention_num_buckets", 32),
        relative_attention_max_distance=raw.get("relative_attention_max_distance", 128),
        layer_norm_epsilon=raw.get("layer_norm_epsilon", 1e-6),
        feed_forward_proj=raw.get("feed_forward_proj", "relu"),
    )


def _codec(raw: Mapping[str, Any]) -> CodecConfig:
    return CodecConfig(
        sample_rate=raw.get("sampling_rate", 32_000),
        codebook_size=raw.get("codebook_size", 2048),
        hidden_size=raw.get("hidden_size", 128),
        num_filters=raw.get("num_filters", 64),
        num_residual_layers=raw.get("num_residual_layers", 1),
        ratios=tuple(raw.get("upsampling_ratios", (8, 5, 4, 4))),
        kernel_size=raw.get("kernel_size", 7),
        last_kernel_size=raw.get("last_kernel_size", 7),
        residual_kernel_size=raw.get("residual_kernel_size", 3),
        dilation_growth_rate=raw.get("dilation_growth_rate", 2),
        compress=raw.get("compress", 2),
        num_lstm_layers=raw.get("num_lstm_layers", 2),
        pad_mode=raw.get("pad_mode", "reflect"),
        causal=raw.get("use_causal_conv", True),
        conv_shortcut=raw.get("use_conv_shortcut", True),
        bandwidth_kbps=float(bandwidths[-1]) if (bandwidths := raw.get("target_bandwidths")) else None,
    )
