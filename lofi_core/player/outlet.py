"""How loud is it, and is it on hold? What was rendered passes here last, so that neither waits behind it."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

import numpy as np

from lofi_core.player.envelopes import RAMP_SEC, Ramp, loudness_gain

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from lofi_core.player.ring import Ring

    Samples = NDArray[np.float32]

VOLUME_RAMP_SEC = 0.03


class Outlet:
    """Reads the ring for the device. A pause leaves there what is ready, and going on begins with it.

    `pull` belongs to the device's thread, all else to the render thread.

    Args:
        ring: what is rendered.
        rate: of the output, Hz.

    Attributes:
        frame: how many frames the device has taken.
        volume: 0 to 1, as it was set.
    """

    def __init__(self, ring: Ring, rate: int) -> None:
        self.frame = 0
        self.volume = 1.0
        self._ring = ring
        self._rate = rate
        self._lock = threading.Lock()
        self._gate = Ramp(1.0)  # 0 is on hold
        self._gain = Ramp(1.0)
        self._tail = np.zeros((0, 2), np.float32)
        self._last = np.zeros(2, np.float32)  # what was heard, before the volume
        self._lacked = False  # the last time

    def pull(self, frames: int) -> tuple[Samples, int]:
        """What the device plays next, [frames, 2], and how many of them were ready."""
        out = np.zeros((frames, 2), np.float32)
        with self._lock:
            self._ring.asked(frames)
            wanted = min(frames, self._gate.left) if self._gate.target == 0 else frames
            ready = self._ring.take(out[:wanted])
            out[:ready] *= self._gate.gains(ready)
            if len(self._tail):
                self._add_tail(out)
            lacks = ready < wanted and self._ring.flows
            if lacks and (ready or not self._lacked):
                self._bridge_lack(out, ready)
            self._lacked = lacks
            self._last = out[-1].copy() if frames else self._last
            out *= self._gain.gains(frames)
            self.frame += frames
        return out, ready + frames - wanted

    def set_volume(self, volume: float) -> int:
        """0 to 1, on a perceptual scale; the change takes a moment, from the frame that is returned."""
        with self._lock:
            self.volume = volume
            self._gain.go(loudness_gain(volume), round(VOLUME_RAMP_SEC * self._rate) if self.frame else 0)
            return self.frame

    def hold(self, *, held: bool, at_once: bool = False) -> int:
        """Go silent and keep what is ready, or go on with it, from the frame that is returned."""
        with self._lock:
            if at_once or self._gate.target != (not held):
                self._gate.go(0.0 if held else 1.0, 0 if at_once else round(RAMP_SEC * self._rate))
            return self.frame

    def drop(self) -> None:
        """Forget what is ready: something else comes. While on hold; of its fade the rest is still heard."""
        with self._lock:
            tail = np.zeros((self._gate.left, 2), np.float32)
            ready = self._ring.take(tail)
            tail[:ready] *= self._gate.gains(ready)
            self._tail = tail[:ready]
            self._gate.go(0.0, 0)
            self._ring.clear()

    def _bridge_lack(self, out: Samples, ready: int) -> None:
        """Nothing is ready in the midst of the music: its last sample goes to 0, what comes fades in."""
        frames = round(RAMP_SEC * self._rate)
        last = out[ready - 1] if ready else self._last
        tail = last * np.linspace(1.0, 0.0, frames + 1, dtype=np.float32)[1:, None]
        heard = min(frames, len(out) - ready)
        out[ready : ready + heard] = tail[:heard]
        self._tail = tail[heard:]
        on_hold = self._gate.target == 0
        self._gate.go(0.0, 0)
        if not on_hold:
            self._gate.go(1.0, frames)

    def _add_tail(self, out: Samples) -> None:
        heard = min(len(self._tail), len(out))
        out[:heard] += self._tail[:heard]
        np.clip(out, -1.0, 1.0, out=out)
        self._tail = self._tail[heard:]
