"""Where a token stands, as ACE-Step turns it: adjacent pairs, but the table of half-split ones."""

from __future__ import annotations

import torch
from torch import Tensor


def rope_tables(length: int, size: int, theta: float) -> tuple[Tensor, Tensor]:
    """Cosines and sines for positions 0…length-1, float32 [length, size] each.

    Column c holds the angle n*theta^(-2j/size), j = c modulo size/2: the half-table is repeated, although
    `rotate` takes adjacent elements. Thus the two of a pair have different angles, and it is no rotation; the
    model was trained so. Angles are float32 products: in float64 they would differ by 1e-3 at position 20000.

    Source: ACE-Step, models/attention.py, `Qwen2RotaryEmbedding` with diffusers' `apply_rotary_emb`.
    """
    exponents = torch.arange(0, size, 2, dtype=torch.float32, device="cpu") / size
    frequencies = 1.0 / (theta**exponents)
    positions = torch.arange(length, dtype=torch.float32, device="cpu")
    angles = torch.outer(positions, frequencies)
    angles = torch.cat((angles, angles), dim=-1)
    return angles.cos(), angles.sin()


def rotate(x: Tensor, cosines: Tensor, sines: Tensor) -> Tensor:
    """Turn queries or keys [B, H, T, d] by tables [T, d]: element 2i with 2i+1, each by its own angle."""
    batch, heads, tokens, size = x.shape
    pairs = x.reshape(batch, heads, tokens, size // 2, 2)
    turned = torch.stack((-pairs[..., 1], pairs[..., 0]), dim=-1).reshape(batch, heads, tokens, size)
    return x * cosines + turned * sines
