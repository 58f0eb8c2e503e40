"""The delay pattern: later codebooks are shifted to the right, so that a frame's codes are drawn one by one.

Codebook k of a mono model is delayed by k columns. Stereo models have two codebooks in a row, left and right,
with the same delay.

Source: MusicGen, arXiv 2306.05284, sec. 2.2; audiocraft `DelayedPatternProvider`; transformers
`MusicgenForCausalLM.build_delay_pattern_mask`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from lofi_core import InferenceFailed

if TYPE_CHECKING:
    from lofi_musicgen.decoders import IntArray


def delays(codebooks: int, channels: int) -> list[int]:
    """By how many columns each codebook is shifted."""
    return [k // channels for k in range(codebooks)]


def apply_delay_pattern(codes: IntArray, channels: int, special_token: int) -> IntArray:
    """Shift each codebook by its delay.

    Args:
        codes: [K, T] int64.
        channels: of the audio.
        special_token: stands where there is no code.

    Returns:
        [K, 1 + T + D] int64, D the largest delay: one column of `special_token`, then the delayed ones.
    """
    codebooks, frames = codes.shape
    shifts = delays(codebooks, channels)
    sequence = np.full((codebooks, 1 + frames + shifts[-1]), special_token, np.int64)
    for k, delay in enumerate(shifts):
        sequence[k, 1 + delay : 1 + delay + frames] = codes[k]
    return sequence


def revert_delay_pattern(sequence: IntArray, channels: int, special_token: int) -> IntArray:
    """Undo `apply_delay_pattern`, dropping the ramp at both ends.

    Args:
        sequence: [K, 1 + T + D] int64.
        channels: of the audio.
        special_token: what must not be left.

    Returns:
        Codes [K, T].

    Raises:
        InferenceFailed: a valid position still holds `special_token`.
    """
    shifts = delays(len(sequence), channels)
    frames = sequence.shape[1] - 1 - shifts[-1]
    codes = np.stack([sequence[k, 1 + d : 1 + d + frames] for k, d in enumerate(shifts)])
    if (codes == special_token).any():
        k, frame = np.argwhere(codes == special_token)[0]
        raise InferenceFailed(f"codebook {k} has no code for frame {frame}")
    return codes


def column_of(codes: IntArray, column: int, channels: int, special_token: int) -> IntArray:
    """Column `column` of `apply_delay_pattern(codes)`, alone: [K] int64."""
    made = np.full(len(codes), special_token, np.int64)
    for k, delay in enumerate(delays(len(codes), channels)):
        if 0 <= (frame := column - 1 - delay) < codes.shape[1]:
            made[k] = codes[k, frame]
    return made
