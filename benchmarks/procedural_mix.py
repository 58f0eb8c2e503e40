"""Is the mix of the procedural backend sound: level, clicks, width and spectrum, over many kinds of prompt?

`OPENBLAS_NUM_THREADS=1 python -m benchmarks.procedural_mix [--seconds 60] [--seeds 1]` prints one line per
track, and which of the bounds it leaves. It needs the `test` extra (pyloudnorm, scipy).
"""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import pyloudnorm
from scipy.ndimage import median_filter
from scipy.signal import welch

from benchmarks.procedural import OPEN, STATED, TEMPI, render, true_peak_db
from lofi_procedural.plan import SAMPLE_RATE

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Samples = NDArray[np.float32]
    Floats = NDArray[np.float64]

LOWEST, HIGHEST = 100.0, 8_000.0
WINDOW = 1 << 15


class Bound(NamedTuple):
    """What a figure has to lie between."""

    low: float
    high: float


BOUNDS = {
    "LUFS": Bound(-14.7, -13.3),
    "dBTP": Bound(-np.inf, -1.0),
    "DC dB": Bound(-np.inf, -60.0),
    "r": Bound(0.2, 0.95),
    "mono dB": Bound(-3.0, 3.0),
    "dB/octave": Bound(-7.0, -3.0),
    "bump dB": Bound(-np.inf, 8.0),
    ">12k dB": Bound(-np.inf, -35.0),
    "click": Bound(-np.inf, 60.0),
}


def measure(samples: Samples) -> dict[str, float]:
    """The figures of a track [2, N], by the names in `BOUNDS`."""
    exact = samples.astype(np.float64)
    power = float((exact**2).mean())
    mid = float((exact.mean(axis=0) ** 2).mean())
    hz, density = long_term(exact)
    bands = third_octaves(hz, density)
    return {
        "LUFS": float(pyloudnorm.Meter(SAMPLE_RATE).integrated_loudness(exact.T)),
        "dBTP": true_peak_db(samples),
        "DC dB": 10 * float(np.log10(np.max(exact.mean(axis=1) ** 2) / power + 1e-20)),
        "r": float(np.asarray(np.corrcoef(exact))[0, 1]),
        "mono dB": 10 * float(np.log10(mid / power)),
        "dB/octave": slope(bands),
        "bump dB": bump(bands),
        ">12k dB": 10 * float(np.log10(density[hz > 12_000].sum() / density.sum() + 1e-20)),
        "click": click(exact),
    }


def long_term(samples: Floats) -> tuple[Floats, Floats]:
    """The long-term spectrum: Hz, and power per Hz of both sides."""
    hz, density = welch(samples, SAMPLE_RATE, nperseg=WINDOW, axis=1)
    return hz, density.mean(axis=0)


def third_octaves(hz: Floats, density: Floats) -> dict[float, float]:
    """Centre in Hz → power in dB, from 50 Hz to 12.5 kHz."""
    bands = {}
    for step in range(-13, 12):
        centre = 1_000 * 2 ** (step / 3)
        inside = (hz >= centre * 2 ** (-1 / 6)) & (hz < centre * 2 ** (1 / 6))
        bands[centre] = 10 * float(np.log10(density[inside].sum() + 1e-20))
    return bands


def slope(bands: dict[float, float]) -> float:
    """The slope, in dB per octave, of the power per Hz, a line through the bands from 100 Hz to 8 kHz."""
    centres = np.array([hz for hz in bands if LOWEST * 0.95 <= hz <= HIGHEST * 1.05])
    per_hz = np.array([bands[hz] for hz in centres]) - 10 * np.log10(centres)
    return float(np.polyfit(np.log2(centres), per_hz, 1)[0])


def bump(bands: dict[float, float]) -> float:
    """How far a band stands above the mean of its neighbours at most, in dB, from 100 Hz to 8 kHz."""
    levels = np.array(list(bands.values()))
    above = levels[1:-1] - (levels[:-2] + levels[2:]) / 2
    centres = np.array(list(bands))[1:-1]
    return float(above[(centres >= LOWEST * 0.95) & (centres <= HIGHEST * 1.05)].max())


def click(samples: Floats) -> float:
    """The largest second difference against the median of those within 20 ms; a lone step has hundreds."""
    worst = 0.0
    for side in samples:
        bends = np.abs(np.diff(side, 2))
        # The median of every eighth is that of all, and eight times as quick.
        local = np.repeat(median_filter(bends[::8], 240), 8)[: len(bends)]
        loud = bends > 0.002  # what is smaller is not heard
        worst = max(worst, float((bends[loud] / (local[loud] + 1e-5)).max(initial=0.0)))
    return worst


def main() -> None:
    """Render, measure, and count what leaves its bounds."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--seeds", type=int, default=1)
    arguments = parser.parse_args()
    prompts = [prompt.format(bpm=TEMPI[at * 5 % len(TEMPI)]) for at, prompt in enumerate(STATED)]
    outside = dict.fromkeys(BOUNDS, 0)
    print(" ".join(f"{name:>9}" for name in BOUNDS))
    for seed in range(arguments.seeds):
        for prompt in (*prompts, *OPEN):
            figures = measure(render(prompt, arguments.seconds, seed).samples)
            misses = [name for name, bound in BOUNDS.items() if not bound.low <= figures[name] <= bound.high]
            for name in misses:
                outside[name] += 1
            print(" ".join(f"{figures[name]:9.2f}" for name in BOUNDS), prompt, *misses, sep="  ", flush=True)
    total = arguments.seeds * (len(prompts) + len(OPEN))
    print("outside, of", total, {name: count for name, count in outside.items() if count} or "none")


if __name__ == "__main__":
    main()
