"""How frames see each other (linear attention) and the context (softmax attention)."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn

if TYPE_CHECKING:
    from lofi_acestep.exporter.modules.rope import Turn

# Decides 0/0 → 0 for frames whose queries are all negative, which happens.
EPSILON = 1e-15


class Attention(nn.Module):
    """The four projections that both kinds share: `to_q`, `to_k`, `to_v`, `to_out.0`, all biased."""

    def __init__(self, heads: int, head_dim: int) -> None:
        super().__init__()
        width = heads * head_dim
        self.heads = heads
        self.head_dim = head_dim
        self.to_q = nn.Linear(width, width)
        self.to_k = nn.Linear(width, width)
        self.to_v = nn.Linear(width, width)
        self.to_out = nn.ModuleList([nn.Linear(width, width)])

    def split(self, x: Tensor) -> Tensor:
        """[B, T, D] → [B, H, T, d]."""
        return x.reshape(x.shape[0], x.shape[1], self.heads, self.head_dim).transpose(1, 2)

    def merge(self, x: Tensor) -> Tensor:
        """[B, H, T, d] → [B, T, D], projected."""
        x = x.transpose(1, 2)
        return self.to_out[0](x.reshape(x.shape[0], x.shape[1], self.heads * self.head_dim))


class LinearSelfAttention(Attention):
    """ReLU linear attention over all frames: O(T), one d x d state per head.

    Source: ACE-Step, models/attention.py, `CustomLiteLAProcessor2_0`.
    """

    def forward(self, x: Tensor, mask: Tensor, turn: Turn) -> Tensor:
        """Frames [B, T, D], mask float32 [B, T] → [B, T, D]."""
        kept = mask[:, None, :, None]
        query = turn.rotate(self.split(self.to_q(x))) * kept
        key = turn.rotate(self.split(self.to_k(x))) * kept
        value = self.split(self.to_v(x)) * kept
        query, key = query.relu(), key.relu()  # after the rotation, unlike elsewhere
        state = torch.matmul(key.transpose(-1, -2), value)  # [B, H, d, d]
        total = key.sum(dim=2).unsqueeze(-1)  # [B, H, d, 1]
        return self.merge(torch.matmul(query, state) / (torch.matmul(query, total) + EPSILON))


class CrossAttention(Attention):
    """Softmax attention of the frames on the context; rotated too, by frame and context index.

    Source: ACE-Step, models/attention.py, `CustomerAttnProcessor2_0`.
    """

    def forward(
        self,
        x: Tensor,
        mask: Tensor,
        context: Tensor,
        context_mask: Tensor,
        turns: tuple[Turn, Turn],
        weaken: Tensor | None = None,
    ) -> Tensor:
        """Frames [B, T, D], context [B, E, D], masks float32, turns of frames and of context → [B, T, D].

        `weaken`, a scalar, is the factor on the queries (ERG): near 0 the attention is near uniform.
        """
        query = self.to_q(x)
        if weaken is not None:
            query = query * weaken
        query = turns[0].rotate(self.split(query))
        key = turns[1].rotate(self.split(self.to_k(context)))
        value = self.split(self.to_v(context))
        scores = torch.matmul(query, key.transpose(-1, -2)) / math.sqrt(self.head_dim)
        seen = mask[:, None, :, None] * context_mask[:, None, None, :]
        # Finite, so that a frame that may see nothing is not NaN.
        scores = scores.masked_fill(seen != 1, torch.finfo(torch.float32).min)
        return self.merge(torch.matmul(scores.softmax(dim=-1), value))
