"""How a struck or plucked body rings: a sum of decaying sinusoids, computed as one matrix product.

A decaying sinusoid is a power sequence z**n. With n = row * COLUMNS + column it factors into
z**(row * COLUMNS) * z**column, so K of them over N samples cost a [N / COLUMNS, K] x [K, COLUMNS] product and
only N / COLUMNS + COLUMNS exponentials each. Nothing aliases: a partial above the limit is left out.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from lofi_procedural.plan import SAMPLE_RATE

if TYPE_CHECKING:
    from lofi_procedural.sound.types import Floats, Mono, Stereo

COLUMNS = 256
HIGHEST_HZ = 15_000.0
LN_1000 = 6.907755


def ring(hz: Floats, amplitude: Floats, t60_sec: Floats, phase: Floats, samples: int) -> Stereo:
    """Let partials ring.

    Args:
        hz: [K] frequencies.
        amplitude: [K] or [2, K] for the two channels.
        t60_sec: [K] time to fall by 60 dB; `inf` sustains.
        phase: [2, K] radians at the start, for left and right.
        samples: N.

    Returns:
        float32 [2, N].
    """
    kept = hz < HIGHEST_HZ
    hz, t60_sec, phase = hz[kept], t60_sec[kept], phase[:, kept]
    weight = np.broadcast_to(amplitude, (2, amplitude.shape[-1]))[:, kept]
    pole = (-LN_1000 / t60_sec + 2j * np.pi * hz) / SAMPLE_RATE
    rows = -(-samples // COLUMNS)
    coarse = np.exp(np.outer(np.arange(rows) * COLUMNS, pole))  # [rows, K]
    fine = np.exp(np.outer(pole, np.arange(COLUMNS)))  # [K, COLUMNS]
    start = weight * np.exp(1j * phase)  # [2, K]
    scaled = start[:, None, :] * coarse  # [2, rows, K]
    left = np.concatenate((scaled.real, -scaled.imag), axis=2).astype(np.float32)
    right = np.concatenate((fine.real, fine.imag), axis=0).astype(np.float32)
    return (left @ right).reshape(2, rows * COLUMNS)[:, :samples]


def envelope(samples: int, held: int, attack: int, release: int) -> Mono:
    """Rise over `attack` samples, stay, and from `held` on fall smoothly to zero over `release`."""
    shape = np.ones(samples, np.float32)
    rise = min(attack, samples)
    shape[:rise] *= _rise(attack)[:rise]
    fall = min(release, samples - held)
    if fall > 0:
        shape[held : held + fall] *= _rise(release)[::-1][:fall]
        shape[held + fall :] = 0.0
    return shape


def _rise(samples: int) -> Mono:
    """Half a raised cosine from 0 to 1."""
    return (0.5 - 0.5 * np.cos(np.pi * (np.arange(samples) + 0.5) / samples)).astype(np.float32)
