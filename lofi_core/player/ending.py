"""How does it end slowly? One long fade over all that plays, which can be taken back."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lofi_core.player.envelopes import Ramp

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Samples = NDArray[np.float32]

# Somebody wants to hear more during it.
COME_BACK_SEC = 0.3


class Ending:
    """A gain that goes to 0, where all stops, or back to 1."""

    def __init__(self, rate: int) -> None:
        self._rate = rate
        self._ramp = Ramp(1.0)

    @property
    def goes_on(self) -> bool:
        """It will stop at its end."""
        return self._ramp.target == 0

    @property
    def is_over(self) -> bool:
        """It stops here."""
        return self.goes_on and not self._ramp.left

    def begin(self, seconds: float) -> None:
        """Be silent after so long."""
        self._ramp.go(0.0, max(round(seconds * self._rate), 1))

    def take_back(self) -> None:
        """Go on playing."""
        if self.goes_on:
            self._ramp.go(1.0, round(COME_BACK_SEC * self._rate))

    def stopped(self, frames: int) -> None:
        """What is loaded from now on plays at its own level; what still fades does so over so many frames."""
        self._ramp.go(1.0, frames)

    def heard(self, frames: int) -> int:
        """How many of the next frames come before its end."""
        return min(frames, self._ramp.left) if self.goes_on else frames

    def apply(self, out: Samples) -> None:
        """Fade [N, 2], in even steps for the ear."""
        out *= self._ramp.gains(len(out)) ** 3
