"""Classifier-free guidance: go on beyond the positive, straight away from the negative, without bound.

Source: Ho and Salimans, arXiv 2207.12598; ACE-Step `cfg_forward`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from lofi_acestep.arrays import FloatArray


class ClassifierFreeGuidance:
    """Remembers nothing."""

    def combine(self, index: int, scale: float, cond: FloatArray, uncond: FloatArray) -> FloatArray:  # noqa: ARG002
        """The guided velocity [B, 8, 16, T] float32."""
        guided: FloatArray = uncond + np.float32(scale) * (cond - uncond)
        return guided
