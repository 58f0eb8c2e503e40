"""From a request to samples: encode the prompt, denoise latents, decode them to mel, vocode that."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from lofi_acestep.conditions import Conditioner, choose_branch
from lofi_acestep.decoding import decode_latents, vocode_mel
from lofi_acestep.denoise import denoise
from lofi_acestep.guidance import make_guidance
from lofi_acestep.guidance.interval import make_interval
from lofi_acestep.latents import CHANNELS, HEIGHT
from lofi_acestep.noise import ReferenceNoise
from lofi_acestep.plan import DENOISE
from lofi_acestep.schedulers import make_scheduler
from lofi_core import InferenceFailed, Step

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator

    from lofi_acestep.arrays import FloatArray
    from lofi_acestep.conditions import Conditions
    from lofi_acestep.networks import Denoiser, Networks
    from lofi_acestep.options import ACEStepOptions
    from lofi_acestep.plan import Plan
    from lofi_core import GenerateRequest, Runtime


class Model:
    """What is loaded once, and what it remembers from track to track."""

    def __init__(self, networks: Networks) -> None:
        self.networks = networks
        self.conditioner = Conditioner(networks)


def generate_track(request: GenerateRequest, model: Model, plan: Plan, runtime: Runtime) -> Iterator[Step]:
    """Yield a step for the text and for its context, one for each evaluation, and those of decoding.

    Raises:
        InvalidOption: these networks cannot do what was asked for.
        InferenceFailed: a network's answer is not finite.
    """
    options: ACEStepOptions = request.options
    is_guided = plan.rows > plan.evaluations
    branch = choose_branch(options.negative, model.networks.weakening, guided=is_guided)
    runtime.note("scheduler", options.scheduler)
    runtime.note("cfg_type", options.cfg_type if is_guided else "none")
    runtime.note("guidance_scale", options.scale if is_guided else 1.0)
    runtime.note("negative", branch)
    conditions = yield from model.conditioner.conditions(request.prompt, options.lyrics, branch)
    if conditions.tokens_cut:
        runtime.log.warning("the prompt is too long: its last %d tokens are not heard", conditions.tokens_cut)
        runtime.note("prompt_tokens_cut", conditions.tokens_cut)
    latents = yield from make_latents(request.seed, options, model.networks, conditions, plan)
    # They are small beside the track, and whoever has them can go on from them.
    runtime.keep("latents", latents.astype(np.float16))
    mel, whole = yield from decode_latents(latents, model.networks, options.decode, runtime)
    yield from vocode_mel(mel, model.networks, whole=whole)


def make_latents(
    seed: int, options: ACEStepOptions, networks: Networks, conditions: Conditions, plan: Plan
) -> Generator[Step, None, FloatArray]:
    """Denoise latents [1, 8, 16, T], with a step after each evaluation.

    The network stays open over the steps, so a track that is paused keeps it.
    """
    noise = ReferenceNoise(seed)
    latents = noise.normal((1, CHANNELS, HEIGHT, plan.frames))
    scheduler = make_scheduler(
        options.scheduler, options.inference_steps, shift=options.shift, omega=options.omega_scale
    )
    interval = make_interval(
        options.inference_steps,
        options.scale,
        interval=options.guidance_interval,
        decay=options.guidance_interval_decay,
        minimum=options.min_guidance_scale,
    )
    guidance = make_guidance(options.cfg_type)
    rows = 0
    with networks.denoiser() as denoiser:
        evaluate = _Evaluate(denoiser, conditions, scheduler.evaluations)
        for index, current in denoise(latents, scheduler, guidance, interval, evaluate, noise):
            latents = current
            rows += 2 if plan.is_guided(index) else 1
            yield Step(DENOISE, rows - 1)
    return latents


@dataclass(slots=True)
class _Evaluate:
    """Asks the denoiser for one velocity, or for one on each side; counts, to tell where it failed."""

    denoiser: Denoiser
    conditions: Conditions
    evaluations: int
    done: int = 0

    def __call__(
        self, latents: FloatArray, timestep: float, *, guided: bool
    ) -> tuple[FloatArray, FloatArray | None]:
        self.done += 1
        try:
            return self._ask(latents, timestep, guided=guided)
        except InferenceFailed as error:
            where = f"{error.message}, in evaluation {self.done} of {self.evaluations}"
            raise InferenceFailed(where, error.hint) from error

    def _ask(
        self, latents: FloatArray, timestep: float, *, guided: bool
    ) -> tuple[FloatArray, FloatArray | None]:
        positive, negative = self.conditions.positive, self.conditions.negative
        if not guided or negative is None:
            return self.denoiser.velocity(latents, timestep, positive), None
        weaken = [1.0, self.conditions.weaken]
        velocity, against = self.denoiser.velocities(latents, timestep, [positive, negative], weaken)
        return velocity, against
