"""Log-mel to samples: a ConvNeXt backbone and a HiFi-GAN head, weight norm already folded.

Source: ACE-Step, music_dcae/music_vocoder.py, `ADaMoSHiFiGANV1` (from fish-audio's vocoder).
"""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn
from torch.nn import functional

if TYPE_CHECKING:
    from lofi_acestep.exporter.configs import VocoderConfig

EPSILON = 1e-6


class ChannelNorm(nn.LayerNorm):
    """Over the channels of [B, C, T], at each time."""

    def __init__(self, channels: int) -> None:
        super().__init__(channels, eps=EPSILON)

    def forward(self, x: Tensor) -> Tensor:
        """[B, C, T] → [B, C, T]."""
        return super().forward(x.transpose(1, 2)).transpose(1, 2)


class ConvNeXtBlock(nn.Module):
    """Depthwise over seven frames, then a feed-forward per frame."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.dwconv = nn.Conv1d(channels, channels, 7, padding=3, groups=channels)
        self.norm = nn.LayerNorm(channels, eps=EPSILON)
        self.pwconv1 = nn.Linear(channels, 4 * channels)
        self.pwconv2 = nn.Linear(4 * channels, channels)
        self.gamma = nn.Parameter(torch.empty(channels))

    def forward(self, x: Tensor) -> Tensor:
        """[B, C, T] → [B, C, T]."""
        y = self.norm(self.dwconv(x).transpose(1, 2))
        y = self.gamma * self.pwconv2(functional.gelu(self.pwconv1(y)))
        return x + y.transpose(1, 2)


class Backbone(nn.Module):
    """Four stages, wider each time, at the mel's own rate."""

    def __init__(self, config: VocoderConfig) -> None:
        super().__init__()
        dims = config.dims
        stem = nn.Conv1d(config.input_channels, dims[0], 7, padding=3, padding_mode="replicate")
        self.channel_layers = nn.ModuleList([nn.Sequential(stem, ChannelNorm(dims[0]))])
        for before, after in pairwise(dims):
            self.channel_layers.append(nn.Sequential(ChannelNorm(before), nn.Conv1d(before, after, 1)))
        self.stages = nn.ModuleList(
            nn.Sequential(*(ConvNeXtBlock(width) for _ in range(depth)))
            for width, depth in zip(dims, config.depths, strict=True)
        )
        self.norm = ChannelNorm(dims[-1])

    def forward(self, mel: Tensor) -> Tensor:
        """Log-mel [B, M, N] → [B, C, N]."""
        x = mel
        for layer, stage in zip(self.channel_layers, self.stages, strict=True):
            x = stage(layer(x))
        return self.norm(x)


class ResBlock(nn.Module):
    """Three times two convolutions of one kernel, the first of each dilated."""

    def __init__(self, channels: int, kernel: int, dilations: tuple[int, ...]) -> None:
        super().__init__()

        def conv(dilation: int) -> nn.Module:
            padding = dilation * (kernel - 1) // 2
            return nn.Conv1d(channels, channels, kernel, dilation=dilation, padding=padding)

        self.convs1 = nn.ModuleList([conv(dilation) for dilation in dilations])
        self.convs2 = nn.ModuleList([conv(1) for _ in dilations])

    def forward(self, x: Tensor) -> Tensor:
        """[B, C, N] → [B, C, N]."""
        for first, second in zip(self.convs1, self.convs2, strict=True):
            x = x + second(functional.silu(first(functional.silu(x))))
        return x


class Head(nn.Module):
    """Upsampling by transposed convolutions, the mean of parallel resblocks after each."""

    def __init__(self, config: VocoderConfig) -> None:
        super().__init__()
        channels, pre, post = (
            config.upsample_initial_channel,
            config.pre_conv_kernel_size,
            config.post_conv_kernel_size,
        )
        self.conv_pre = nn.Conv1d(config.num_mels, channels, pre, padding=pre // 2)
        self.ups = nn.ModuleList()
        self.resblocks = nn.ModuleList()
        shapes = list(zip(config.resblock_kernel_sizes, config.resblock_dilation_sizes, strict=True))
        self.parallel = len(shapes)
        for rate, kernel in zip(config.upsample_rates, config.upsample_kernel_sizes, strict=True):
            padding = (kernel - rate) // 2
            self.ups.append(nn.ConvTranspose1d(channels, channels // 2, kernel, stride=rate, padding=padding))
            channels //= 2
            self.resblocks.extend(ResBlock(channels, size, tuple(dilations)) for size, dilations in shapes)
        self.conv_post = nn.Conv1d(channels, 1, post, padding=post // 2)

    def forward(self, x: Tensor) -> Tensor:
        """[B, C, N] → samples [B, 1, N*hop], -1…1."""
        x = self.conv_pre(x)
        for number, up in enumerate(self.ups):
            x = up(functional.silu(x))
            blocks = self.resblocks[number * self.parallel : (number + 1) * self.parallel]
            total = blocks[0](x)
            for block in blocks[1:]:
                total = total + block(x)
            x = total / self.parallel
        return torch.tanh(self.conv_post(functional.silu(x)))


class Vocoder(nn.Module):
    """One channel at a time."""

    def __init__(self, config: VocoderConfig) -> None:
        super().__init__()
        self.backbone = Backbone(config)
        self.head = Head(config)

    def forward(self, mel: Tensor) -> Tensor:
        """Log-mel [B, 128, N] → samples [B, 1, 512N] at 44.1 kHz."""
        return self.head(self.backbone(mel))
