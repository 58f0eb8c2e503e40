"""How bright is the band, and what does the tone control do about it?

Nobody mixes without having heard the band. So it rehearses a bar in which all play, and the tone is set for
that: a solo piano and a full band with hats then have much the same balance of bass and treble.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from lofi_procedural.plan import SAMPLE_RATE
from lofi_procedural.sound.spectrum import fast_length, tilt_db

if TYPE_CHECKING:
    from lofi_procedural.plan import Plan
    from lofi_procedural.score import Piece
    from lofi_procedural.sound.mixer import Mixer
    from lofi_procedural.sound.types import Floats, Mono

THIRDS_HZ = 1_000.0 * 2.0 ** (np.arange(-10, 10) / 3.0)  # 100 Hz to 8 kHz
# What is aimed at, in dB per octave of power per Hz: darker and brighter prompts to either side.
EVEN, REACH = -6.0, 3.0
# The end of a note is darker than what is rehearsed of it; drums, where there are any, make up for that.
RINGING = 1.8
LEAST, MOST = -1.0, 7.0


def find_tilt(plan: Plan, piece: Piece, mixer: Mixer, tone: Floats) -> float:
    """The tilt of the treble (`spectrum.tilt_db`) that gives a piece its balance.

    Args:
        plan: how bright it should be.
        piece: what is played.
        mixer: who plays it; it is left as it was.
        tone: [N] taps that all of it will pass in any case.

    Returns:
        dB per octave, within `LEAST` and `MOST`; 0 where only textures sound.
    """
    fullest = max(range(plan.bars), key=lambda index: (len(piece.section(index).layers), -index))
    levels = third_octaves(mixer.rehearse(piece.bar(fullest)), tone)
    if levels is None:
        return 0.0
    wanted = EVEN + REACH * (plan.brief.brightness - 0.5)
    if piece.ensemble.groove is None:
        wanted += RINGING
    # A tilt of one has this slope over the same bands.
    unit = slope(tilt_db(THIRDS_HZ, 1.0))
    return float(np.clip((wanted - slope(levels)) / unit, LEAST, MOST))


def third_octaves(band: Mono, tone: Floats) -> Floats | None:
    """Power per Hz in dB around each of `THIRDS_HZ` of [N] behind a filter; None for silence."""
    size = fast_length(len(band) + len(tone))
    spectrum = np.fft.rfft(band, size) * np.fft.rfft(tone, size)
    sums = np.concatenate(([0.0], np.cumsum(np.abs(spectrum) ** 2)))
    if sums[-1] <= 1e-9:
        return None
    low = np.ceil(THIRDS_HZ * 2 ** (-1 / 6) * size / SAMPLE_RATE).astype(int)
    high = np.ceil(THIRDS_HZ * 2 ** (1 / 6) * size / SAMPLE_RATE).astype(int)
    # A floor 70 dB below the whole: what lies deeper is not heard, and must not bend the line.
    density: Floats = (sums[high] - sums[low]) / (high - low)
    levels: Floats = 10.0 * np.log10(density + 1e-7 * density.max())
    return levels


def slope(levels: Floats) -> float:
    """The fall, in dB per octave, of levels at `THIRDS_HZ`, by a straight line."""
    return float(np.polyfit(np.log2(THIRDS_HZ), levels, 1)[0])
