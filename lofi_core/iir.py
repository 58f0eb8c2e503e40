"""Run a recursive (IIR) filter over a stream with matrix products, so that it is fast without scipy."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

# Samples a matrix product filters at once. Work per sample grows with it, interpreter overhead shrinks.
BLOCK = 64
# What lies below is set to zero: it is inaudible, and numbers under 1e-308 make a processor 100 times slower.
NEGLIGIBLE = 1e-200


class RecursiveFilter:
    """A linear filter `b / a` whose state lives on from one chunk to the next.

    The filter is written as a state space (transposed direct form II): over a block of L samples the output
    is `x @ toeplitz + state @ decay`, and the state after it `x @ drive + state @ step`. The states at all
    block borders follow from a doubling scan, so no Python loop runs over samples or blocks.

    Equal to `scipy.signal.lfilter` up to rounding: 1e-11 of the peak, 1e-9 for cut-offs of a few hertz.
    Filters of high order lose precision, as they do there: run several of order 2 one after another.
    Another chunking changes the rounding too; feed blocks of a fixed size where bits must be equal.

    Args:
        b: numerator, b[0] first.
        a: denominator, a[0] not 0.
        channels: C, each filtered alike and apart.
    """

    def __init__(self, b: Sequence[float] | Floats, a: Sequence[float] | Floats, channels: int) -> None:
        order = max(len(b), len(a), 2) - 1
        numerator, denominator = np.zeros(order + 1), np.zeros(order + 1)
        numerator[: len(b)] = np.asarray(b, np.float64) / a[0]
        denominator[: len(a)] = np.asarray(a, np.float64) / a[0]
        step = np.eye(order, k=-1)  # row vectors: state_next = state @ step + x * drive
        step[0] = -denominator[1:]
        step[1:, :] = np.eye(order)[: order - 1]
        drive = numerator[1:] - denominator[1:] * numerator[0]
        self._powers = _powers(step, BLOCK)
        self._drive = np.stack([drive @ self._powers[BLOCK - 1 - i] for i in range(BLOCK)])  # [L, order]
        self._decay = self._powers[:BLOCK, :, 0].T.copy()  # [order, L]
        self._toeplitz = _toeplitz(np.concatenate([numerator[:1], self._drive[::-1][: BLOCK - 1, 0]]))
        self._state = np.zeros((channels, order))

    def process(self, block: Floats) -> Floats:
        """Filter the next samples.

        Args:
            block: [C, N] float64, N may be 0 and differ from call to call.

        Returns:
            [C, N] float64.
        """
        channels, samples = block.shape
        whole = samples - samples % BLOCK
        filtered = np.empty((channels, samples))
        if whole:
            filtered[:, :whole] = self._whole_blocks(block[:, :whole])
        if samples > whole:
            filtered[:, whole:] = self._part_of_a_block(block[:, whole:])
        return filtered

    def _whole_blocks(self, samples: Floats) -> Floats:
        blocks = samples.reshape(len(samples), -1, BLOCK)  # [C, n, L]
        states = _scan(self._state, blocks @ self._drive, self._powers[BLOCK])  # [C, n + 1, order]
        self._state = states[:, -1].copy()
        return (blocks @ self._toeplitz + states[:, :-1] @ self._decay).reshape(samples.shape)

    def _part_of_a_block(self, samples: Floats) -> Floats:
        n = samples.shape[1]
        filtered: Floats = samples @ self._toeplitz[:n, :n] + self._state @ self._decay[:, :n]
        self._state = samples @ self._drive[BLOCK - n :] + self._state @ self._powers[n]
        return filtered


def _powers(matrix: Floats, highest: int) -> Floats:
    """`matrix` to the powers 0 to `highest`, [highest + 1, order, order]."""
    powers = [np.eye(len(matrix))]
    for _ in range(highest):
        powers.append(powers[-1] @ matrix)
    return np.stack(powers)


def _toeplitz(impulse_response: Floats) -> Floats:
    """[L, L] with `impulse_response[j - i]` at row i, column j."""
    lag = np.arange(BLOCK)[None, :] - np.arange(BLOCK)[:, None]
    return np.where(lag >= 0, impulse_response[np.maximum(lag, 0)], 0.0)


def _scan(first: Floats, driven: Floats, step: Floats) -> Floats:
    """States `s[k] = s[k - 1] @ step + driven[k - 1]` with `s[0] = first`, in log2(n) passes.

    Args:
        first: [C, order].
        driven: [C, n, order].
        step: [order, order].

    Returns:
        [C, n + 1, order].
    """
    states = np.concatenate([first[:, None], driven], axis=1)
    stride = 1
    while stride < states.shape[1] and np.abs(step).max() > NEGLIGIBLE:
        states[:, stride:] += states[:, :-stride] @ step
        step = step @ step
        stride *= 2
    states[np.abs(states) < NEGLIGIBLE] = 0.0
    return states
