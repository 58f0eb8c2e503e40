"""From the 44.1 kHz of the vocoder to the 48 kHz of the file, a piece at a time.

Bandlimited interpolation with a Hann-windowed sinc of six zero crossings a side, rolled off at 0.99 of the
Nyquist frequency. 147 samples become 160; each of the 160 has its own row of the kernel.

Source: torchaudio `functional.resample` with its defaults, `_get_sinc_resample_kernel`; Smith,
https://ccrma.stanford.edu/~jos/resample/
"""

from __future__ import annotations

import math
from functools import cache
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from lofi_acestep.arrays import FloatArray

# 44,100 and 48,000 Hz without their common divisor.
FROM, TO = 147, 160
LOWPASS_FILTER_WIDTH = 6  # zero crossings a side
ROLLOFF = 0.99
# How far a side the kernel reaches, in samples at 44.1 kHz.
WIDTH = math.ceil(LOWPASS_FILTER_WIDTH / ROLLOFF)
TAPS = FROM + 2 * WIDTH
# Blocks of 147 samples that are multiplied at once, 0.2 s. Always as many, so that the sums are taken in the
# same order, and the result is the same to the bit, however the samples come in.
GROUP = 64


@cache
def kernel() -> FloatArray:
    """[160, 161] float32: what the samples around a block count for each of the 160 that come of it."""
    # torchaudio rounds these to float32 and goes on in doubles, which the kernel shows in its sixth digit.
    phases = np.arange(TO, dtype=np.float32)[:, None] / np.float32(TO)
    reach = np.arange(-WIDTH, FROM + WIDTH) / FROM - phases.astype(np.float64)
    crossings = np.clip(reach * FROM * ROLLOFF, -LOWPASS_FILTER_WIDTH, LOWPASS_FILTER_WIDTH)
    window = np.cos(crossings * math.pi / LOWPASS_FILTER_WIDTH / 2) ** 2
    weights: FloatArray = (np.sinc(crossings) * window * ROLLOFF).astype(np.float32)
    return weights


def resampled_length(samples: int) -> int:
    """How many come of so many, rounded up."""
    return -(-samples * TO // FROM)


class Resampler:
    """Takes one stream of samples, in pieces of any size. Holds less than half a second of them.

    Args:
        channels: of the stream.
    """

    def __init__(self, channels: int) -> None:
        # Silence before the first sample, as far as the kernel reaches.
        self._pending = np.zeros((channels, WIDTH), np.float32)
        self._taken = 0
        self._given = 0

    def push(self, samples: FloatArray) -> FloatArray:
        """Take samples [C, n] at 44.1 kHz; return those at 48 kHz [C, m] that are certain, maybe none."""
        self._taken += samples.shape[1]
        self._pending = np.concatenate([self._pending, samples], axis=1)
        made = [self._next_group() for _ in range((self._pending.shape[1] - TAPS + FROM) // (GROUP * FROM))]
        return self._give(made)

    def finish(self) -> FloatArray:
        """The rest [C, m], as if silence followed. Nothing may be pushed after it."""
        missing = resampled_length(self._taken) - self._given
        groups = -(-missing // (GROUP * TO))
        silence = (groups * GROUP - 1) * FROM + TAPS - self._pending.shape[1]
        self._pending = np.pad(self._pending, ((0, 0), (0, max(0, silence))))
        return self._give([self._next_group() for _ in range(groups)])[:, :missing]

    def _next_group(self) -> FloatArray:
        """[C, 64 · 160], and the samples that no later one needs are gone."""
        around = np.lib.stride_tricks.sliding_window_view(self._pending, TAPS, axis=1)
        # [C, 64, 161]. Overlapping in memory they would be multiplied without BLAS, several times slower.
        blocks = np.ascontiguousarray(around[:, : GROUP * FROM : FROM])
        made: FloatArray = blocks @ kernel().T
        self._pending = self._pending[:, GROUP * FROM :]
        return made.reshape(len(made), -1)

    def _give(self, made: list[FloatArray]) -> FloatArray:
        given = np.concatenate([np.empty((len(self._pending), 0), np.float32), *made], axis=1)
        self._given += given.shape[1]
        return given
