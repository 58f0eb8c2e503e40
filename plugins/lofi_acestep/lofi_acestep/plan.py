"""What will a generation go through, and how long does each part take? Pure: nothing is loaded for it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from lofi_core import Schedule, Stage

if TYPE_CHECKING:
    from lofi_acestep.options import ACEStepOptions, SchedulerName

ENCODE, DENOISE, DECODE, VOCODE = "encode", "denoise", "decode", "vocode"

VOCODER_RATE = 44_100  # Hz
SAMPLES_PER_FRAME = 4_096  # of the vocoder's, per latent frame: 8 mel frames of 512
MEL_FRAMES = 8  # per latent frame
CHANNELS = 2

# GFLOP of the real networks, 1 multiply-add = 2 FLOP; their ratios are what percent and ETA go by.
DENOISE_PER_FRAME = 4.32
DENOISE_PER_CONTEXT_TOKEN = 0.629
DECODE_PER_SECOND = 96.9
VOCODE_PER_SECOND = 116.1  # of one channel
ENCODE_PER_TOKEN = 4 * 0.17  # two encoders, each for both branches
CONTEXT_TOKENS = 30  # of a prompt of usual length; what it really has is known after the load


@dataclass(frozen=True, slots=True)
class Plan:
    """One generation.

    Attributes:
        frames: latent frames T.
        evaluations: how often the scheduler wants a velocity.
        guided: of these, which need the negative branch as well: [start, end).
    """

    frames: int
    evaluations: int
    guided: tuple[int, int]

    @property
    def duration_sec(self) -> float:
        """Of what comes out: whole latent frames, so a little less than asked for."""
        return self.frames * SAMPLES_PER_FRAME / VOCODER_RATE

    @property
    def rows(self) -> int:
        """Rows the transformer computes in all: one an evaluation, two a guided one."""
        start, end = self.guided
        return self.evaluations + end - start

    def is_guided(self, evaluation: int) -> bool:
        """Whether an evaluation needs the negative branch as well."""
        start, end = self.guided
        return start <= evaluation < end


def make_plan(options: ACEStepOptions, duration_sec: float) -> Plan:
    """Lay out a request.

    Source: ACE-Step, pipeline_ace_step.py: the frame length is rounded down; steps outside of the guidance
    interval are not guided.
    """
    evaluations = evaluation_count(options.scheduler, options.inference_steps)
    start, end = guided_interval(options.inference_steps, options.guidance_interval)
    if options.scale == 1.0:  # the conditional velocity itself
        start = end = 0
    return Plan(frame_length(duration_sec), evaluations, (start, min(end, evaluations)))


def make_stages(plan: Plan) -> Schedule:
    """The plan as stages. Their steps are transformer rows and frames, for these take equally long."""
    seconds = plan.duration_sec
    denoise = plan.rows * (DENOISE_PER_FRAME * plan.frames + DENOISE_PER_CONTEXT_TOKEN * CONTEXT_TOKENS)
    stages = (
        Stage(ENCODE, 2, ENCODE_PER_TOKEN * CONTEXT_TOKENS),
        Stage(DENOISE, plan.rows, denoise),
        Stage(DECODE, plan.frames, DECODE_PER_SECOND * seconds),
        Stage(VOCODE, CHANNELS * plan.frames, CHANNELS * VOCODE_PER_SECOND * seconds),
    )
    return Schedule(stages, state=plan)


def frame_length(duration_sec: float) -> int:
    """How many whole latent frames fit into a duration."""
    return int(duration_sec * VOCODER_RATE / 512 / 8)


def evaluation_count(scheduler: SchedulerName, steps: int) -> int:
    """How often a scheduler evaluates the network: Heun twice a step, but for the last."""
    return 2 * steps - 1 if scheduler == "heun" else steps


def guided_interval(steps: int, share: float) -> tuple[int, int]:
    """The evaluations that are guided, [start, end).

    Counted in steps, also for Heun, whose evaluations are nearly twice as many: so does the reference, and so
    Heun is guided at high noise only.
    """
    return int(steps * ((1 - share) / 2)), int(steps * (share / 2 + 0.5))
