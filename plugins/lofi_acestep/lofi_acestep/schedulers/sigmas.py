"""At which noise levels is a track evaluated?

A noise level `sigma` runs from 1, nothing but noise, to 0. The network is told a timestep, 1000 sigma.

Source: ACE-Step `FlowMatchEulerDiscreteScheduler.set_timesteps`, after diffusers; Esser et al., Scaling
Rectified Flow Transformers, arXiv 2403.03206, sec. 5.3.2, for the shift.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from lofi_acestep.arrays import FloatArray

TRAINED_TIMESTEPS = 1000


def shift_sigmas(sigmas: NDArray[np.float64], shift: float) -> NDArray[np.float64]:
    """Spend more of the steps at high noise: shift s / (1 + (shift - 1) s), which keeps 0 and 1."""
    shifted: NDArray[np.float64] = shift * sigmas / (1 + (shift - 1) * sigmas)
    return shifted


def make_sigmas(steps: int, shift: float) -> FloatArray:
    """The noise level before each step, falling from 1, without the 0 at the end: float32 [steps].

    The low end is shifted twice: the reference spaces the levels down to an already shifted minimum, and
    shifts them all. So the last step begins at 0.0089 and not at 0.0030 with the usual shift of 3.
    """
    lowest = np.float32(shift_sigmas(np.array(1 / TRAINED_TIMESTEPS), shift))
    spaced = np.linspace(TRAINED_TIMESTEPS, TRAINED_TIMESTEPS * float(lowest), steps) / TRAINED_TIMESTEPS
    return shift_sigmas(spaced, shift).astype(np.float32)


def pick_sigmas(custom_steps: Sequence[int], shift: float) -> FloatArray:
    """The noise levels of chosen steps of a longer schedule, float32 [len(custom_steps)].

    As in the reference, whatever is picked is shifted once more, so these are not quite the levels picked.

    Args:
        custom_steps: from 1, rising; the last one is the length of the schedule they are picked from.
        shift: of both.

    Source: ACE-Step `text2music_diffusion_process`, `oss_steps`.
    """
    timesteps = timesteps_of(make_sigmas(max(custom_steps), shift))
    picked = timesteps[np.array(custom_steps) - 1] / np.float32(TRAINED_TIMESTEPS)
    return shift_sigmas(picked.astype(np.float64), shift).astype(np.float32)


def timesteps_of(sigmas: FloatArray) -> FloatArray:
    """What the network is told, 0…1000, float32."""
    timesteps: FloatArray = sigmas * np.float32(TRAINED_TIMESTEPS)
    return timesteps
