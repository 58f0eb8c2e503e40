"""Double condition guidance: how much the prompt counts, and how much the lyrics, each by a scale of its own.

It needs a third velocity and takes the place of the other kinds. `denoise` takes it from an `evaluate` that
answers with it alone: `(combine_double(…), None)`.

Source: ACE-Step `cfg_double_condition_forward`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from lofi_acestep.arrays import FloatArray


def is_double(scale_text: float, scale_lyric: float) -> bool:
    """Both scales above 1, as the reference asks for it."""
    return scale_text > 1 and scale_lyric > 1


def combine_double(
    scale_text: float, scale_lyric: float, cond: FloatArray, only_text: FloatArray, uncond: FloatArray
) -> FloatArray:
    """The guided velocity [B, 8, 16, T] float32.

    Args:
        scale_text: the reference's `guidance_scale_text`.
        scale_lyric: the reference's `guidance_scale_lyric`.
        cond: the velocity for prompt and lyrics.
        only_text: for the prompt without the lyrics.
        uncond: for neither.
    """
    guided: FloatArray = (
        np.float32(1 - scale_text) * uncond
        + np.float32(scale_text - scale_lyric) * only_text
        + np.float32(scale_lyric) * cond
    )
    return guided
