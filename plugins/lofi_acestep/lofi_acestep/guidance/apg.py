"""Adaptive projected guidance: push away from the negative, but only so far, and never along the positive.

The bound is on the norm over a channel's 16 T values, so a longer track is pushed less at each of them: no
window of a track may be guided alone. A scale of 15 is meant for this; plain guidance would overdo it.

Source: Sadat et al., Eliminating Oversaturation and Artifacts of High Guidance Scales, arXiv 2410.02416,
alg. 1; ACE-Step `apg_forward`, `project`, `MomentumBuffer`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from lofi_acestep.arrays import FloatArray

MOMENTUM = -0.75
NORM_THRESHOLD = 2.5
# Below this a norm counts as this, as in torch's `normalize`.
TINY = 1e-12
# The reference's `dims=[-1, -2]`: height and frame, each batch item and channel for itself.
AXES = (-2, -1)


class AdaptiveProjectedGuidance:
    """Guides one track: its momentum goes from each guided evaluation to the next.

    Args:
        momentum: how much of the last difference is added to the next; negative: how much is taken away.
        eta: how much of the push along the positive is kept.
        norm_threshold: the most a channel is pushed.
    """

    def __init__(
        self, momentum: float = MOMENTUM, eta: float = 0.0, norm_threshold: float = NORM_THRESHOLD
    ) -> None:
        self._momentum = np.float32(momentum)
        self._eta = np.float32(eta)
        self._norm_threshold = norm_threshold
        self._running: FloatArray | None = None

    @property
    def running(self) -> FloatArray | None:
        """The momentum as the last evaluation left it, before its norm was bounded: [B, 8, 16, T]."""
        return self._running

    def combine(self, index: int, scale: float, cond: FloatArray, uncond: FloatArray) -> FloatArray:  # noqa: ARG002
        """The guided velocity [B, 8, 16, T] float32."""
        difference = cond - uncond
        if self._running is not None:
            difference = difference + self._momentum * self._running
        self._running = difference
        along, across = project(bound(difference, self._norm_threshold), cond)
        push: FloatArray = across + self._eta * along
        guided: FloatArray = cond + np.float32(scale - 1) * push
        return guided


def bound(difference: FloatArray, threshold: float) -> FloatArray:
    """Shrink each channel [16, T] to a norm of `threshold`, unless it is smaller."""
    shrinking = threshold / np.maximum(norms(difference), threshold)
    bounded: FloatArray = difference * shrinking.astype(np.float32)
    return bounded


def project(vectors: FloatArray, onto: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Split each channel [16, T] into what is parallel to that of `onto`, and the rest, orthogonal to it.

    In doubles, as the reference does: the parallel part is often nearly all there is.
    """
    exact = vectors.astype(np.float64)
    direction = onto.astype(np.float64)
    direction /= np.maximum(norms(direction), TINY)
    parallel = (exact * direction).sum(AXES, keepdims=True) * direction
    return parallel.astype(np.float32), (exact - parallel).astype(np.float32)


def norms(vectors: NDArray[np.floating]) -> NDArray[np.floating]:
    """The Euclidean norm of each channel, [B, 8, 1, 1]."""
    lengths: NDArray[np.floating] = np.sqrt(np.square(vectors).sum(AXES, keepdims=True))
    return lengths
