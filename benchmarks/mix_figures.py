"""What is measured of a mix, and what each figure has to lie between: level, clicks, width and spectrum."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import pyloudnorm
from scipy.ndimage import median_filter
from scipy.signal import butter, sosfilt, sosfiltfilt, welch

from benchmarks.procedural import true_peak_db

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Samples = NDArray[np.float32]
    Floats = NDArray[np.float64]

SAMPLE_RATE = 48_000
LOWEST, HIGHEST = 100.0, 8_000.0
WINDOW = 1 << 15
BASS_HZ = 110.0
CLICK_HZ, NEAR = 16_000.0, 97  # samples
FAINTEST = 5e-5


class Bound(NamedTuple):
    """What a figure has to lie between."""

    low: float
    high: float

    def excess(self, figure: float) -> float:
        """How far a figure lies outside; below zero, how much room it has left."""
        return max(self.low - figure, figure - self.high)


BOUNDS = {
    "LUFS": Bound(-14.7, -13.3),
    "dBTP": Bound(-np.inf, -1.0),
    "click": Bound(-np.inf, 15.0),
    "DC dB": Bound(-np.inf, -60.0),
    "r": Bound(0.2, 0.95),
    "mono dB": Bound(-3.0, 3.0),
    "side dB": Bound(-np.inf, -15.0),
    "dB/oct": Bound(-7.0, -3.0),
    ">12k dB": Bound(-np.inf, -35.0),
    "bump dB": Bound(-np.inf, 8.0),
}


def measure(samples: Samples) -> dict[str, float]:
    """The figures of a track [2, N] at 48 kHz, by the names in `BOUNDS`."""
    exact = samples.astype(np.float64)
    power = float((exact**2).mean())
    mid = float((exact.mean(axis=0) ** 2).mean())
    hz, density = long_term(exact)
    bands = third_octaves(hz, density)
    return {
        "LUFS": float(pyloudnorm.Meter(SAMPLE_RATE).integrated_loudness(exact.T)),
        "dBTP": true_peak_db(samples),
        "click": click(exact),
        "DC dB": 10 * float(np.log10(np.max(exact.mean(axis=1) ** 2) / power + 1e-20)),
        "r": float(np.asarray(np.corrcoef(exact))[0, 1]),
        "mono dB": 10 * float(np.log10(mid / power)),
        "side dB": low_side_db(exact) - 10 * float(np.log10(power)),
        "dB/oct": slope(bands),
        ">12k dB": 10 * float(np.log10(density[hz > 12_000].sum() / density.sum() + 1e-20)),
        "bump dB": max(bumps(bands).values()),
    }


def long_term(samples: Floats) -> tuple[Floats, Floats]:
    """The long-term spectrum: Hz, and power per Hz of both sides."""
    hz, density = welch(samples, SAMPLE_RATE, nperseg=WINDOW, axis=1)
    return hz, density.mean(axis=0)


def third_octaves(hz: Floats, density: Floats) -> dict[float, float]:
    """Centre in Hz → power in dB, from 80 Hz to 10 kHz."""
    bands = {}
    for step in range(-11, 11):
        centre = 1_000 * 2 ** (step / 3)
        inside = (hz >= centre * 2 ** (-1 / 6)) & (hz < centre * 2 ** (1 / 6))
        bands[centre] = 10 * float(np.log10(density[inside].sum() + 1e-20))
    return bands


def slope(bands: dict[float, float]) -> float:
    """The slope, in dB per octave, of the power per Hz, a line through the bands from 100 Hz to 8 kHz."""
    centres = np.array([hz for hz in bands if LOWEST * 0.95 <= hz <= HIGHEST * 1.05])
    per_hz = np.array([bands[hz] for hz in centres]) - 10 * np.log10(centres)
    return float(np.polyfit(np.log2(centres), per_hz, 1)[0])


def bumps(bands: dict[float, float]) -> dict[float, float]:
    """How far each band from 100 Hz to 8 kHz stands above the mean power of its neighbours, in dB.

    Of their power, not of their decibels: below the lowest note of a piece there is nothing, and half of the
    decibels of nothing would make a bump of a band that its other neighbour towers over.
    """
    centres, levels = list(bands), np.array(list(bands.values()))
    power = 10 ** (levels / 10)
    above = levels[1:-1] - 10 * np.log10((power[:-2] + power[2:]) / 2)
    return dict(zip(centres[1:-1], above.tolist(), strict=True))


def low_side_db(samples: Floats) -> float:
    """Power of what the sides do not share below 110 Hz, in dB."""
    side = sosfilt(butter(4, BASS_HZ, fs=SAMPLE_RATE, output="sos"), samples[0] - samples[1]) / 2
    return 10 * float(np.log10(np.mean(side**2) + 1e-20))


def click(samples: Floats) -> float:
    """The largest second difference against the median of those within 1 ms, of what lies above 16 kHz.

    No note and no drum reaches so far; a click has all frequencies. The noise of a drum's attack that comes
    through fills the 2 ms and raises the median with it, where a click fills a few samples. So a lone sample
    or a step of -40 dB has more than 15 nearly anywhere in a mix, and a mix without one less.
    """
    top = sosfiltfilt(butter(6, CLICK_HZ, "high", fs=SAMPLE_RATE, output="sos"), samples, axis=1)
    worst = 0.0
    for side in top:
        bends = np.abs(np.diff(side, 2))
        worst = max(worst, float((bends / (median_filter(bends, NEAR) + FAINTEST)).max()))
    return worst
