"""How the fader is moved so that the track lands at -14 LUFS, knowing only the past and the bar at hand."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from lofi_procedural.plan import LEAD_IN_SEC, SAMPLE_RATE
from lofi_procedural.sound.loudness import TARGET_LUFS, Meter, measure

if TYPE_CHECKING:
    from lofi_procedural.sound.types import Stereo

SILENCE_LUFS = -70.0
# A bar so far under the usual is a rest: it says nothing about the level of the piece.
REST_DB = 7.0
LAG_DB = 2.0  # that is made good at once, at most
UP_DB, DOWN_DB = 1.8, 1.5  # per bar
GAIN_RANGE_DB = (-12.0, 20.0)
# No single bar passes the aim by more than this, whatever came before.
EXCESS_DB = 1.5
LOST_DB = 6.0
# Power of the fading final chord against that of the bars before it, on average.
ENDING_POWER = 0.75
ENDING_RANGE_DB = np.linspace(-4.0, 4.0, 17)


class Rider:
    """Keeps one hand on the fader: slow and bounded."""

    def __init__(self, ending_share: float) -> None:
        """Aim the body a little higher, for what the final chord will take from the mean.

        Args:
            ending_share: of the track, that the final chord fills.
        """
        lost = 1.0 - ending_share * (1.0 - ENDING_POWER)
        self._aim = TARGET_LUFS - 10.0 * float(np.log10(lost))
        self._gain_db: float | None = None
        self._raw: list[float] = []
        self._sent_power, self._sent = 0.0, 0

    def ride(self, block: Stereo, level_db: float, so_far: Meter) -> Stereo:
        """Bring one bar to its place.

        Args:
            block: [2, N] before gain.
            level_db: how far above the whole piece the section lies.
            so_far: what has been let out.

        Returns:
            The bar at its gain [2, N].
        """
        loudness = measure(block)
        before = self._gain_db
        if loudness <= SILENCE_LUFS or (self._raw and loudness - level_db < self._usual() - REST_DB):
            wanted = before if before is not None else 0.0
        else:
            self._raw = [*self._raw[-2:], loudness - level_db]
            past = so_far.lufs()
            error = self._aim - past if np.isfinite(past) else 0.0
            made_good = max(-LAG_DB, min(LAG_DB, 0.8 * error))
            wanted = self._aim - self._usual() + self._lost_db(so_far) + made_good
        before = wanted if before is None else before
        after = before + max(-DOWN_DB, min(UP_DB, wanted - before))
        ceiling = self._aim + level_db + EXCESS_DB + self._lost_db(so_far)
        after = min(after, ceiling - max(loudness, SILENCE_LUFS))
        self._gain_db = max(GAIN_RANGE_DB[0], min(GAIN_RANGE_DB[1], after))
        self._sent_power += block.shape[1] * 10.0 ** ((loudness + self._gain_db) / 10.0)
        self._sent += block.shape[1]
        return _glide(block, before, self._gain_db)

    def end(self, block: Stereo, so_far: Meter) -> Stereo:
        """Bring the final chord to the level that lands the whole nearest the target."""
        gain_db = self._gain_db if self._gain_db is not None else 0.0
        choices = gain_db + ENDING_RANGE_DB
        # The half that is not yet faded must not tower over the bars before it.
        ceiling = self._aim + EXCESS_DB - max(measure(block[:, : block.shape[1] // 2]), SILENCE_LUFS)
        choices = np.minimum(choices, max(ceiling, choices[0]))
        landings = [so_far.with_next(block * np.float32(10 ** (at / 20))) for at in choices]
        # Between two of them: with the nearest, the last bit of a sample could decide over half a decibel.
        chosen = np.interp(TARGET_LUFS, np.maximum.accumulate(landings), choices)
        return _glide(block, gain_db, float(chosen), quick=True)

    def _lost_db(self, so_far: Meter) -> float:
        """What the limiter takes from strokes without a body: they may be sent to it so much louder."""
        past = so_far.lufs()
        if not (self._sent and np.isfinite(past)):
            return 0.0
        sent = 10.0 * float(np.log10(self._sent_power / self._sent + 1e-9))
        return max(0.0, min(LOST_DB, sent - past))

    def _usual(self) -> float:
        """One bar is a guess; three are a level."""
        return float(10 * np.log10(np.mean([10 ** (raw / 10) for raw in self._raw])))


def _glide(block: Stereo, from_db: float, to_db: float, *, quick: bool = False) -> Stereo:
    """Move the fader over half the bar; or, where it must fall far or at once, before the first beat."""
    count = block.shape[1]
    quick = quick or to_db < from_db - DOWN_DB
    length = min(count, round(LEAD_IN_SEC * SAMPLE_RATE)) if quick else max(1, count // 2)
    gain = np.full(count, 10.0 ** (to_db / 20))
    rise = 0.5 - 0.5 * np.cos(np.pi * np.arange(length) / length)
    gain[:length] = 10.0 ** ((from_db + (to_db - from_db) * rise) / 20)
    moved: Stereo = block * gain.astype(np.float32)
    return moved
