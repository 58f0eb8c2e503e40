"""How do two tracks at once stay below full scale? A look-ahead limiter, without effect on what does."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Samples = NDArray[np.float32]

LOOK_AHEAD_SEC = 0.005  # the gain goes down this long before a peak, in a slope instead of a step
# Slow enough that the gain does not follow single beats, fast enough to be back after one crossfade.
RELEASE_DB_PER_SEC = 20.0


class Limiter:
    """Keeps a stereo stream within [-1, 1]. Until a sample exceeds 1 it only delays it, by `delay_frames`.

    The gain that each sample needs is held back by the release's slope; then the lowest of the look-ahead is
    taken, and averaged over as many samples. Each factor in that average covers the delayed sample, so their
    mean does. How the stream is cut into blocks changes nothing, to the bit.
    """

    def __init__(self, rate: int) -> None:
        self.delay_frames = round(LOOK_AHEAD_SEC * rate)
        self._slope = RELEASE_DB_PER_SEC / rate  # dB a frame
        self._late = np.zeros((self.delay_frames, 2), np.float32)
        # Gain in dB that the last frames were allowed, newest last: what minimum and mean look back on.
        self._allowed = np.zeros(2 * self.delay_frames)
        self._lowest = 0.0
        self._frame = 0

    @property
    def silent(self) -> bool:
        """Nothing is left in it that has not come out."""
        return not self._late.any()

    def process(self, block: Samples) -> Samples:
        """The next samples, [N, 2], as many as came in."""
        frames, delay = len(block), self.delay_frames
        stream = np.concatenate([self._late, block])
        allowed = np.concatenate([self._allowed, self._release(needed_db(block))])
        self._late, self._allowed = stream[frames:].copy(), allowed[frames:].copy()
        out = stream[:frames]
        if frames == 0 or allowed.min() >= 0.0:
            return out
        window = np.lib.stride_tricks.sliding_window_view
        lowest = window(allowed, delay + 1).min(axis=1)
        gain = window(10.0 ** (lowest / 20.0), delay + 1).mean(axis=1)
        limited: Samples = (out * gain[:, None]).astype(np.float32)
        return np.clip(limited, -1.0, 1.0)  # the last bit of rounding

    def _release(self, needed: NDArray[np.float64]) -> NDArray[np.float64]:
        """Down at once, up at the slope: a running minimum of what is needed, on a line that rises.

        The line begins at the stream's first frame, so that blocks do not matter.
        """
        line = self._slope * np.arange(self._frame, self._frame + len(needed), dtype=np.float64)
        fallen = np.minimum.accumulate(np.concatenate([[self._lowest], needed - line]))[1:]
        self._frame += len(needed)
        if len(fallen):
            self._lowest = float(fallen[-1])
        return np.minimum(fallen + line, 0.0)


def needed_db(block: Samples) -> NDArray[np.float64]:
    """The gain, in dB and at most 0, that brings each frame of [N, 2] to full scale."""
    # Not `max(axis=1)`, which takes five times as long over two columns.
    peaks = np.maximum(np.abs(block[:, 0]), np.abs(block[:, 1])).astype(np.float64)
    return np.where(peaks > 1.0, -20.0 * np.log10(np.maximum(peaks, 1.0)), 0.0)
