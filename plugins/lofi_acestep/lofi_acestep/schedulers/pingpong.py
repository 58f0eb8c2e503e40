"""Ping-pong sampling: denoise all the way, then add fresh noise up to the next level.

Source: ACE-Step `FlowMatchPingPongScheduler.step`; Novack et al., Presto!, arXiv 2410.05167.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from lofi_acestep.arrays import FloatArray
    from lofi_acestep.noise import ReferenceNoise


class PingPongStepper:
    """Takes the steps of one track.

    Args:
        sigmas: [N + 1], 0 at the end.
        noise: goes on after the draw of the initial latents. For a batch, that of its first item.
    """

    def __init__(self, sigmas: Sequence[float], noise: ReferenceNoise) -> None:
        self._sigmas = np.array(sigmas, np.float32)
        self._noise = noise

    def step(self, index: int, latents: FloatArray, velocity: FloatArray) -> FloatArray:
        """The latents after evaluation `index`, [B, 8, 16, T] float32."""
        following = self._sigmas[index + 1]
        denoised = latents - self._sigmas[index] * velocity
        # Drawn on the last step too, where it counts for nothing, as the reference does.
        fresh = self._noise.normal(latents.shape)
        renoised: FloatArray = (np.float32(1) - following) * denoised + following * fresh
        return renoised
