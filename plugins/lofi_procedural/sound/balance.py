"""What the desk does about the spectrum of a band before it plays: tilt the treble, and turn down what booms.

Nobody mixes without having heard the band. Here the score tells: a solo piano and a full band with hats then
have much the same balance of bass and treble, and the one low note a pad holds does not stand out of it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from lofi_procedural.sound.forecast import PITCHES_HZ, of_textures
from lofi_procedural.sound.spectrum import tilt_db

if TYPE_CHECKING:
    from lofi_procedural.plan import Plan
    from lofi_procedural.score import Piece
    from lofi_procedural.sound.mixer import Mixer
    from lofi_procedural.sound.types import Floats

THIRDS_HZ = 1_000.0 * 2.0 ** (np.arange(-10, 10) / 3.0)  # 100 Hz to 8 kHz
# With a third beyond either end, which is a neighbour but is not touched.
BANDS_HZ = 1_000.0 * 2.0 ** (np.arange(-11, 11) / 3.0)
_BAND = np.floor(3.0 * np.log2(PITCHES_HZ / BANDS_HZ[0]) + 0.5).astype(np.intp)
INSIDE = (_BAND >= 0) & (len(BANDS_HZ) > _BAND)
BAND_OF = np.clip(_BAND, 0, len(BANDS_HZ) - 1)  # each pitch lies in
# What is aimed at, in dB per octave of power per Hz: darker and brighter prompts to either side; and how far
# instruments may be from that because they are dark or bright themselves.
EVEN, REACH, CHARACTER = -5.3, 2.4, 0.4
DARKEST, FLATTEST = -6.3, -4.0  # whatever the words; with textures
# What tape takes from the treble, and attacks from what partials would have.
TAKEN = 0.3
# Without drums treble lies in attacks, which the tape rounds most.
RINGING = 0.1
# Of drums alone it is the kick that is rounded.
ROUNDED = -1.0
LEAST, MOST = -3.0, 8.0
# A third of an octave may stand so far above the mean of its neighbours; more is cut, at most so much.
BUMP_DB, DEEPEST_CUT_DB = 4.5, 12.0
ROUNDS = 8
# How loud a band comes to the tape, in dB of power: as loud as the next, whoever plays, so that it colours
# and rounds each as it does the next. A piece of few and short notes is turned up by so much at most. Without
# drums there is less to round; drums alone are all peak, which the limiter would pay for.
TAPE_DB, MOST_DB = -16.0, 20.0
SOFTER_DB, DRUMS_ALONE_DB = -1.5, 9.0
LISTENED_BARS = 24


class Balance(NamedTuple):
    """What the desk is set to.

    Attributes:
        gain_db: of the band before the tape.
        curve: gain in dB at each of `PITCHES_HZ`, behind it.
    """

    gain_db: float
    curve: Floats


def find_balance(plan: Plan, piece: Piece, mixer: Mixer, tone: Floats) -> Balance:
    """The settings that give a piece its level and its balance.

    Args:
        plan: how bright it should be.
        piece: what is played.
        mixer: who plays it; it is left as it was.
        tone: gain [P] at `PITCHES_HZ` that all of it will have in any case.
    """
    bars = [piece.bar(index) for index in range(0, plan.bars, -(-plan.bars // LISTENED_BARS))]
    if plan.rings and plan.bars <= LISTENED_BARS:
        bars.append(piece.bar(plan.bars))
    notes = mixer.forecast(bars) * tone**2
    if not notes.any():
        return Balance(0.0, np.zeros(len(PITCHES_HZ)))
    seconds = len(bars) * plan.beats_per_bar * plan.beat_sec
    loudness = float(decibels(notes.sum() / seconds))
    gain_db = float(np.clip(_tape_db(piece.ensemble.parts) - loudness, -MOST_DB, MOST_DB))
    notes *= 10.0 ** (gain_db / 10.0)
    textures = third_octaves(of_textures(plan.brief.textures, seconds))
    even = EVEN + TAKEN + REACH * (plan.brief.brightness - 0.5)
    if piece.ensemble.groove is None:
        even += RINGING
    if piece.ensemble.parts == {"drums"}:
        even += ROUNDED
    own = float(np.clip(slope(third_octaves(notes)) - EVEN, -CHARACTER, CHARACTER))
    wanted = max(even + own, DARKEST)
    amount, cuts = 0.0, np.zeros(len(BANDS_HZ))
    for _ in range(ROUNDS):
        curve = _as_loud(tilt_db(PITCHES_HZ, amount) - cuts[BAND_OF], notes)
        played = third_octaves(notes * 10.0 ** (curve / 10.0))
        heard = played + textures
        bumps = decibels(heard[1:-1] / (0.5 * (heard[:-2] + heard[2:])))
        cuts[1:-1] = np.clip(cuts[1:-1] + 0.5 * (bumps - BUMP_DB), 0.0, DEEPEST_CUT_DB)
        step = min(wanted - slope(played), FLATTEST - slope(heard))
        # A tilt of one has this slope over the same bands.
        amount = float(np.clip(amount + step / UNIT, LEAST, MOST))
    return Balance(gain_db, _as_loud(tilt_db(PITCHES_HZ, amount) - cuts[BAND_OF], notes))


def _tape_db(parts: frozenset[str]) -> float:
    if "drums" not in parts:
        return TAPE_DB + SOFTER_DB
    return TAPE_DB + DRUMS_ALONE_DB if len(parts) == 1 else TAPE_DB


def _as_loud(curve: Floats, notes: Floats) -> Floats:
    """A curve that leaves the power of some notes as it is, and so their level beside the textures."""
    shaped = notes * 10.0 ** (curve / 10.0)
    as_loud: Floats = curve - decibels(shaped.sum() / notes.sum())
    return as_loud


def third_octaves(powers: Floats) -> Floats:
    """The power in each of `BANDS_HZ` of powers in semitones."""
    bands = np.bincount(BAND_OF[INSIDE], powers[INSIDE], len(BANDS_HZ)).astype(np.float64)
    # A floor 60 dB below the highest: what lies deeper is not heard, and must not bend the line.
    floored: Floats = bands + 1e-6 * bands.max() + 1e-20
    return floored


def slope(bands: Floats) -> float:
    """The fall, in dB per octave of power per Hz, of the power in `BANDS_HZ`, by a straight line."""
    return fall(decibels(bands[1:-1] / THIRDS_HZ))


def fall(levels: Floats) -> float:
    """The slope, in dB per octave, of levels at `THIRDS_HZ`."""
    return float(np.polyfit(np.log2(THIRDS_HZ), levels, 1)[0])


def decibels(power: Floats) -> Floats:
    """Power in dB."""
    levels: Floats = 10.0 * np.log10(power)
    return levels


UNIT = fall(tilt_db(THIRDS_HZ, 1.0))
