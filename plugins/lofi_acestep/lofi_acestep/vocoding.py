"""From mel to samples in blocks that fit into memory, exactly as if it were one.

The vocoder is convolutions alone: a sample depends on the mel from 80 frames before its own to 79 after, and
on nothing else. So a block with 80 more frames at each side, cut off again, has no seams.

Source: the kernels, strides and depths of ACE-Step's `ADaMoSHiFiGANV1`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

import numpy as np

from lofi_acestep.latents import HOP

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from lofi_acestep.arrays import FloatArray

# Frames of mel on each side of one that its samples depend on, 0.93 s.
HALO = 80


class DecodeMel(Protocol):
    """`LatentDecoder.mel`."""

    def __call__(self, latents: FloatArray, /) -> FloatArray:
        """Latents [1, 8, 16, T] → log-mel [1, 2, 128, 8T]."""


class Vocode(Protocol):
    """`Vocoder.wave`."""

    def __call__(self, mel: FloatArray, /) -> FloatArray:
        """Log-mel [1, 128, F] → samples [512F]."""


def vocode_exact(
    mel: Iterable[FloatArray], wave: Vocode, block_frames: int, halo: int = HALO
) -> Iterator[FloatArray]:
    """Vocode block by block, without seams.

    Args:
        mel: log-mel [1, 2, 128, n] in pieces of any length.
        wave: vocodes one channel of a block. Takes up to `block_frames` + 2 `halo` frames at a time.
        block_frames: how many frames of each block are kept. The halo is vocoded for nothing: with 512, a
            quarter of the work.
        halo: see `HALO`.

    Yields:
        Samples [2, n] at 44.1 kHz, 512 a frame.
    """
    pending = Pending(mel)
    before = 0
    more = True
    while more:
        more = pending.fill(before + block_frames + halo + 1)
        # The track's own ends get no halo: beyond them the vocoder pads as it does for the whole.
        block = pending.frames[..., : before + block_frames + halo]
        kept = block_frames if more else block.shape[-1] - before
        samples = both_channels(block, wave)
        yield samples[:, before * HOP : (before + kept) * HOP]
        pending.drop(before + kept - halo)
        before = min(halo, before + kept)


class Pending:
    """Mel that came in and is not done with."""

    def __init__(self, mel: Iterable[FloatArray]) -> None:
        self._coming = iter(mel)
        self._pieces: list[FloatArray] = []

    @property
    def frames(self) -> FloatArray:
        """All of it, [1, 2, 128, n]."""
        self._pieces = [np.concatenate(self._pieces, axis=-1)]
        return self._pieces[0]

    def fill(self, count: int) -> bool:
        """Take in more until there are `count` frames; False if there is an end before that."""
        while sum(piece.shape[-1] for piece in self._pieces) < count:
            piece = next(self._coming, None)
            if piece is None:
                return False
            self._pieces.append(piece)
        return True

    def drop(self, count: int) -> None:
        """Forget the first `count` frames."""
        self._pieces = [self.frames[..., max(0, count) :]]


def both_channels(mel: FloatArray, wave: Vocode) -> FloatArray:
    """Vocode left and right, each for itself: [1, 2, 128, F] → [2, 512F]."""
    return np.stack([wave(mel[:, channel]) for channel in range(mel.shape[1])])
