"""What does a track look like in a few bars? The peak of each of its equal parts."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import soundfile

from lofi_core.tracks.failures import storage_failures
from lofi_core.tracks.spool import BLOCK_FRAMES

if TYPE_CHECKING:
    from collections.abc import Generator
    from pathlib import Path


def waveform_steps(path: Path, bins: int) -> Generator[float, None, list[float]]:
    """Read a file in blocks; yields the fraction done, returns `bins` peaks of 0 to 1 over all channels.

    Raises:
        TrackWriteFailed: the file cannot be decoded.
    """
    with storage_failures(f"reading {path.name}", path), soundfile.SoundFile(path) as file:
        frames = file.frames
        starts = np.arange(bins) * frames // bins  # first frame of each bin
        peaks = np.zeros(bins, np.float32)
        for offset in range(0, frames, BLOCK_FRAMES):
            block = np.abs(file.read(min(BLOCK_FRAMES, frames - offset), dtype="float32", always_2d=True))
            if offset + len(block) < min(frames, offset + BLOCK_FRAMES):
                raise OSError(f"the file ends at frame {offset + len(block)} of {frames}")
            # the bins this block has a part of; with more bins than frames, neighbours share one
            first = np.searchsorted(starts, starts[starts <= offset][-1])
            last = np.searchsorted(starts, offset + len(block) - 1, side="right")
            inside = np.maximum(starts[first:last] - offset, 0)
            peaks[first:last] = np.maximum(peaks[first:last], np.maximum.reduceat(block.max(axis=1), inside))
            yield (offset + len(block)) / frames
    rounded: list[float] = np.minimum(peaks.astype(np.float64), 1.0).round(4).tolist()
    return rounded
