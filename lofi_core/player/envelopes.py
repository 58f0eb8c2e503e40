"""How does a gain go from here to there without a click? Fades of one track, ramps of the whole."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Gains = NDArray[np.float32]

RAMP_SEC = 0.01  # pause, resume, stop, seek: too short to be heard as a fade, too long for a click


class Fade:
    """Equal power: a sine up or a cosine down, over so many frames, then 1 or 0.

    Two at once, one up and one down, keep the power of unrelated tracks.
    """

    def __init__(self, frames: int, *, rising: bool) -> None:
        self.rising = rising
        self._frames = max(frames, 1)
        self._at = 0

    @property
    def left(self) -> int:
        """How many frames until it is over."""
        return max(self._frames - self._at, 0)

    def gains(self, frames: int) -> Gains:
        """The next factors, [N, 1]."""
        places = (np.arange(self._at, self._at + frames) + 0.5) / self._frames
        angles = np.clip(places, 0.0, 1.0) * (np.pi / 2)
        self._at += frames
        # Past the end exactly nothing: the cosine there is not quite 0.
        gains = np.sin(angles) if self.rising else np.where(places < 1.0, np.cos(angles), 0.0)
        return gains.astype(np.float32)[:, None]


class Ramp:
    """A gain that goes to a new value in a straight line, from wherever it is."""

    def __init__(self, value: float) -> None:
        self.target = value
        self._from, self._frames, self._at = value, 0, 0

    @property
    def left(self) -> int:
        """How many frames until it has arrived."""
        return self._frames - self._at

    def go(self, value: float, frames: int) -> None:
        """Be there after so many frames; at once after none."""
        share = self._at / self._frames if self._frames else 1.0
        self._from += (self.target - self._from) * share
        self.target, self._frames, self._at = value, frames, 0

    def gains(self, frames: int) -> Gains | np.float32:
        """The next factors: [N, 1], or one number where nothing changes."""
        if not self.left:
            return np.float32(self.target)
        places = np.minimum(np.arange(self._at + 1, self._at + frames + 1) / self._frames, 1.0)
        self._at = min(self._at + frames, self._frames)
        return (self._from + (self.target - self._from) * places).astype(np.float32)[:, None]


def loudness_gain(volume: float) -> float:
    """What a volume of 0 to 1 multiplies by: its cube, in even steps for the ear (0.5 is -18 dB)."""
    return float(volume) ** 3
