"""By how many decibels is a finished track made louder or quieter?"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from lofi_core.backend import Loudness

TARGET_LUFS = -14.0
CEILING_DBTP = -1.0
SILENCE_LUFS = -70.0


def choose_gain_db(loudness_lufs: float, true_peak_dbtp: float, policy: Loudness) -> float:
    """The one gain towards -14 LUFS that keeps the true peak under -1 dBTP.

    It is rounded down to 0.01 dB, so that rounding differences between machines do not reach the samples.

    Args:
        loudness_lufs: integrated loudness of the samples as generated; -inf is silence, which stays as it is.
        true_peak_dbtp: of the same samples.
        policy: `by_construction` samples stay as they are.
    """
    if policy == "by_construction" or loudness_lufs < SILENCE_LUFS:
        return 0.0
    gain_db = min(TARGET_LUFS - loudness_lufs, CEILING_DBTP - true_peak_dbtp)
    return math.floor(gain_db * 100) / 100
