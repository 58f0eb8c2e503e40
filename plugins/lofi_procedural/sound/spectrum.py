"""How spectra are shaped: noise of a colour, and filters from a drawn response."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np

from lofi_procedural.plan import SAMPLE_RATE

if TYPE_CHECKING:
    from numpy.random import Generator
    from numpy.typing import NDArray

    from lofi_procedural.sound.types import Floats

PIVOT_HZ = 250.0
TIRING_HZ = 12_000.0  # noise ends here, whatever its band
INAUDIBLE = 3e-4  # -70 dB
COARSE = 16


def noise_band(rng: Generator, samples: int, low_hz: float, high_hz: float, slope: float = 0.0) -> Floats:
    """Noise of unit RMS between two frequencies, with soft edges of 12 dB per octave.

    It is periodic: its end runs into its start without a seam.

    Args:
        rng: where the noise comes from.
        samples: length N, even.
        low_hz: lower edge.
        high_hz: upper edge.
        slope: extra tilt in dB per octave.

    Returns:
        float64 [N].
    """
    shape = _noise_shape(samples, low_hz, high_hz, slope)
    # Noise has normal bins, so they are drawn as they are; the mean and what nobody hears are left out.
    heard = slice(1, 1 + int(np.flatnonzero(shape > INAUDIBLE * shape.max())[-1]))
    bins = np.zeros(len(shape), np.complex128)
    drawn = rng.standard_normal((2, heard.stop - heard.start))
    bins[heard] = shape[heard] * (drawn[0] + 1j * drawn[1])
    noise = np.fft.irfft(bins, samples)
    return noise / max(1e-12, float(np.sqrt(np.mean(noise**2))))


# Both sides of a bed have one, and so have the strokes of a drum.
@lru_cache(maxsize=8)
def _noise_shape(samples: int, low_hz: float, high_hz: float, slope: float) -> Floats:
    hz = np.fft.rfftfreq(samples, 1.0 / SAMPLE_RATE)
    hz[0] = hz[1]
    shape = response(hz, low_hz, high_hz, order=2) * hz ** (slope / 6.02)
    shape *= response(hz, 1e-3, TIRING_HZ, order=9)
    shape.flags.writeable = False
    return shape


def slow_noise(rng: Generator, samples: int, low_hz: float, high_hz: float) -> Floats:
    """The same for bands far below hearing or low in it: drawn at a fraction of the rate, and lines between.

    Args:
        rng: where the noise comes from.
        samples: length N, a multiple of `COARSE`.
        low_hz: lower edge.
        high_hz: upper edge; at 100 Hz what the lines add lies 60 dB under it.
    """
    coarse = noise_band(rng, samples // COARSE, low_hz * COARSE, high_hz * COARSE)
    knots = np.arange(len(coarse) + 1) * COARSE
    noise: Floats = np.interp(np.arange(samples), knots, np.append(coarse, coarse[0]))
    return noise


def response(hz: NDArray[np.floating], low_hz: float, high_hz: float, order: int) -> Floats:
    """Magnitude of a Butterworth band-pass: `order` times 6 dB per octave on either side."""
    low = 1.0 / np.sqrt(1.0 + (low_hz / np.maximum(hz, 1e-3)) ** (2 * order))
    high = 1.0 / np.sqrt(1.0 + (hz / high_hz) ** (2 * order))
    shape: Floats = (low * high).astype(np.float64)
    return shape


def tilt_db(hz: NDArray[np.floating], amount: float) -> Floats:
    """Gain in dB: flat below `PIVOT_HZ`, so many dB per octave above."""
    gain: Floats = amount * 0.5 * np.log2(1.0 + (hz / PIVOT_HZ) ** 2)
    return gain


def minimum_phase(magnitude: Floats, taps: int) -> Floats:
    """The causal filter with least delay that has a given response, through its cepstrum.

    Args:
        magnitude: [M / 2 + 1] at the bins of an rfft of length M.
        taps: length of the filter, at most M / 2.

    Returns:
        float64 [taps], the last tenth faded out.
    """
    size = 2 * (len(magnitude) - 1)
    cepstrum = np.fft.irfft(np.log(np.maximum(magnitude, 1e-5)), size)
    cepstrum[1 : size // 2] *= 2.0
    cepstrum[size // 2 + 1 :] = 0.0
    impulse = np.fft.irfft(np.exp(np.fft.rfft(cepstrum)), size)[:taps]
    tail = taps // 10
    impulse[-tail:] *= np.linspace(1.0, 0.0, tail)
    return impulse


def fast_length(samples: int) -> int:
    """The smallest 2^a 3^b not below a length, a >= 5: sizes the FFT likes."""
    best = 1 << max(5, (samples - 1).bit_length())
    for three in (3, 9, 27):
        size = three << max(5, (-(-samples // three) - 1).bit_length())
        best = min(best, size)
    return best
