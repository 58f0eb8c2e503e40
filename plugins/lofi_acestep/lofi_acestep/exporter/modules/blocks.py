"""What one layer of the denoiser computes, and what comes before and after the layers."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn
from torch.nn import functional

from lofi_acestep.exporter.modules.attention import CrossAttention, LinearSelfAttention

if TYPE_CHECKING:
    from lofi_acestep.exporter.modules.rope import Turn

PATCH_HIDDEN = 2048  # 8 * 256, whatever the config says
PATCH_GROUPS = 32


def rms_norm(x: Tensor) -> Tensor:
    """Over the last axis, without parameters; written out, as opset 17 has no operator for it."""
    return x * torch.rsqrt(x.pow(2).mean(dim=-1, keepdim=True) + 1e-6)


def modulated(x: Tensor, shift: Tensor, scale: Tensor) -> Tensor:
    """Normalised [B, T, D], scaled and shifted by [B, 1, D]."""
    return rms_norm(x) * (1 + scale) + shift


class _Wrapped(nn.Module):
    """The official modules have one more level: `inverted_conv.conv.weight`."""

    def __init__(self, conv: nn.Module) -> None:
        super().__init__()
        self.conv = conv

    def forward(self, x: Tensor) -> Tensor:
        return self.conv(x)


class FeedForward(nn.Module):
    """Gated, with a depthwise convolution over three frames between.

    The 1x1 convolutions are Linears here (weights [2F, D, 1] are squeezed when loaded): the same numbers, but
    MatMul is up to twice as fast as Conv in ONNX Runtime on a CPU, and quantisers know it.

    Source: ACE-Step, models/attention.py, `GLUMBConv`.
    """

    def __init__(self, width: int, hidden: int) -> None:
        super().__init__()
        self.hidden = hidden
        self.inverted_conv = _Wrapped(nn.Linear(width, 2 * hidden))
        self.depth_conv = _Wrapped(nn.Conv1d(2 * hidden, 2 * hidden, 3, padding=1, groups=2 * hidden))
        self.point_conv = _Wrapped(nn.Linear(hidden, width, bias=False))

    def forward(self, x: Tensor) -> Tensor:
        """[B, T, D] → [B, T, D]."""
        x = functional.silu(self.inverted_conv(x))
        x = self.depth_conv(x.transpose(1, 2)).transpose(1, 2)
        kept, gate = x[..., : self.hidden], x[..., self.hidden :]
        return self.point_conv(kept * functional.silu(gate))


class TransformerBlock(nn.Module):
    """Self-attention and feed-forward, modulated by the timestep; cross attention between, plainly added.

    Source: ACE-Step, models/attention.py, `LinearTransformerBlock`.
    """

    def __init__(self, heads: int, head_dim: int, hidden: int) -> None:
        super().__init__()
        width = heads * head_dim
        self.scale_shift_table = nn.Parameter(torch.empty(6, width))
        self.attn = LinearSelfAttention(heads, head_dim)
        self.cross_attn = CrossAttention(heads, head_dim)
        self.ff = FeedForward(width, hidden)

    def forward(
        self,
        x: Tensor,
        mask: Tensor,
        context: Tensor,
        context_mask: Tensor,
        modulation: Tensor,
        turns: tuple[Turn, Turn],
        weaken: Tensor | None = None,
    ) -> Tensor:
        """Frames [B, T, D], modulation [B, 6D], the rest as in `CrossAttention` → [B, T, D]."""
        rows = self.scale_shift_table[None] + modulation.reshape(modulation.shape[0], 6, -1)
        shift1, scale1, gate1, shift2, scale2, gate2 = (
            rows[:, i : i + 1] for i in range(6)
        )  # [B, 1, D] each
        x = x + gate1 * self.attn(modulated(x, shift1, scale1), mask, turns[0])
        x = x + self.cross_attn(x, mask, context, context_mask, turns, weaken)
        return x + gate2 * self.ff(modulated(x, shift2, scale2))


class PatchEmbed(nn.Module):
    """Latents to tokens, one per frame: the patch is the whole height.

    Source: ACE-Step, models/ace_step_transformer.py, `PatchEmbed`.
    """

    def __init__(self, height: int, channels: int, width: int, hidden: int = PATCH_HIDDEN) -> None:
        super().__init__()
        self.early_conv_layers = nn.Sequential(
            nn.Conv2d(channels, hidden, kernel_size=(height, 1), stride=(height, 1)),
            nn.GroupNorm(PATCH_GROUPS, hidden, eps=1e-6),  # its statistics span all frames: never pad them
            nn.Conv2d(hidden, width, kernel_size=1),
        )

    def forward(self, latents: Tensor) -> Tensor:
        """Latents [B, C, P, T] → tokens [B, T, D]."""
        return self.early_conv_layers(latents).flatten(2).transpose(1, 2)


class FinalLayer(nn.Module):
    """Tokens to latents.

    Source: ACE-Step, models/ace_step_transformer.py, `T2IFinalLayer` and `unpatchfy`.
    """

    def __init__(self, height: int, channels: int, width: int) -> None:
        super().__init__()
        self.height = height
        self.channels = channels
        self.scale_shift_table = nn.Parameter(torch.empty(2, width))
        self.linear = nn.Linear(width, height * channels)

    def forward(self, x: Tensor, embedded: Tensor) -> Tensor:
        """Tokens [B, T, D], timestep embedding [B, D] → latents [B, C, P, T]."""
        rows = self.scale_shift_table[None] + embedded[:, None]
        y = self.linear(modulated(x, rows[:, :1], rows[:, 1:]))
        patches = y.reshape(y.shape[0], y.shape[1], self.height, self.channels)
        return patches.permute(0, 3, 2, 1)
