"""Where a token stands, as ACE-Step turns it: adjacent pairs, but the table of half-split ones."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor, nn


def rope_tables(length: int, size: int, theta: float) -> tuple[Tensor, Tensor]:
    """Cosines and sines for positions 0…length-1, float32 [length, size] each.

    Column c holds the angle n*theta^(-2j/size), j = c modulo size/2: the half-table is repeated, although
    `Turn` takes adjacent elements. Thus the two of a pair have different angles, and it is no rotation; the
    model was trained so. Angles are float32 products: in float64 they would differ by 1e-3 at position 20000.

    Source: ACE-Step, models/attention.py, `Qwen2RotaryEmbedding` with diffusers' `apply_rotary_emb`.
    """
    exponents = torch.arange(0, size, 2, dtype=torch.float32, device="cpu") / size
    frequencies = 1.0 / (theta**exponents)
    positions = torch.arange(length, dtype=torch.float32, device="cpu")
    angles = torch.outer(positions, frequencies)
    angles = torch.cat((angles, angles), dim=-1)
    return angles.cos(), angles.sin()


class Rope(nn.Module):
    """The tables as a graph takes them, for any number of tokens up to `length`."""

    def __init__(self, length: int, size: int, theta: float) -> None:
        super().__init__()
        cosines, sines = rope_tables(length, size, theta)
        signs = torch.tensor([-1.0, 1.0], device="cpu").repeat(size // 2)
        self.register_buffer("cosines", cosines, persistent=False)
        self.register_buffer("sines", sines * signs, persistent=False)
        # The other one of each pair: 1, 0, 3, 2, …
        self.register_buffer("other", torch.arange(size, device="cpu") ^ 1, persistent=False)

    def forward(self, tokens: int) -> Turn:
        """For positions 0…tokens-1."""
        return Turn(self.cosines[:tokens], self.sines[:tokens], self.other)


class Turn(NamedTuple):
    """How to rotate so many tokens: tables [T, d], the sines signed, and each one's partner [d]."""

    cosines: Tensor
    sines: Tensor
    other: Tensor

    def rotate(self, x: Tensor) -> Tensor:
        """Queries or keys [B, H, T, d], each element with its partner and by its own angle."""
        return x * self.cosines + x.index_select(-1, self.other) * self.sines
