"""Turn a weight matrix into blocks of 4- or 8-bit integers, as `MatMulNBits` reads them.

Source: ONNX Runtime, `com.microsoft.MatMulNBits`; blocks lie along K, the zero point is 2**(bits - 1).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

# Scales to try for a block, as shares of the one that just holds its largest value. Clipping that value a
# little pays at 4 bits: the squared error of all the others falls.
SHRINK = {4: (1.0, 0.95, 0.9, 0.85, 0.8, 0.75), 8: (1.0,)}
ROWS_AT_ONCE = 512


def quantise(
    weight: NDArray[np.float32], bits: int, block_size: int
) -> tuple[NDArray[np.uint8], NDArray[np.float32]]:
    """Quantise block by block, with the scale of least squared error among a few.

    Args:
        weight: [N, K] float32, K a multiple of `block_size`.
        bits: 4 or 8.
        block_size: a power of two from 16 up.

    Returns:
        Packed values [N, K / block_size, block_size * bits / 8] uint8 and scales [N, K / block_size] float32.
    """
    rows, columns = weight.shape
    blocks = columns // block_size
    packed = np.empty((rows, blocks, block_size * bits // 8), np.uint8)
    scales = np.empty((rows, blocks), np.float32)
    for start in range(0, rows, ROWS_AT_ONCE):
        part = slice(start, start + ROWS_AT_ONCE)
        values, scales[part] = _quantise_rows(weight[part].reshape(-1, blocks, block_size), bits)
        packed[part] = values[..., 0::2] | values[..., 1::2] << 4 if bits == 4 else values
    return packed, scales


def _quantise_rows(x: NDArray[np.float32], bits: int) -> tuple[NDArray[np.uint8], NDArray[np.float32]]:
    half = 1 << (bits - 1)
    largest: NDArray[np.float32] = np.take_along_axis(x, np.abs(x).argmax(-1)[..., None], -1)
    # The largest value becomes -half exactly: the negative side has one step more.
    full = largest / np.float32(-half)
    full[full == 0] = 1.0
    best: NDArray[np.float32] = full
    best_error = np.full(full.shape, np.inf, np.float32)
    for share in SHRINK[bits]:
        scale = (full * np.float32(share)).astype(np.float32)
        error = np.square(_levels(x, scale, half) * scale - x).sum(-1, keepdims=True)
        best = np.where(error < best_error, scale, best).astype(np.float32)
        best_error = np.minimum(error, best_error)
    return (_levels(x, best, half) + half).astype(np.uint8), best[..., 0]


def _levels(x: NDArray[np.float32], scale: NDArray[np.float32], half: int) -> NDArray[np.float32]:
    levels: NDArray[np.float32] = np.clip(np.rint(x / scale), -half, half - 1)
    return levels
