"""From noise to latents: ask for velocities, guide them, take a step, until no noise is left.

Source: ACE-Step `text2music_diffusion_process`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

import numpy as np

from lofi_core import InferenceFailed

if TYPE_CHECKING:
    from collections.abc import Iterator

    from lofi_acestep.arrays import FloatArray
    from lofi_acestep.guidance import Guidance
    from lofi_acestep.guidance.interval import Interval
    from lofi_acestep.noise import ReferenceNoise
    from lofi_acestep.schedulers import Scheduler


class Evaluate(Protocol):
    """The network, with the conditions of the track."""

    def __call__(
        self, latents: FloatArray, timestep: float, *, guided: bool
    ) -> tuple[FloatArray, FloatArray | None]:
        """The velocities for the conditions and against them, [B, 8, 16, T] float32 each.

        The second is None where not `guided`, and where there is nothing to combine.
        """


def denoise(
    latents: FloatArray,
    scheduler: Scheduler,
    guidance: Guidance,
    interval: Interval,
    evaluate: Evaluate,
    noise: ReferenceNoise,
) -> Iterator[tuple[int, FloatArray]]:
    """Make the latents of a track, one evaluation at a time.

    Args:
        latents: noise [B, 8, 16, T] float32, each item drawn from its own seed.
        scheduler: of the track.
        guidance: new, as it remembers what it did.
        interval: made for `scheduler.steps`.
        evaluate: asks the network.
        noise: what the first item of `latents` was drawn from.

    Yields:
        The evaluation just done, from 0, and the latents after it [B, 8, 16, T]. Between any two the track
        may be left.

    Raises:
        InferenceFailed: a velocity is not finite.
    """
    stepper = scheduler.begin(noise)
    for index, timestep in enumerate(scheduler.timesteps):
        velocity, against = evaluate(latents, timestep, guided=interval.guides(index))
        check_finite(velocity, index, scheduler.evaluations)
        if against is not None:
            check_finite(against, index, scheduler.evaluations)
            velocity = guidance.combine(index, interval.scale_at(index), velocity, against)
        latents = stepper.step(index, latents, velocity)
        yield index, latents


def check_finite(velocity: FloatArray, index: int, evaluations: int) -> None:
    """Raise `InferenceFailed` if there is a NaN or an infinity in it."""
    if not np.isfinite(velocity).all():
        raise InferenceFailed(
            f"the denoiser's answer is not finite in evaluation {index + 1} of {evaluations}",
            "try another seed, a lower guidance scale, or the fp32 files if these are not",
        )
