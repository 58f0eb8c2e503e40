"""The reference's way to decode a long track in windows, with its seams.

Windows of latents are decoded one by one and joined end to end; their inner edges, which the decoder could
not see beyond, are dropped. The vocoder takes blocks of mel with a short cross-fade. Neither is exact: the
DCAE's attention spans whatever it is given, and the vocoder sees 80 frames to each side where the reference
gives it 2. `windows.py` and `vocoding.py` do better; this is here to make what the reference makes.

Everything streams: a window and a block are held, never the track.

Source: ACE-Step `MusicDCAE.decode_overlap`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from lofi_acestep.latents import HOP, MELS_PER_FRAME
from lofi_acestep.vocoding import Pending, both_channels

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from lofi_acestep.arrays import FloatArray
    from lofi_acestep.vocoding import DecodeMel, Vocode

# In frames of latents: how long a window is, and by how much each is later than the one before.
WINDOW, STRIDE = 512, 256
# In frames of latents: what is dropped at an inner edge.
EDGE = (WINDOW - STRIDE) // 2
# In frames of mel.
BLOCK = 512
# In samples: what a block loses at an inner edge, and how long its cross-fade before that is.
OVERLAP, FADE = 1024, 128
BLOCK_STRIDE = BLOCK - 2 * OVERLAP // HOP


def reference_starts(frames: int) -> list[int]:
    """Where each window begins, in frames of latents."""
    return [anchor - EDGE for anchor in range(EDGE, frames - EDGE, STRIDE)] or [0]


def reference_mel(latents: FloatArray, mel: DecodeMel) -> Iterator[FloatArray]:
    """Decode window by window.

    Args:
        latents: [1, 8, 16, T] as the denoiser leaves them.
        mel: decodes a window of any length.

    Yields:
        Log-mel [1, 2, 128, n]; 8 T frames in all.
    """
    frames = latents.shape[-1]
    starts = reference_starts(frames)
    for start in starts:
        decoded = mel(latents[..., start : start + WINDOW])
        first = 0 if start == 0 else EDGE * MELS_PER_FRAME
        end = decoded.shape[-1] - (0 if start == starts[-1] else EDGE * MELS_PER_FRAME)
        yield decoded[..., first:end]


def reference_waves(mel: Iterable[FloatArray], wave: Vocode) -> Iterator[FloatArray]:
    """Vocode block by block.

    Args:
        mel: log-mel [1, 2, 128, n] in pieces of any length.
        wave: vocodes one channel of a block.

    Yields:
        Samples [2, n] at 44.1 kHz. The last block is filled up with zeros, which are loud in log-mel, and
        what they sound like is not cut off: the reference resamples before it does. See `cut`.
    """
    pending = Pending(mel)
    fading: FloatArray | None = None
    while True:
        # One frame more than a block tells whether another follows.
        more = pending.fill(BLOCK + 1)
        block = pending.frames[..., :BLOCK]
        block = np.pad(block, [(0, 0)] * 3 + [(0, BLOCK - block.shape[-1])])
        samples = both_channels(block, wave)
        if fading is not None:
            yield cross_fade(fading, samples[:, OVERLAP - FADE : OVERLAP])
            samples = samples[:, OVERLAP:]
        if not more:
            yield samples
            return
        # Its end may yet be faded into the next block.
        samples = samples[:, :-OVERLAP]
        yield samples[:, :-FADE]
        fading = samples[:, -FADE:]
        pending.drop(BLOCK_STRIDE)


def cross_fade(old: FloatArray, new: FloatArray) -> FloatArray:
    """From `old` to `new`, linearly; the first is all old, the last all new. [..., n] each."""
    share = np.linspace(0, 1, old.shape[-1], dtype=np.float32)
    faded: FloatArray = old * (np.float32(1) - share) + new * share
    return faded


def cut(pieces: Iterable[FloatArray], length: int) -> Iterator[FloatArray]:
    """End a stream of [C, n] after `length`."""
    for piece in pieces:
        yield piece[:, :length]
        length -= piece.shape[1]
        if length <= 0:
            return
