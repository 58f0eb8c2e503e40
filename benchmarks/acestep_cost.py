"""What do ACE-Step's tracks cost at least, on a processor and on a graphics card?

`python -m benchmarks.acestep_cost` prints the table of `docs/performance.md`. It follows from the plan's
counts and constants; nothing is measured.
"""

from __future__ import annotations

from dataclasses import dataclass

from lofi_acestep.options import FAST_STEPS, REFERENCE_STEPS, ACEStepOptions
from lofi_acestep.plan import (
    CHANNELS,
    CONTEXT_TOKENS,
    DECODE_PER_SECOND,
    DENOISE_PER_CONTEXT_TOKEN,
    DENOISE_PER_FRAME,
    VOCODE_PER_SECOND,
    Plan,
    make_plan,
)

DURATIONS = (30.0, 120.0, 240.0)
STEPS = (FAST_STEPS, REFERENCE_STEPS)
PROCESSOR_FLOPS = 100e9  # a second, of a desktop's processor in float32
HALF_WEIGHT_BYTES = 4.99e9  # of the denoiser, 2 bytes a parameter; each evaluation reads them once


@dataclass(frozen=True, slots=True)
class Card:
    """A graphics card, by what was measured of it.

    Attributes:
        flops: of large products in half precision, a second.
        bytes_per_sec: read and written by copies within its memory.
    """

    flops: float
    bytes_per_sec: float


H200 = Card(790e12, 4.3e12)
# By the names that their driver gives; cards of other names, such as the H100 PCIe, are slower.
CARDS = {"NVIDIA H200": H200, "NVIDIA H100 80GB HBM3": Card(790e12, 3.0e12)}


def evaluation_flop(frames: int, rows: int = 1) -> float:
    """Of one run of the denoiser on T frames; 2 FLOP a multiply-add."""
    context = DENOISE_PER_CONTEXT_TOKEN * CONTEXT_TOKENS
    return rows * (DENOISE_PER_FRAME * frames + context) * 1e9


def denoise_flop(plan: Plan) -> float:
    """Of all evaluations of a track."""
    return plan.rows * evaluation_flop(plan.frames)


def decode_flop(plan: Plan) -> float:
    """Of DCAE and vocoder, both channels."""
    return (DECODE_PER_SECOND + CHANNELS * VOCODE_PER_SECOND) * plan.duration_sec * 1e9


def evaluation_bound_sec(frames: int, rows: int, card: Card) -> float:
    """No evaluation of so many rows in half precision is faster: by arithmetic, or by reading the weights."""
    return max(evaluation_flop(frames, rows) / card.flops, HALF_WEIGHT_BYTES / card.bytes_per_sec)


def evaluations_sec(plan: Plan, single: float, pair: float) -> float:
    """All evaluations of a track, from what one takes and what a guided one does, both rows in one run."""
    pairs = plan.rows - plan.evaluations
    return (plan.evaluations - pairs) * single + pairs * pair


def table() -> str:
    """Markdown: a row for each duration and number of steps, other options being the defaults."""
    head = (
        "| audio | T | TFLOP an evaluation | steps | rows | TFLOP | at 100 GFLOP/s | H200's bound | decode |"
    )
    return "\n".join([head, "|---" * 9 + "|", *(_row(each, steps) for each in DURATIONS for steps in STEPS)])


def _row(duration_sec: float, steps: int) -> str:
    plan = make_plan(ACEStepOptions(inference_steps=steps), duration_sec)
    flop, frames = denoise_flop(plan), plan.frames
    single, pair = (evaluation_bound_sec(frames, rows, H200) for rows in (1, 2))
    cells = (
        f"{duration_sec:g} s",
        f"{frames:,}",
        f"{evaluation_flop(frames) / 1e12:.2f}",
        f"{steps}",
        f"{plan.rows}",
        f"{flop / 1e12:,.0f}",
        f"{flop / PROCESSOR_FLOPS / 60:.3g} min",
        f"{evaluations_sec(plan, single, pair):.3f} s",
        f"{decode_flop(plan) / 1e12:.1f} TFLOP",
    )
    return f"| {' | '.join(cells)} |"


if __name__ == "__main__":
    print(table())
