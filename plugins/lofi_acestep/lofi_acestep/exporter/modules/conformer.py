"""What the lyrics say: a conformer without its convolutions, on relative positions."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn
from torch.nn import functional

# The last two of six; the negative branch weakens them (ERG).
WEAKENED = (4, 5)


def relative_positions(length: int, width: int) -> Tensor:
    """Rows for distances length-1 … 0 … -(length-1), float32 [2*length-1, width]: sin and cos, interleaved.

    Source: ESPnet, `RelPositionalEncoding`.
    """
    distances = torch.arange(length - 1, -length, -1, dtype=torch.float32, device="cpu")
    steps = torch.arange(0, width, 2, dtype=torch.float32, device="cpu")
    angles = distances[:, None] * torch.exp(steps * -(math.log(10000.0) / width))
    return torch.stack((angles.sin(), angles.cos()), dim=-1).flatten(1)


class RelativeAttention(nn.Module):
    """Attention by content and by distance, each with its own learned query bias.

    Source: Dai et al., Transformer-XL, arXiv 1901.02860; ESPnet, `RelPositionMultiHeadedAttention`.
    """

    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.head_dim = width // heads
        self.linear_q = nn.Linear(width, width)
        self.linear_k = nn.Linear(width, width)
        self.linear_v = nn.Linear(width, width)
        self.linear_out = nn.Linear(width, width)
        self.linear_pos = nn.Linear(width, width, bias=False)
        self.pos_bias_u = nn.Parameter(torch.empty(heads, self.head_dim))
        self.pos_bias_v = nn.Parameter(torch.empty(heads, self.head_dim))

    def forward(self, x: Tensor, mask: Tensor, positions: Tensor, weaken: Tensor | None) -> Tensor:
        """Tokens [B, L, w], mask bool [B, L] of keys that count, positions [1, 2L-1, w] → [B, L, w]."""
        query = self.linear_q(x)
        if weaken is not None:
            query = query * weaken
        query = self._split(query)
        key, value = self._split(self.linear_k(x)), self._split(self.linear_v(x))
        distance = self._split(self.linear_pos(positions))  # [1, H, 2L-1, k]
        by_content = torch.matmul(query + self.pos_bias_u[:, None], key.transpose(-1, -2))
        by_distance = torch.matmul(query + self.pos_bias_v[:, None], distance.transpose(-1, -2))
        scores = (by_content + _shifted(by_distance)) / math.sqrt(self.head_dim)
        hidden = ~mask[:, None, None, :]
        weights = scores.masked_fill(hidden, torch.finfo(torch.float32).min).softmax(dim=-1)
        mixed = torch.matmul(weights.masked_fill(hidden, 0.0), value)
        mixed = mixed.transpose(1, 2)
        return self.linear_out(mixed.reshape(mixed.shape[0], mixed.shape[1], self.heads * self.head_dim))

    def _split(self, x: Tensor) -> Tensor:
        return x.reshape(x.shape[0], x.shape[1], self.heads, self.head_dim).transpose(1, 2)


def _shifted(scores: Tensor) -> Tensor:
    """[B, H, L, 2L-1] by distance → [B, H, L, L] by key: entry (a, b) was in column L-1-a+b."""
    batch, heads, length, rows = scores.shape
    padded = functional.pad(scores, (1, 0)).reshape(batch, heads, rows + 1, length)
    return padded[:, :, 1:].reshape(batch, heads, length, rows)[..., :length]


class FeedForward(nn.Module):
    """Two biased Linears, SiLU between."""

    def __init__(self, width: int, hidden: int) -> None:
        super().__init__()
        self.w_1 = nn.Linear(width, hidden)
        self.w_2 = nn.Linear(hidden, width)

    def forward(self, x: Tensor) -> Tensor:
        """[B, L, w] → [B, L, w]."""
        return self.w_2(functional.silu(self.w_1(x)))


class ConformerLayer(nn.Module):
    """Attention, then feed-forward; each normed before and added."""

    def __init__(self, width: int, heads: int, hidden: int) -> None:
        super().__init__()
        self.self_attn = RelativeAttention(width, heads)
        self.feed_forward = FeedForward(width, hidden)
        self.norm_ff = nn.LayerNorm(width, eps=1e-5)
        self.norm_mha = nn.LayerNorm(width, eps=1e-5)

    def forward(self, x: Tensor, mask: Tensor, positions: Tensor, weaken: Tensor | None) -> Tensor:
        """As `RelativeAttention`."""
        x = x + self.self_attn(self.norm_mha(x), mask, positions, weaken)
        return x + self.feed_forward(self.norm_ff(x))


class _Embed(nn.Module):
    def __init__(self, width: int) -> None:
        super().__init__()
        self.out = nn.Sequential(nn.Linear(width, width), nn.LayerNorm(width, eps=1e-5))

    def forward(self, x: Tensor) -> Tensor:
        return self.out(x)


class LyricEncoder(nn.Module):
    """Embedded lyric tokens to what they mean together.

    Source: ACE-Step, models/lyrics_utils/lyric_encoder.py, `ConformerEncoder`.
    """

    def __init__(self, width: int, heads: int, hidden: int, layers: int, longest: int = 5000) -> None:
        super().__init__()
        self.scale = math.sqrt(width)
        self.longest = longest
        self.embed = _Embed(width)
        self.encoders = nn.ModuleList([ConformerLayer(width, heads, hidden) for _ in range(layers)])
        self.after_norm = nn.LayerNorm(width, eps=1e-5)
        # A table rather than sines in the graph: positions do not fit float16.
        self.register_buffer("positions", relative_positions(longest, width), persistent=False)

    def forward(self, x: Tensor, mask: Tensor, weaken: Tensor | None = None) -> Tensor:
        """Embeddings [B, L, w], mask bool [B, L] → [B, L, w]; L is at most `longest`."""
        positions = self.near(x.shape[1])
        x = self.embed(x) * self.scale
        for number, layer in enumerate(self.encoders):
            x = layer(x, mask, positions, weaken if number in WEAKENED else None)
        return self.after_norm(x)

    def near(self, length: int) -> Tensor:
        """The rows for distances up to `length` - 1: [1, 2*length-1, w]."""
        return self.positions[None, self.longest - length : self.longest + length - 1]
