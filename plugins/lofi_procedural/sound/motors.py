"""What turns or beats in an instrument whatever is played: a vibraphone's fans, a piano's tremolo."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from lofi_procedural.sound.curves import slow_curve, turns_of

if TYPE_CHECKING:
    from lofi_procedural.sound.types import Floats, Stereo


class Motor(NamedTuple):
    """How a level moves.

    Attributes:
        hz: how often.
        depth: 0 to 1 of the level.
        apart: how far the right lags behind the left, in turns; half a turn goes from side to side.
    """

    hz: float
    depth: float
    apart: float


MOTORS = {
    "rhodes": Motor(4.6, 0.2, 0.5),
    "vibraphone": Motor(5.3, 0.28, 0.12),
    "organ": Motor(6.1, 0.14, 0.3),
    "electric_guitar": Motor(3.7, 0.1, 0.5),
    "synth_lead": Motor(0.31, 0.1, 0.5),
    "pad": Motor(0.17, 0.22, 0.5),
    "strings": Motor(0.23, 0.1, 0.5),
}


def move(sound: Stereo, instrument: str, start: int, loop_sec: float | None) -> None:
    """Let the motor of an instrument, if it has one, move what it plays [2, N] from a sample on."""
    motor = MOTORS.get(instrument)
    if motor is None:
        return
    pace = 2 * np.pi * turns_of(motor.hz, loop_sec)
    lag = 2 * np.pi * motor.apart

    def level(time: Floats) -> Floats:
        moved: Floats = 1.0 + motor.depth * np.sin(pace * time - np.array([[0.0], [lag]]))
        return moved

    sound *= slow_curve(level, start, sound.shape[1]).astype(np.float32)
