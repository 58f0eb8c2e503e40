"""How noise becomes latents: at which levels the network is asked, and what is made of its answers."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Protocol

from lofi_acestep.schedulers.euler import EulerStepper
from lofi_acestep.schedulers.heun import HeunStepper, heun_sigmas, heun_timesteps
from lofi_acestep.schedulers.pingpong import PingPongStepper
from lofi_acestep.schedulers.sigmas import make_sigmas, pick_sigmas, timesteps_of
from lofi_core import InvalidOption

if TYPE_CHECKING:
    from collections.abc import Sequence

    from lofi_acestep.arrays import FloatArray
    from lofi_acestep.noise import ReferenceNoise

SCHEDULERS = ("euler", "heun", "pingpong")


class Stepper(Protocol):
    """What one track needs to remember from step to step."""

    def step(self, index: int, latents: FloatArray, velocity: FloatArray) -> FloatArray:
        """The latents after evaluation `index`, [B, 8, 16, T] float32. `index` rises by one from 0."""


@dataclass(frozen=True, slots=True)
class Scheduler:
    """All that is decided before the first evaluation.

    Attributes:
        name: one of `SCHEDULERS`.
        steps: what the user calls steps, N.
        timesteps: of each evaluation, 0…1000.
        sigmas: of each evaluation, and 0.
        omega: see `stretch_change`; ping-pong has no use for it.
    """

    name: str
    steps: int
    timesteps: tuple[float, ...]
    sigmas: tuple[float, ...]
    omega: float

    @property
    def evaluations(self) -> int:
        """How often the network is asked: N, with Heun 2N - 1. A guided evaluation counts once."""
        return len(self.timesteps)

    def begin(self, noise: ReferenceNoise) -> Stepper:
        """Start a track whose initial latents have been drawn from `noise` already."""
        if self.name == "pingpong":
            return PingPongStepper(self.sigmas, noise)
        stepper = HeunStepper if self.name == "heun" else EulerStepper
        return stepper(self.sigmas, self.omega)


def make_scheduler(
    name: str, steps: int, *, shift: float = 3.0, omega: float = 10.0, custom_steps: Sequence[int] = ()
) -> Scheduler:
    """Lay out the evaluations of a track.

    Args:
        name: one of `SCHEDULERS`.
        steps: 1 or more; of no meaning beside `custom_steps`.
        shift: 3 is what the model was trained with.
        omega: the reference's `omega_scale`.
        custom_steps: the reference's `oss_steps`, see `pick_sigmas`; none: every step.

    Raises:
        InvalidOption: there is no such scheduler, it cannot take these steps, or there are none.
    """
    if name not in SCHEDULERS:
        raise InvalidOption(f"there is no scheduler {name!r}", f"choose one of {', '.join(SCHEDULERS)}")
    if custom_steps:
        check_custom_steps(name, custom_steps)
    elif steps < 1:
        raise InvalidOption(f"a track takes 1 step or more, not {steps}")
    sigmas = pick_sigmas(custom_steps, shift) if custom_steps else make_sigmas(steps, shift)
    timesteps: tuple[float, ...] = tuple(timesteps_of(sigmas).tolist())
    levels: tuple[float, ...] = (*sigmas.tolist(), 0.0)
    if name == "heun":
        return Scheduler(name, steps, heun_timesteps(timesteps), heun_sigmas(levels), omega)
    return Scheduler(name, len(timesteps), timesteps, levels, omega)


def check_custom_steps(name: str, custom_steps: Sequence[int]) -> None:
    """Raise `InvalidOption` unless these are steps that this scheduler can take."""
    if name == "heun":
        raise InvalidOption("the heun scheduler takes no custom steps", "choose euler or pingpong")
    if custom_steps[0] < 1 or any(later <= earlier for earlier, later in pairwise(custom_steps)):
        raise InvalidOption(f"custom steps count from 1 and rise, unlike {list(custom_steps)}")
