"""Where do the samples of two files differ, and by how much?"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from lofi_core.tracks.digest import SampleDigest

if TYPE_CHECKING:
    import soundfile
    from numpy.typing import NDArray

BLOCK_FRAMES = 65_536
FULL_SCALE = 2**23  # of a 24-bit sample


@dataclass(frozen=True, slots=True)
class Comparison:
    """What two files of 24-bit samples have in common.

    Attributes:
        was_frames: of the first file.
        now_frames: of the second.
        differing: samples of those that both have, all channels together.
        first_frame: the first one with a sample that differs, or that one of them lacks; None: there is none.
        most_db: the largest difference of two samples, dBFS; None: none differs.
        was_sha256: of the first file's samples, as `SampleDigest` has it.
    """

    was_frames: int
    now_frames: int
    differing: int
    first_frame: int | None
    most_db: float | None
    was_sha256: str

    @property
    def identical(self) -> bool:
        """Not one sample differs."""
        return self.first_frame is None


def compare_samples(was: soundfile.SoundFile, now: soundfile.SoundFile) -> Comparison:
    """Compare two files of 24-bit samples with the same rate and channels, both at their begin."""
    digest = SampleDigest()
    # A small file may say that it holds days of silence: of so much more it cannot be the same anyway.
    most_frames = 2 * now.frames + 60 * now.samplerate
    was_frames = now_frames = differing = most = 0
    first_frame: int | None = None
    while True:
        a, b = (file.read(BLOCK_FRAMES, dtype="int32", always_2d=True) for file in (was, now))
        if (not len(a) and not len(b)) or was_frames > most_frames:
            break
        digest.add(a)
        both = min(len(a), len(b))
        off = np.abs((a[:both] >> 8).astype(np.int64) - (b[:both] >> 8))
        frames = np.flatnonzero(off.any(axis=1))
        if first_frame is None and (len(frames) or len(a) != len(b)):
            first_frame = was_frames + int(frames[0] if len(frames) else both)
        differing += int(np.count_nonzero(off))
        most = max(most, int(off.max(initial=0)))
        was_frames, now_frames = was_frames + len(a), now_frames + len(b)
    return Comparison(
        was_frames=was_frames,
        now_frames=now_frames,
        differing=differing,
        first_frame=first_frame,
        most_db=round(20 * math.log10(most / FULL_SCALE), 1) if most else None,
        was_sha256=digest.text(),
    )


def likeness(was: soundfile.SoundFile, now: soundfile.SoundFile) -> float:
    """The correlation of two files with the same rate and channels, from their begin: 1 is the same sound."""
    products = np.zeros(3)
    while True:
        a, b = (file.read(BLOCK_FRAMES, dtype="float64", always_2d=True) for file in (was, now))
        both = min(len(a), len(b))
        if not both:
            break
        products += _products(a[:both], b[:both])
    power = math.sqrt(products[1] * products[2])
    return round(float(products[0]) / power, 4) if power else float(products[1] == products[2])


def _products(a: NDArray[np.float64], b: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.array([np.vdot(a, b), np.vdot(a, a), np.vdot(b, b)])
