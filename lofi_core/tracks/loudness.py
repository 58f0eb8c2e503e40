"""How loud is a stream of samples? ITU-R BS.1770-4 integrated loudness, measured as it passes."""

from __future__ import annotations

import math
from array import array
from typing import TYPE_CHECKING

import numpy as np

from lofi_core.iir import RecursiveFilter
from lofi_core.tracks.blocks import FixedBlocks

if TYPE_CHECKING:
    from numpy.typing import NDArray

HOPS_PER_SEC = 10  # a gating block is 400 ms, a new one begins every 100 ms
HOPS_PER_BLOCK = 4
ABSOLUTE_GATE_LUFS = -70.0
RELATIVE_GATE_LU = -10.0
OFFSET_LU = -0.691  # makes a 997 Hz sine at full scale in one channel read -3.01 LUFS


class LoudnessMeter:
    """Integrated loudness of a mono or stereo stream.

    Memory is flat but for 8 bytes per 100 ms, which keep the gates exact. The reading is the same to the last
    bit for any chunking.
    """

    def __init__(self, sample_rate: int, channels: int) -> None:
        self._hop = round(sample_rate / HOPS_PER_SEC)
        self._weighting = k_weighting(sample_rate, channels)
        self._seconds = FixedBlocks(channels, self._hop * HOPS_PER_SEC)
        self._hop_powers = array("d")  # mean square per 100 ms, summed over channels

    def add(self, chunk: NDArray[np.float32]) -> None:
        """Measure the next samples, [C, N]."""
        for block in self._seconds.add(chunk):
            self._measure(block)

    def finish(self) -> float:
        """End the measurement.

        Returns:
            LUFS; -inf for silence and for less than 400 ms. Samples after the last full 100 ms do not count.
        """
        rest = self._seconds.rest()
        self._measure(rest[:, : rest.shape[1] - rest.shape[1] % self._hop])
        return integrated_loudness(np.asarray(self._hop_powers))

    def _measure(self, block: NDArray[np.float32]) -> None:
        weighted = self._weighting.process(block.astype(np.float64))
        hops = weighted.reshape(len(block), -1, self._hop)
        self._hop_powers.extend(np.einsum("chn,chn->h", hops, hops) / self._hop)


def integrated_loudness(hop_powers: NDArray[np.float64]) -> float:
    """Gate and average.

    Args:
        hop_powers: [H] K-weighted mean squares of consecutive 100 ms, summed over channels.

    Returns:
        LUFS, -inf when no block passes the absolute gate.

    Source: ITU-R BS.1770-4, annex 1, equations 3 to 7.
    """
    if len(hop_powers) < HOPS_PER_BLOCK:
        return -math.inf
    powers = np.lib.stride_tricks.sliding_window_view(hop_powers, HOPS_PER_BLOCK).mean(axis=1)
    audible = powers[powers > _power(ABSOLUTE_GATE_LUFS)]
    if not audible.size:
        return -math.inf
    gated = audible[audible > audible.mean() * 10 ** (RELATIVE_GATE_LU / 10)]
    return OFFSET_LU + 10 * math.log10(gated.mean())


def k_weighting(sample_rate: int, channels: int) -> RecursiveFilter:
    """The head's high shelf and the low-cut (RLB) of BS.1770 in one filter, for any sample rate.

    Source: the standard gives coefficients for 48 kHz only; the analogue prototypes behind them are those of
    libebur128 (`ebur128_init_filter`), which meet the standard's numbers at 48 kHz.
    """
    tangent, quality = math.tan(math.pi * 1681.974450955533 / sample_rate), 0.7071752369554196
    high = 10 ** (3.999843853973347 / 20)
    middle = high**0.4996667741545416
    shelf_b = [
        high + middle * tangent / quality + tangent**2,
        2 * (tangent**2 - high),
        high - middle * tangent / quality + tangent**2,
    ]
    shelf_a = _denominator(tangent, quality)
    shelf_b = [value / shelf_a[0] for value in shelf_b]
    shelf_a = [value / shelf_a[0] for value in shelf_a]
    low_cut_a = _denominator(math.tan(math.pi * 38.13547087602444 / sample_rate), 0.5003270373238773)
    low_cut_a = [value / low_cut_a[0] for value in low_cut_a]
    return RecursiveFilter(np.convolve(shelf_b, [1.0, -2.0, 1.0]), np.convolve(shelf_a, low_cut_a), channels)


def _denominator(tangent: float, quality: float) -> list[float]:
    return [
        1 + tangent / quality + tangent**2,
        2 * (tangent**2 - 1),
        1 - tangent / quality + tangent**2,
    ]


def _power(lufs: float) -> float:
    return float(10 ** ((lufs - OFFSET_LU) / 10))
