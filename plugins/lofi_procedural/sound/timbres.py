"""What each instrument is made of. Data only."""

from __future__ import annotations

import math
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Timbre:
    """A body that rings.

    Attributes:
        ratios: partials as multiples of the fundamental.
        amplitudes: of each at full velocity.
        t60_sec: decay of the fundamental at A3; higher notes decay faster.
        damping: how much faster a partial decays than the fundamental, per octave above it.
        hardness: how strongly velocity opens the upper partials.
        attack_sec: onset.
        release_sec: after the key is let go.
        stretch: inharmonicity of a stiff string.
        knock: amplitude of the noise of hammer, finger or mallet.
        width: phase difference of the upper partials between the channels, in radians.
        gain: level of the instrument in the mix.
    """

    ratios: tuple[float, ...]
    amplitudes: tuple[float, ...]
    t60_sec: float
    damping: float = 0.5
    hardness: float = 0.8
    attack_sec: float = 0.002
    release_sec: float = 0.12
    stretch: float = 0.0
    knock: float = 0.0
    width: float = 0.9
    gain: float = 1.0


def _harmonics(count: int, slope: float, pluck: float = 0.0) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """Harmonics falling by a power law; a string plucked at a fraction of its length lacks some."""
    ratios = tuple(float(n) for n in range(1, count + 1))
    shape = [1.0 if not pluck else abs(math.sin(math.pi * n * pluck)) for n in range(1, count + 1)]
    return ratios, tuple(weight / n**slope for n, weight in zip(range(1, count + 1), shape, strict=True))


_GUITAR = _harmonics(18, 0.9, pluck=0.23)
_ELECTRIC = _harmonics(15, 1.1, pluck=0.31)
_PIANO = _harmonics(24, 0.8)
_FELT = _harmonics(28, 1.1)
_UKULELE = _harmonics(14, 1.0, pluck=0.34)
_HARP = _harmonics(14, 1.2, pluck=0.42)
_GROWL = _harmonics(32, 0.8, pluck=0.19)
_UPRIGHT = _harmonics(48, 0.75, pluck=0.36)
_SAW = _harmonics(64, 1.1)

TIMBRES: dict[str, Timbre] = {
    # The tone bar, what the pickup makes of it when it is struck hard, and the tine above.
    "rhodes": Timbre(
        (1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 7.3, 13.1, 20.4),
        (1.0, 0.42, 0.26, 0.19, 0.13, 0.1, 0.07, 0.05, 0.04, 0.03, 0.12, 0.07, 0.03),
        t60_sec=5.0,
        damping=0.55,
        hardness=0.75,
        release_sec=0.16,
        knock=0.012,
        width=1.1,
        gain=0.30,
    ),
    "piano": Timbre(
        *_PIANO,
        t60_sec=6.0,
        damping=0.35,
        hardness=0.6,
        release_sec=0.14,
        stretch=0.00035,
        knock=0.03,
        gain=0.27,
    ),
    "felt": Timbre(
        *_FELT,
        t60_sec=4.5,
        damping=0.55,
        hardness=0.7,
        attack_sec=0.006,
        release_sec=0.2,
        stretch=0.00035,
        knock=0.06,
        gain=0.33,
    ),
    "guitar": Timbre(
        *_GUITAR,
        t60_sec=3.2,
        damping=0.6,
        hardness=0.75,
        attack_sec=0.0015,
        release_sec=0.12,
        stretch=0.0001,
        knock=0.03,
        gain=0.34,
    ),
    "electric_guitar": Timbre(
        *_ELECTRIC,
        t60_sec=4.0,
        damping=0.65,
        hardness=0.7,
        release_sec=0.1,
        stretch=0.00015,
        knock=0.012,
        gain=0.33,
    ),
    "harp": Timbre(*_HARP, t60_sec=3.6, damping=0.5, hardness=0.7, release_sec=0.5, knock=0.01, gain=0.34),
    "vibraphone": Timbre(
        (1, 4, 10.2, 18.4, 28.1),
        (1.0, 0.26, 0.15, 0.08, 0.04),
        t60_sec=4.5,
        damping=0.45,
        hardness=0.6,
        attack_sec=0.0025,
        release_sec=0.35,
        knock=0.012,
        gain=0.27,
    ),
    "kalimba": Timbre(
        (1, 2, 5.9, 9.2, 14.6, 21.3),
        (1.0, 0.1, 0.26, 0.19, 0.14, 0.1),
        t60_sec=2.2,
        damping=0.6,
        hardness=0.6,
        release_sec=0.3,
        knock=0.04,
        gain=0.34,
    ),
    # A rosewood bar tuned to the double octave, over a tube that takes the note and lets it go soon.
    "marimba": Timbre(
        (1, 3.93, 9.2, 16.7, 26.0),
        (1.0, 0.22, 0.12, 0.07, 0.04),
        t60_sec=1.3,
        damping=0.55,
        hardness=0.7,
        attack_sec=0.003,
        release_sec=0.25,
        knock=0.03,
        gain=0.42,
    ),
    # A steel tongue, free at one end and stopped by its comb.
    "music_box": Timbre(
        (1, 2.0, 6.27, 11.3, 17.5),
        (1.0, 0.12, 0.22, 0.08, 0.05),
        t60_sec=2.6,
        damping=0.5,
        hardness=0.6,
        attack_sec=0.001,
        release_sec=0.5,
        knock=0.008,
        gain=0.29,
    ),
    "ukulele": Timbre(
        *_UKULELE,
        t60_sec=1.5,
        damping=0.6,
        hardness=0.8,
        attack_sec=0.0015,
        release_sec=0.1,
        stretch=0.0001,
        knock=0.035,
        gain=0.45,
    ),
    "electric_bass": Timbre(
        *_GROWL,
        t60_sec=3.4,
        damping=0.6,
        hardness=0.9,
        attack_sec=0.004,
        release_sec=0.08,
        stretch=0.0001,
        knock=0.015,
        width=0.0,
        gain=0.46,
    ),
    "upright_bass": Timbre(
        *_UPRIGHT,
        t60_sec=2.6,
        damping=0.75,
        hardness=0.7,
        attack_sec=0.006,
        release_sec=0.09,
        knock=0.03,
        width=0.0,
        gain=0.50,
    ),
    "synth_bass": Timbre(
        *_SAW,
        t60_sec=4.0,
        damping=0.4,
        hardness=0.5,
        attack_sec=0.008,
        release_sec=0.1,
        width=0.0,
        gain=0.42,
    ),
}
