"""How do a file's samples come to the mixer? Decoded ahead, at the device's rate, in stereo."""

# ruff: noqa: SLF001 - a source reaches into the next one of its own class

from __future__ import annotations

from collections import deque
from math import gcd
from typing import TYPE_CHECKING, Protocol

import numpy as np
import soxr

from lofi_core.errors import LofiError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Samples = NDArray[np.float32]

BLOCK_FRAMES = 8_192  # what is decoded at a time, in the file's frames
AHEAD_SEC = 2.0  # how much `prefetch` has ready
# A resampler starts so many of the file's frames before a place asked for: longer than soxr's HQ filter.
RUN_UP_FRAMES = 4_096


class Decoder(Protocol):
    """A file's samples as they are.

    Attributes:
        sample_rate: Hz.
        frames: how many there are in all; None while nobody knows.
    """

    sample_rate: int

    @property
    def frames(self) -> int | None: ...  # noqa: D102

    def read(self, frames: int) -> Samples:
        """The next samples, [at most `frames`, C]. None at all: the end, or for now when `frames` is None."""

    def seek(self, frame: int) -> None:
        """Go to a frame of the file."""

    def close(self) -> None:
        """Close the file."""


class Source:
    """One track for the mixer. All frames are of the device's rate, all blocks float32 [N, 2].

    Used by one thread at a time.

    Args:
        decoder: the file.
        rate: the device's, Hz.
    """

    def __init__(self, decoder: Decoder, rate: int) -> None:
        self._decoder = decoder
        self._rate = rate
        self._ready: deque[Samples] = deque()
        self._ready_frames = 0
        self._drop = 0  # frames from the resampler that lie before the place asked for
        self._flushed = False
        self._decoded = 0  # which frame of ours comes next from the resampler
        self._following: Source | None = None
        self._expects = False  # its first samples come from the track before
        self._resampler: soxr.ResampleStream | None = self._fresh_resampler()

    @property
    def total_frames(self) -> int | None:
        """How long the track is; None while its file grows."""
        frames = self._decoder.frames
        return None if frames is None else self._scaled(frames)

    @property
    def complete(self) -> bool:
        """Nothing comes after what is ready."""
        return self._flushed

    def ready(self, frames: int) -> int:
        """Decode until so many frames are ready, or no more can be had; how many of them are.

        Raises:
            TrackUnreadable: the file is broken here.
        """
        while self._ready_frames < frames and self._decode():
            pass
        return min(self._ready_frames, frames)

    def read(self, frames: int) -> Samples:
        """The next frames, fewer only where no more can be had. The block is the caller's."""
        got = np.empty((self.ready(frames), 2), np.float32)
        at = 0
        while at < len(got):
            block = self._ready[0]
            taken = min(len(block), len(got) - at)
            got[at : at + taken] = block[:taken]
            at += taken
            if taken == len(block):
                self._ready.popleft()
            else:
                self._ready[0] = block[taken:]
        self._ready_frames -= len(got)
        return got

    def prefetch(self) -> bool:
        """Decode one block of what will be needed. False when enough is ready."""
        return not self._expects and self._ready_frames < AHEAD_SEC * self._rate and self._decode()

    def seek(self, frame: int) -> None:
        """Go to a frame; past the end there is nothing more.

        What follows is what would have come there without the seek: a resampler starts early enough for its
        filter, at a place where a frame of the file and one of ours are at the same time.
        """
        self._ready.clear()
        self._ready_frames = self._drop = 0
        self._flushed = self._expects = False
        self._decoded = frame
        self._resampler = self._fresh_resampler()
        common = gcd(self._rate, self._decoder.sample_rate)
        ours, theirs = self._rate // common, self._decoder.sample_rate // common
        steps = max(frame // ours - (-(-RUN_UP_FRAMES // theirs) if self._resampler else 0), 0)
        if self._resampler is None:
            self._decoder.seek(frame)
        else:
            self._decoder.seek(steps * theirs)
            self._drop = frame - steps * ours

    def join(self, following: Source) -> None:
        """Let the resampler go on into the track that comes next, as if the two were one.

        Each on its own would be resampled as if silence came after and before it, which clicks where there is
        none. Until this one is decoded to its end, nothing of the other is prefetched.
        """
        same = self._decoder.sample_rate == following._decoder.sample_rate
        if self._resampler and same and not self._flushed and following._untouched:
            self._following = following
            following._expects = True

    def close(self) -> None:
        """Close the file. Doing it twice is harmless."""
        self._decoder.close()

    @property
    def _untouched(self) -> bool:
        return not (self._decoded or self._flushed)

    def _scaled(self, frames: int) -> int:
        return round(frames * self._rate / self._decoder.sample_rate)

    def _fresh_resampler(self) -> soxr.ResampleStream | None:
        if self._decoder.sample_rate == self._rate:
            return None
        return soxr.ResampleStream(self._decoder.sample_rate, self._rate, 2, dtype="float32", quality="HQ")

    def _decode(self) -> bool:
        """Get one block. False when there is none: at the end, or for now."""
        if self._flushed:
            return False
        self._expects = False
        block = as_stereo(self._decoder.read(BLOCK_FRAMES))
        if not len(block):
            if self._decoder.frames is None:
                return False
            self._flushed = True
            if self._resampler and self._following and self._following._untouched:
                self._hand_over(self._resampler, self._following)
                return True
        if self._resampler is not None:
            block = self._resampler.resample_chunk(block, last=self._flushed)
        dropped = min(self._drop, len(block))
        self._drop -= dropped
        self._add(block[dropped:])
        return True

    def _hand_over(self, resampler: soxr.ResampleStream, following: Source) -> None:
        """Give the resampler the next track's samples until all of ours are out; the rest is the next's."""
        following._resampler, following._drop = resampler, self._drop
        try:
            while self._owed > 0 and following._decode():
                block = following._take_back()
                owed = self._owed
                self._add(block[:owed])
                following._add(block[owed:])
            if self._owed <= 0 or following._flushed:
                return
            following.seek(0)  # it grows, and has not enough yet
        except LofiError:
            pass  # told when its turn has come
        rest = resampler.resample_chunk(np.zeros((0, 2), np.float32), last=True)
        self._add(rest[self._drop :][: self._owed])

    @property
    def _owed(self) -> int:
        """How many frames of this track have not come out of the resampler yet."""
        return max((self.total_frames or 0) - self._decoded, 0)

    def _add(self, block: Samples) -> None:
        if len(block):
            self._ready.append(block)
            self._ready_frames += len(block)
            self._decoded += len(block)

    def _take_back(self) -> Samples:
        """What has just been decoded, as if it had not been."""
        block = np.concatenate([*self._ready, np.zeros((0, 2), np.float32)])
        self._ready.clear()
        self._ready_frames = self._decoded = 0
        return block


def as_stereo(block: Samples) -> Samples:
    """Mono on both sides; of more than two channels the first two. What is no number is silence."""
    if block.shape[1] != 2:
        block = np.ascontiguousarray(
            np.broadcast_to(block[:, :1], (len(block), 2)) if block.shape[1] == 1 else block[:, :2]
        )
    if not np.isfinite(block).all():
        block = np.nan_to_num(block, nan=0.0, posinf=0.0, neginf=0.0)
    return block
