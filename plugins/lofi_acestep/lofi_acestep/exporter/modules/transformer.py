"""The diffusion transformer: what joins the conditions (`encode`), and what denoises (`decode`).

Two modules, because they are two ONNX files; together they have the official parameters, each its own.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn
from torch.nn import functional

from lofi_acestep.exporter.modules.blocks import FinalLayer, PatchEmbed, TransformerBlock
from lofi_acestep.exporter.modules.conformer import LyricEncoder
from lofi_acestep.exporter.modules.rope import Rope

if TYPE_CHECKING:
    from lofi_acestep.exporter.configs import TransformerConfig

TIMESTEP_SIZE = 256
# Whose cross attention the negative branch weakens (ERG). The reference weakens their self-attention too,
# which changes nothing: it is normalised by the same queries.
WEAKENED = range(15, 20)


def timestep_features(timestep: Tensor) -> Tensor:
    """Timesteps 0…1000 [B] → [B, 256], cosines first.

    Source: diffusers, `get_timestep_embedding` with `flip_sin_to_cos` and no shift.
    """
    half = TIMESTEP_SIZE // 2
    exponents = -math.log(10000.0) * torch.arange(half, dtype=torch.float32, device=timestep.device) / half
    angles = timestep[:, None] * exponents.exp()
    return torch.cat((angles.cos(), angles.sin()), dim=-1)


class TransformerEncoder(nn.Module):
    """Speaker, text and lyrics to one context.

    Source: ACE-Step, models/ace_step_transformer.py, `encode`.
    """

    def __init__(self, config: TransformerConfig) -> None:
        super().__init__()
        lyrics = config.lyric_encoder
        self.speaker_embedder = nn.Linear(config.speaker_embedding_dim, config.width)
        self.genre_embedder = nn.Linear(config.text_embedding_dim, config.width)
        self.lyric_embs = nn.Embedding(config.lyric_encoder_vocab_size, config.lyric_hidden_size)
        self.lyric_encoder = LyricEncoder(
            lyrics.output_size, lyrics.attention_heads, lyrics.linear_units, lyrics.num_blocks, lyrics.longest
        )
        self.lyric_proj = nn.Linear(config.lyric_hidden_size, config.width)

    def forward(
        self,
        text: Tensor,
        text_mask: Tensor,
        speaker: Tensor,
        lyric_ids: Tensor,
        lyric_mask: Tensor,
        weaken: Tensor | None = None,
    ) -> tuple[Tensor, Tensor]:
        """Text [B, S, 768], speaker [B, 512], ids and masks int64 → context [B, E, D], mask float32 [B, E].

        `weaken`, a scalar, is the factor on the queries of the last two lyric layers (ERG).
        """
        voice = self.speaker_embedder(speaker)[:, None]
        genre = self.genre_embedder(text)
        lyrics = self.lyric_encoder(self.lyric_embs(lyric_ids), lyric_mask == 1, weaken)
        context = torch.cat((voice, genre, self.lyric_proj(lyrics)), dim=1)
        masks = (torch.ones_like(speaker[:, :1]), text_mask.float(), lyric_mask.float())
        return context, torch.cat(masks, dim=1)


class _TimestepEmbedder(nn.Module):
    def __init__(self, width: int) -> None:
        super().__init__()
        self.linear_1 = nn.Linear(TIMESTEP_SIZE, width)
        self.linear_2 = nn.Linear(width, width)

    def forward(self, features: Tensor) -> Tensor:
        return self.linear_2(functional.silu(self.linear_1(features)))


class TransformerDecoder(nn.Module):
    """The velocity at one noise level.

    Source: ACE-Step, models/ace_step_transformer.py, `decode`.
    """

    def __init__(self, config: TransformerConfig) -> None:
        super().__init__()
        heads, size, width = config.num_attention_heads, config.attention_head_dim, config.width
        height = config.patch_size[0]
        self.timestep_embedder = _TimestepEmbedder(width)
        self.t_block = nn.Sequential(nn.SiLU(), nn.Linear(width, 6 * width))
        self.proj_in = PatchEmbed(height, config.latent_channels, width, config.patch_hidden)
        self.transformer_blocks = nn.ModuleList(
            [TransformerBlock(heads, size, config.hidden) for _ in range(config.num_layers)]
        )
        self.final_layer = FinalLayer(height, config.out_channels, width)
        self.rope = Rope(config.max_position, size, config.rope_theta)

    def forward(
        self,
        latents: Tensor,
        mask: Tensor,
        context: Tensor,
        context_mask: Tensor,
        timestep: Tensor,
        weaken: Tensor | None = None,
    ) -> Tensor:
        """Latents [B, 8, 16, T], context [B, E, D], masks float32 [B, T] and [B, E], timestep [B] → velocity.

        `weaken`, a scalar, is the factor on the cross attention's queries in blocks 15…19 (ERG).
        """
        embedded = self.timestep_embedder(timestep_features(timestep))
        modulation = self.t_block(embedded)
        x = self.proj_in(latents)
        turns = self.rope(latents.shape[3]), self.rope(context.shape[1])
        for number, block in enumerate(self.transformer_blocks):
            weakened = weaken if number in WEAKENED else None
            x = block(x, mask, context, context_mask, modulation, turns, weakened)
        return self.final_layer(x, embedded)
