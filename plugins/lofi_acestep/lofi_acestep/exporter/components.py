"""The five networks as files: names, inputs, outputs, and which of their axes are free."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import msgspec
import torch

from lofi_acestep.exporter.configs import TransformerConfig, VocoderConfig

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from torch import Tensor, nn

    Inputs = dict[str, Tensor]
    Config = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Sizes:
    """How large the inputs are: rows, and frames (of mel for the vocoder), text and lyric tokens."""

    batch: int = 2
    frames: int = 5
    text: int = 7
    lyrics: int = 4


@dataclass(frozen=True, slots=True)
class Component:
    """One ONNX file.

    Attributes:
        name: of the file, less `.onnx`; and what `--component` calls it.
        title: in what is told.
        part: the checkpoint's folder.
        build: its module, from that folder's config.
        inputs: random ones of given sizes, by name and in order, from that config and a generator.
        outputs: their names.
        axes: for each input and output its free axes.
        weakens: it takes `erg_tau`.
        external: its weights lie in a file of their own.
        others: prefixes of tensors in that folder that belong to another component.
        checks: sizes it is tried at.
    """

    name: str
    title: str
    part: str
    build: Callable[[Config], nn.Module]
    inputs: Callable[[Config, Sizes, torch.Generator], Inputs]
    outputs: tuple[str, ...]
    axes: Mapping[str, Mapping[int, str]]
    weakens: bool = False
    external: bool = False
    others: tuple[str, ...] = ()
    checks: tuple[Sizes, ...] = field(
        default_factory=lambda: (Sizes(), Sizes(1, 9, 1, 1), Sizes(1, 43, 30, 11))
    )


# What only `encode` needs, by prefix; all else in that folder is `decode`'s.
ENCODE = ("speaker_embedder.", "genre_embedder.", "lyric_embs.", "lyric_encoder.", "lyric_proj.")
DECODE = ("transformer_blocks.", "timestep_embedder.", "t_block.", "proj_in.", "final_layer.")


def transformer_config(config: Config) -> TransformerConfig:
    """Of `ace_step_transformer/config.json`."""
    return msgspec.convert(config, TransformerConfig)


def _text(config: Config) -> nn.Module:
    from lofi_acestep.exporter.modules.text import TextEncoder

    return TextEncoder(config)


def _encode(config: Config) -> nn.Module:
    from lofi_acestep.exporter.modules.transformer import TransformerEncoder

    return TransformerEncoder(transformer_config(config))


def _decode(config: Config) -> nn.Module:
    from lofi_acestep.exporter.modules.transformer import TransformerDecoder

    return TransformerDecoder(transformer_config(config))


def _dcae(config: Config) -> nn.Module:
    from lofi_acestep.exporter.modules.dcae import DcaeDecoder

    return DcaeDecoder(config)


def _vocoder(config: Config) -> nn.Module:
    from lofi_acestep.exporter.modules.vocoder import Vocoder

    return Vocoder(msgspec.convert(config, VocoderConfig))


def _text_inputs(config: Config, sizes: Sizes, generator: torch.Generator) -> Inputs:
    shape = (sizes.batch, sizes.text)
    ids = torch.randint(0, config["vocab_size"], shape, generator=generator)
    return {"input_ids": ids, "attention_mask": _mask(*shape)}


def _encode_inputs(config: Config, sizes: Sizes, generator: torch.Generator) -> Inputs:
    known = transformer_config(config)
    lyrics = (sizes.batch, sizes.lyrics)
    return {
        "encoder_text_hidden_states": torch.randn(
            sizes.batch, sizes.text, known.text_embedding_dim, generator=generator
        ),
        "text_attention_mask": _mask(sizes.batch, sizes.text),
        "speaker_embeds": torch.zeros(sizes.batch, known.speaker_embedding_dim),
        "lyric_token_idx": torch.randint(0, known.lyric_encoder_vocab_size, lyrics, generator=generator),
        # One token that does not count is how the reference says that there are no lyrics.
        "lyric_mask": _mask(*lyrics) if sizes.lyrics > 1 else torch.zeros(lyrics, dtype=torch.int64),
    }


def _decode_inputs(config: Config, sizes: Sizes, generator: torch.Generator) -> Inputs:
    known = transformer_config(config)
    tokens = 1 + sizes.text + sizes.lyrics
    latents = (sizes.batch, known.latent_channels, known.patch_size[0], sizes.frames)
    return {
        "hidden_states": torch.randn(latents, generator=generator),
        "attention_mask": torch.ones(sizes.batch, sizes.frames),
        "encoder_hidden_states": torch.randn(sizes.batch, tokens, known.width, generator=generator),
        "encoder_hidden_mask": _mask(sizes.batch, tokens).float(),
        "timestep": torch.linspace(1000.0, 100.0, sizes.batch),
    }


def _dcae_inputs(config: Config, sizes: Sizes, generator: torch.Generator) -> Inputs:
    shape = (sizes.batch, config["latent_channels"], 16, sizes.frames)
    return {"latents": torch.randn(shape, generator=generator)}


def _vocoder_inputs(config: Config, sizes: Sizes, generator: torch.Generator) -> Inputs:
    shape = (sizes.batch, msgspec.convert(config, VocoderConfig).input_channels, sizes.frames)
    return {"mel_spectrogram": torch.randn(shape, generator=generator) * 2 - 4}


def _mask(rows: int, tokens: int) -> Tensor:
    """Ones; the last rows' last token does not count, where that leaves some."""
    mask = torch.ones(rows, tokens, dtype=torch.int64)
    if rows > 1 and tokens > 1:
        mask[-1, -1] = 0
    return mask


COMPONENTS: dict[str, Component] = {
    component.name: component
    for component in (
        Component(
            "text_encoder",
            "text encoder",
            "umt5-base",
            _text,
            _text_inputs,
            ("hidden_states",),
            {name: {0: "batch", 1: "text"} for name in ("input_ids", "attention_mask", "hidden_states")},
            weakens=True,
        ),
        Component(
            "transformer_encoder",
            "transformer encoder",
            "ace_step_transformer",
            _encode,
            _encode_inputs,
            ("encoder_hidden_states", "encoder_hidden_mask"),
            {
                "encoder_text_hidden_states": {0: "batch", 1: "text"},
                "text_attention_mask": {0: "batch", 1: "text"},
                "speaker_embeds": {0: "batch"},
                "lyric_token_idx": {0: "batch", 1: "lyrics"},
                "lyric_mask": {0: "batch", 1: "lyrics"},
                "encoder_hidden_states": {0: "batch", 1: "tokens"},
                "encoder_hidden_mask": {0: "batch", 1: "tokens"},
            },
            weakens=True,
            others=DECODE,
        ),
        Component(
            "transformer_decoder",
            "transformer decoder",
            "ace_step_transformer",
            _decode,
            _decode_inputs,
            ("sample",),
            {
                "hidden_states": {0: "batch", 3: "frames"},
                "attention_mask": {0: "batch", 1: "frames"},
                "encoder_hidden_states": {0: "batch", 1: "tokens"},
                "encoder_hidden_mask": {0: "batch", 1: "tokens"},
                "timestep": {0: "batch"},
                "sample": {0: "batch", 3: "frames"},
            },
            weakens=True,
            external=True,
            others=ENCODE,
        ),
        Component(
            "dcae_decoder",
            "DCAE decoder",
            "music_dcae_f8c8",
            _dcae,
            _dcae_inputs,
            ("mel_spectrogram",),
            {"latents": {0: "batch", 3: "frames"}, "mel_spectrogram": {0: "batch", 3: "mel_frames"}},
        ),
        Component(
            "vocoder",
            "vocoder",
            "music_vocoder",
            _vocoder,
            _vocoder_inputs,
            ("waveform",),
            {"mel_spectrogram": {0: "batch", 2: "mel_frames"}, "waveform": {0: "batch", 2: "samples"}},
        ),
    )
}
