"""Euler's method: follow the velocity at the start of a step through the whole of it.

Source: ACE-Step `FlowMatchEulerDiscreteScheduler.step`.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from lofi_acestep.arrays import FloatArray


def omega_factor(omega: float) -> float:
    """By how much a step's deviation from its mean grows: 0.9…1.1, 1 for an omega of 0, 1.046 for 10."""
    # Below about -7000 the exponential would overflow; the limit is long reached there.
    return 0.9 + 0.2 / (1 + math.exp(min(-0.1 * omega, 700.0)))


def stretch_change(change: FloatArray, omega: float) -> FloatArray:
    """Scale what a step adds about its mean, which is kept.

    Args:
        change: [B, 8, 16, T] float32. The mean is over all of it: the items of a batch touch each other.
        omega: the reference's `omega_scale`.
    """
    mean = change.mean(dtype=np.float32)
    stretched: FloatArray = (change - mean) * np.float32(omega_factor(omega)) + mean
    return stretched


class EulerStepper:
    """Takes the steps of one track.

    Args:
        sigmas: [N + 1], 0 at the end.
        omega: see `stretch_change`.
    """

    def __init__(self, sigmas: Sequence[float], omega: float) -> None:
        self._sigmas = np.array(sigmas, np.float32)
        self._omega = omega

    def step(self, index: int, latents: FloatArray, velocity: FloatArray) -> FloatArray:
        """The latents after evaluation `index`, [B, 8, 16, T] float32."""
        change = (self._sigmas[index + 1] - self._sigmas[index]) * velocity
        return latents + stretch_change(change, self._omega)
