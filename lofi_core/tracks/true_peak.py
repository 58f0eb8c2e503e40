"""How high does the signal rise between the samples? True peak by 4 x oversampling, BS.1770-4 annex 2."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from lofi_core.tracks.blocks import FixedBlocks

if TYPE_CHECKING:
    from numpy.typing import NDArray

OVERSAMPLING = 4
REACH = 10  # samples on either side that an interpolated one depends on
KAISER_BETA = 5.0  # with REACH, the filter of scipy.signal.resample_poly
ROW = 16  # positions one row of the matrix product interpolates
GROUP = 32_768  # samples measured at once, a multiple of ROW


class TruePeakMeter:
    """Highest absolute value of a stream, samples and three points between each two.

    Memory is flat; the reading is the same to the last bit for any chunking. The signal is taken as silent
    before its first and after its last sample.
    """

    def __init__(self, channels: int) -> None:
        self._groups = FixedBlocks(channels, GROUP)
        self._before = np.zeros((channels, 2 * REACH - 1), np.float32)
        self._between = _interpolator()
        self._peak = 0.0

    def add(self, chunk: NDArray[np.float32]) -> None:
        """Measure the next samples, [C, N]."""
        for block in self._groups.add(chunk):
            self._measure(block)

    def finish(self) -> float:
        """End the measurement.

        Returns:
            dBTP: 0 is full scale, -inf is silence.
        """
        rest = self._groups.rest()
        # the last sample needs REACH samples of silence behind it, and rows are whole
        silence = 2 * REACH + (-(rest.shape[1] + 2 * REACH)) % ROW
        self._measure(np.pad(rest, ((0, 0), (0, silence))))
        return 20 * math.log10(self._peak) if self._peak else -math.inf

    def _measure(self, block: NDArray[np.float32]) -> None:
        signal = np.concatenate([self._before, block], axis=1)
        self._before = signal[:, -(2 * REACH - 1) :]
        windows = np.lib.stride_tricks.sliding_window_view(signal, ROW + 2 * REACH - 1, axis=1)[:, ::ROW]
        between = np.ascontiguousarray(windows) @ self._between  # [C, N / ROW, 3 * ROW]
        self._peak = max(self._peak, _peak(block), _peak(between))


def _interpolator() -> NDArray[np.float32]:
    """[ROW + 2 * REACH - 1, 3 * ROW]: a window of samples to the quarter points after each of ROW of them."""
    steps = np.arange(-REACH * OVERSAMPLING, REACH * OVERSAMPLING + 1)
    kernel = np.sinc(steps / OVERSAMPLING) * np.kaiser(len(steps), KAISER_BETA)
    matrix = np.zeros((ROW + 2 * REACH - 1, OVERSAMPLING - 1, ROW))
    for quarter in range(1, OVERSAMPLING):
        # the point lies after tap REACH - 1 of its window; reversed, as in any convolution
        taps = kernel[quarter::OVERSAMPLING][::-1]
        for position in range(ROW):
            matrix[position : position + 2 * REACH, quarter - 1, position] = taps
    return matrix.reshape(len(matrix), -1).astype(np.float32)


def _peak(samples: NDArray[np.float32]) -> float:
    return max(float(samples.max()), -float(samples.min()))
