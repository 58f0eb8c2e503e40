"""Heun's method: go on with the mean of the velocities at both ends of a step.

N steps are 2N - 1 evaluations: a prediction and a correction each, but for the last, which goes to sigma 0,
where there is nothing to evaluate, and is Euler's.

Source: ACE-Step `FlowMatchHeunDiscreteScheduler.step`, after diffusers; Karras et al., arXiv 2206.00364,
alg. 1.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from lofi_acestep.schedulers.euler import stretch_change

if TYPE_CHECKING:
    from collections.abc import Sequence

    from lofi_acestep.arrays import FloatArray


def heun_timesteps(timesteps: Sequence[float]) -> tuple[float, ...]:
    """Each but the first twice: [N] → [2N - 1]."""
    return (timesteps[0], *(t for t in timesteps[1:] for _ in range(2)))


def heun_sigmas(sigmas: Sequence[float]) -> tuple[float, ...]:
    """Each but the first and the 0 at the end twice: [N + 1] → [2N]."""
    return (*heun_timesteps(sigmas[:-1]), sigmas[-1])


@dataclass(frozen=True, slots=True)
class _Predicted:
    """Where a step began, and how.

    Attributes:
        latents: before it, [B, 8, 16, T].
        velocity: there.
        width: sigma after it less sigma before it, negative.
    """

    latents: FloatArray
    velocity: FloatArray
    width: np.float32


class HeunStepper:
    """Takes the steps of one track; evaluations come in order, as each correction needs its prediction.

    Args:
        sigmas: [2N], as `heun_sigmas` makes them.
        omega: see `stretch_change`.
    """

    def __init__(self, sigmas: Sequence[float], omega: float) -> None:
        self._sigmas = np.array(sigmas, np.float32)
        self._omega = omega
        self._predicted: _Predicted | None = None

    def step(self, index: int, latents: FloatArray, velocity: FloatArray) -> FloatArray:
        """The latents after evaluation `index`, [B, 8, 16, T] float32."""
        sigma = self._sigmas[index]
        # The way over the denoised latents is the reference's; only its rounding differs from `velocity`.
        here = (latents - (latents - velocity * sigma)) / sigma
        if self._predicted is not None:
            begun, self._predicted = self._predicted, None
            change = (begun.velocity + here) / np.float32(2) * begun.width
            return begun.latents + stretch_change(change, self._omega)
        width = self._sigmas[index + 1] - sigma
        self._predicted = _Predicted(latents, here, width)
        return latents + stretch_change(here * width, self._omega)
