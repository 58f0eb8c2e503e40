"""How peaks are kept under the ceiling: a limiter that looks ahead, and between the samples."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from lofi_procedural.plan import SAMPLE_RATE

if TYPE_CHECKING:
    from lofi_procedural.sound.types import Floats, Stereo

CEILING = 10 ** (-1.5 / 20)  # at twice the rate; bright hats rise another 0.35 dB between those points
BLOCK = 64  # samples that share one measurement
REACH = 20  # blocks: 27 ms of warning, of holding and of recovery
# Half-sample interpolation: a windowed sinc of 16 taps.
_OFFSETS = np.arange(-8, 8) + 0.5
HALF_SAMPLE = (np.sinc(_OFFSETS) * np.kaiser(16, 5.0)).astype(np.float32)
MARGIN = 16
LOOKED_AT = 4_096  # blocks of a loop at a time: 5.5 s


class Limiter:
    """Delays the stream by about 55 ms and turns down what would pass the ceiling."""

    def __init__(self) -> None:
        self._waiting: Stereo = np.zeros((2, 0), np.float32)
        # Gain asked for by blocks that have already left.
        self._past: Floats = np.ones(2 * REACH)
        self._smooth = _weights()

    def process(self, block: Stereo) -> Stereo:
        """Take [2, N], return the samples that are settled [2, M]."""
        return self._advance(np.concatenate((self._waiting, block), axis=1))

    def flush(self) -> Stereo:
        """Return the samples that are still held back."""
        waiting = self._waiting
        padding = np.zeros((2, (2 * REACH + 4) * BLOCK + MARGIN), np.float32)
        settled = self._advance(np.concatenate((waiting, padding), axis=1))
        self._waiting = np.zeros((2, 0), np.float32)
        return settled[:, : waiting.shape[1]]

    def _advance(self, joined: Stereo) -> Stereo:
        blocks = max(0, joined.shape[1] - MARGIN) // BLOCK
        ready = blocks - 2 * REACH - 1
        if ready < 1:
            self._waiting = joined
            return np.zeros((2, 0), np.float32)
        need = np.concatenate((self._past, _gain_needed(joined, blocks)))
        # A block's least need reaches REACH blocks both ways, so the mean over as many never exceeds it.
        held = np.lib.stride_tricks.sliding_window_view(need, 2 * REACH + 1).min(axis=1)
        nodes = np.convolve(held, self._smooth, "valid")[: ready + 1]
        gain = np.interp(np.arange(ready * BLOCK) / BLOCK, np.arange(ready + 1), nodes)
        settled = joined[:, : ready * BLOCK] * gain.astype(np.float32)
        self._past = need[ready : ready + 2 * REACH]
        self._waiting = joined[:, ready * BLOCK :].copy()
        return settled


def limit_loop(mixed: Stereo) -> Stereo:
    """Turn down what would pass the ceiling in samples [2, N] whose last come before the first.

    The first node of the gain is also its last, so the seam sees no step.
    """
    total = mixed.shape[1]
    blocks = -(-total // BLOCK)
    need = np.pad(_gain_of_loop(mixed, blocks), 2 * REACH, mode="wrap")
    held = np.lib.stride_tricks.sliding_window_view(need, 2 * REACH + 1).min(axis=1)
    nodes = np.convolve(held, _weights(), "valid")
    places = np.minimum(np.arange(blocks + 1) * BLOCK, total)
    limited = np.empty_like(mixed)
    # A second at a time: minutes of gain would take more memory than the samples.
    for start in range(0, total, SAMPLE_RATE):
        at = np.arange(start, min(start + SAMPLE_RATE, total))
        gain = np.interp(at, places, nodes).astype(np.float32)
        np.multiply(mixed[:, start : start + SAMPLE_RATE], gain, out=limited[:, start : start + SAMPLE_RATE])
    return limited


def _gain_of_loop(mixed: Stereo, blocks: int) -> Floats:
    """What each block needs, some seconds at a time; before the first sample comes the last."""
    needs = []
    for first in range(0, blocks, LOOKED_AT):
        count = min(LOOKED_AT, blocks - first)
        around = np.arange((first - 1) * BLOCK, (first + count) * BLOCK + MARGIN) % mixed.shape[1]
        needs.append(_gain_needed(mixed[:, around], 1 + count)[1:])
    return np.concatenate(needs)


def _weights() -> Floats:
    weights = np.hanning(2 * REACH + 1)[:-1]
    normal: Floats = weights / weights.sum()
    return normal


def _gain_needed(joined: Stereo, blocks: int) -> Floats:
    """For each block, the gain that brings its highest point, on or between samples, to the ceiling."""
    peak = np.zeros(joined.shape[1], np.float32)
    for channel in joined:
        between = np.abs(np.convolve(channel, HALF_SAMPLE, "same"))
        # The points half a sample before and after both count for a sample's block.
        np.maximum(peak, np.abs(channel), out=peak)
        np.maximum(peak, between, out=peak)
        np.maximum(peak[1:], between[:-1], out=peak[1:])
    highest = peak[: blocks * BLOCK].reshape(blocks, BLOCK).max(axis=1)
    needed: Floats = np.minimum(1.0, CEILING / np.maximum(highest, 1e-9)).astype(np.float64)
    return needed
