"""CFG-Zero*: classifier-free guidance with the negative scaled to fit the positive, and no first steps.

Source: Fan et al., CFG-Zero*, arXiv 2503.18886; ACE-Step `cfg_zero_star`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from lofi_acestep.arrays import FloatArray

ZERO_STEPS = 1
# Added to the negative's squared norm, which may be 0.
EPSILON = 1e-8


class CfgZeroStar:
    """Remembers nothing.

    Args:
        zero_init: stand still in evaluations 0…`ZERO_STEPS`, two of them. Only an interval that begins that
            early has any: of the usual half, one of fewer than 8 steps.
    """

    def __init__(self, *, zero_init: bool = True) -> None:
        self._zero_init = zero_init

    def combine(self, index: int, scale: float, cond: FloatArray, uncond: FloatArray) -> FloatArray:
        """The guided velocity [B, 8, 16, T] float32."""
        if self._zero_init and index <= ZERO_STEPS:
            return np.zeros_like(cond)
        fitted: FloatArray = fitting(cond, uncond) * uncond
        guided: FloatArray = fitted + np.float32(scale) * (cond - fitted)
        return guided


def fitting(cond: FloatArray, uncond: FloatArray) -> FloatArray:
    """The factor that brings the negative closest to the positive: one for each item, [B, 1, 1, 1]."""
    axes = (1, 2, 3)
    alike = (cond * uncond).sum(axes, keepdims=True)
    squared = np.square(uncond).sum(axes, keepdims=True)
    factor: FloatArray = alike / (squared + np.float32(EPSILON))
    return factor
