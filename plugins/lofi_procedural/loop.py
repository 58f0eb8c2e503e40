"""How a loop is rendered: mixed whole, its end ringing into its start, and levelled as one."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from lofi_core import Step
from lofi_procedural.desk import Desk
from lofi_procedural.plan import LEAD_IN_SEC, SAMPLE_RATE
from lofi_procedural.sound.limiter import limit_loop
from lofi_procedural.sound.loudness import level

if TYPE_CHECKING:
    from collections.abc import Iterator

    from lofi_procedural.plan import Plan
    from lofi_procedural.score import Dice, Piece
    from lofi_procedural.sound.types import Stereo

# No note, no thunder and no room rings longer than this.
RUN_UP_SEC = 14.0


def render_loop(plan: Plan, piece: Piece, dice: Dice) -> Iterator[Step]:
    """Yield a step for each bar mixed, and then the samples bar by bar.

    The last bars are played once before the first, so that what they leave ringing is there when it begins.
    """
    bar_sec = plan.total_samples / SAMPLE_RATE / plan.bars
    run_up = -round(-(-RUN_UP_SEC // bar_sec))
    desk = Desk(plan, piece, dice, run_up)
    whole: Stereo = np.empty((2, plan.total_samples), np.float32)
    # Bar lines lie behind the lead-in, where early notes are; a loop begins on its first beat.
    lead_in = round(LEAD_IN_SEC * SAMPLE_RATE)
    for index in range(run_up, plan.bars):
        block = desk.bar(index)
        if index >= 0:
            at = np.arange(plan.bar_start(index), plan.bar_start(index + 1)) - lead_in
            whole[:, at % plan.total_samples] = block
            yield Step("render", index)
    whole = level(whole, limit_loop)
    for index in range(plan.bars):
        chunk = whole[:, plan.bar_start(index) : plan.bar_start(index + 1)]
        yield Step("level", index, np.ascontiguousarray(chunk))
