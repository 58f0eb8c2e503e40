"""How loud a stream is, measured as it goes (ITU-R BS.1770-4)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from lofi_procedural.plan import SAMPLE_RATE

if TYPE_CHECKING:
    from collections.abc import Callable

    from lofi_procedural.sound.types import Floats, Stereo

TARGET_LUFS = -14.0
SEGMENT = SAMPLE_RATE // 10  # blocks of 400 ms overlap by three quarters
TRIES, CLOSE_DB = 3, 0.1
OFFSET_DB = -0.691
ABSOLUTE_GATE = 10 ** ((-70.0 - OFFSET_DB) / 10)
RELATIVE_GATE = 0.1
# Biquads of BS.1770 at 48 kHz: high shelf, then high-pass.
SHELF = ((1.53512485958697, -2.69169618940638, 1.19839281085285), (1.0, -1.69065929318241, 0.73248077421585))
PASS = ((1.0, -2.0, 1.0), (1.0, -1.99004745483398, 0.99007225036621))


def _weighting() -> Floats:
    """Squared magnitude of the K-weighting at the bins of one segment."""
    z = np.exp(-2j * np.pi * np.fft.rfftfreq(SEGMENT))
    powers = np.stack((np.ones_like(z), z, z**2))
    gain = np.ones(len(z))
    for numerator, denominator in (SHELF, PASS):
        gain *= np.abs(np.array(numerator) @ powers) ** 2 / np.abs(np.array(denominator) @ powers) ** 2
    gain[1:-1] *= 2.0  # an rfft holds half of a real signal's bins
    return gain / SEGMENT**2


class Meter:
    """Integrates a stream. Each 100 ms is weighted by its spectrum, which needs no recursive filter."""

    def __init__(self) -> None:
        self._weight = _weighting()
        self._rest: Stereo = np.zeros((2, 0), np.float32)
        self._segments: list[float] = []

    def add(self, block: Stereo) -> None:
        """Take the next samples [2, N]."""
        joined = np.concatenate((self._rest, block), axis=1)
        whole = joined.shape[1] // SEGMENT
        if whole:
            pieces = joined[:, : whole * SEGMENT].reshape(2, whole, SEGMENT)
            power = np.abs(np.fft.rfft(pieces)) ** 2 @ self._weight
            self._segments.extend(float(value) for value in power.sum(axis=0))
        self._rest = joined[:, whole * SEGMENT :]

    def with_next(self, block: Stereo) -> float:
        """Integrated loudness if these samples [2, N] came next."""
        ahead = Meter()
        ahead.add(np.concatenate((self._rest, block), axis=1))
        return _integrated(self._segments + ahead._segments)

    def lufs(self) -> float:
        """Integrated loudness so far; -inf before the first audible block."""
        return _integrated(self._segments)


def measure(block: Stereo) -> float:
    """Integrated loudness of samples [2, N] in LUFS."""
    meter = Meter()
    for start in range(0, block.shape[1], 100 * SEGMENT):
        meter.add(block[:, start : start + 100 * SEGMENT])
    return meter.lufs()


def level(mixed: Stereo, limit: Callable[[Stereo], Stereo]) -> Stereo:
    """Bring samples [2, N] to the target by one gain; what a limiter takes away is given back.

    What nobody can hear is left as it is: no gain would bring it there.
    """
    gain_db = TARGET_LUFS - measure(mixed)
    if not np.isfinite(gain_db):
        return mixed
    limited = mixed
    for _ in range(TRIES):
        del limited  # all of a loop, which may be minutes
        limited = limit(mixed * np.float32(10 ** (gain_db / 20)))
        missing_db = TARGET_LUFS - measure(limited)
        if abs(missing_db) < CLOSE_DB:
            break
        gain_db += missing_db
    return limited


def _integrated(segments: list[float]) -> float:
    """Gated mean of the powers of 100 ms segments, in LUFS."""
    if len(segments) < 4:
        return float("-inf")
    blocks = np.convolve(np.array(segments), np.full(4, 0.25), "valid")
    blocks = blocks[blocks > ABSOLUTE_GATE]
    blocks = blocks[blocks > RELATIVE_GATE * blocks.mean()] if len(blocks) else blocks
    return float(10 * np.log10(blocks.mean()) + OFFSET_DB) if len(blocks) else float("-inf")
