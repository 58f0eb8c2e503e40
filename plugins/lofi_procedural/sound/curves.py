"""How slow movements are computed: at every 128th sample, and straight lines between."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from lofi_procedural.plan import SAMPLE_RATE

if TYPE_CHECKING:
    from collections.abc import Callable

    from lofi_procedural.sound.types import Floats

GRID = 128  # samples: 2.7 ms, against the 160 ms of the fastest movement


def slow_curve(curve: Callable[[Floats], Floats], start: int, count: int) -> Floats:
    """Evaluate a curve of the absolute time in seconds.

    Args:
        curve: takes times [M], returns values [..., M]; smooth on the scale of 10 ms.
        start: absolute position of the first sample.
        count: number of samples N.

    Returns:
        float64 [..., N].
    """
    knots = -(-count // GRID) + 1
    values = curve((start + np.arange(knots) * GRID) / SAMPLE_RATE)
    slopes = (values[..., 1:] - values[..., :-1])[..., None] * (np.arange(GRID) / GRID)
    filled = values[..., :-1, None] + slopes
    line: Floats = filled.reshape(*values.shape[:-1], (knots - 1) * GRID)[..., :count]
    return line


def turns_of(hz: float, loop_sec: float | None) -> float:
    """The frequency of a movement; in a loop the nearest that comes round with it."""
    return hz if loop_sec is None else max(1, round(hz * loop_sec)) / loop_sec
