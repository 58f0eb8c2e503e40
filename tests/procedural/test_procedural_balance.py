"""Are bass and treble in balance, whoever plays? Read by scipy's long-term spectrum."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
from scipy.signal import welch

from lofi_procedural.options import ProceduralOptions
from lofi_procedural.plan import SAMPLE_RATE

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from tests.procedural.conftest import Render

THIRDS_HZ = 1_000 * 2.0 ** (np.arange(-10, 10) / 3)


def fall_per_octave(samples: NDArray[np.float32]) -> float:
    """DB per octave of the power per Hz, from 100 Hz to 8 kHz."""
    hz, power = welch(samples.astype(np.float64), SAMPLE_RATE, nperseg=1 << 15, axis=1)
    levels = [
        10 * np.log10(power[:, (hz > third * 2 ** (-1 / 6)) & (hz < third * 2 ** (1 / 6))].mean())
        for third in THIRDS_HZ
    ]
    return float(np.polyfit(np.log2(THIRDS_HZ), levels, 1)[0])


@pytest.mark.parametrize(
    "prompt",
    [
        "solo piano, no drums",
        "felt piano and strings, no drums",
        "lofi house, bright organ",
        "kalimba lullaby",
    ],
)
def test_a_soloist_and_a_band_have_the_same_balance(render: Render, prompt: str) -> None:
    assert -7.2 < fall_per_octave(render(prompt, 20.0, 3)) < -3.5


def test_bright_and_dark_are_left_of_it(render: Render) -> None:
    dark, bright = (
        fall_per_octave(render("rhodes and flute", 20.0, 6, ProceduralOptions(vinyl=0.0, brightness=amount)))
        for amount in (0.1, 0.9)
    )
    assert dark + 1.8 < bright
