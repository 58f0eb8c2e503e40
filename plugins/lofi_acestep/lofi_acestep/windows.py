"""Decode latents with a DCAE that takes one number of frames only.

Each window begins half a window after the one before, and the last one as far to the left as it takes to be
full: nothing is ever filled up with zeros. The decoder's attention spans its window, so what two windows make
of the same frames differs, most at their edges. So about a quarter of a window is dropped at each inner edge,
and around the seam, in the middle of what two windows share, one goes over into the other linearly.

Latents that are fewer than a window are mirrored at their end until it is full, and the mel is cut: the
reflection is music too, so attention and norms see nothing strange, and there is no jump at the end.

Source: ACE-Step `MusicDCAE.decode_overlap`, which joins larger windows end to end.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from lofi_acestep.latents import MELS_PER_FRAME

if TYPE_CHECKING:
    from collections.abc import Iterator

    from lofi_acestep.arrays import FloatArray
    from lofi_acestep.vocoding import DecodeMel

# The share of a window over which one goes over into the next; 1.5 s of 128 frames.
FADE_SHARE = 1 / 8


def window_starts(frames: int, window: int) -> list[int]:
    """Where each window begins, in frames of latents. One alone may be longer than all there are."""
    if frames <= window:
        return [0]
    return [*range(0, frames - window, window // 2), frames - window]


def windowed_mel(latents: FloatArray, mel: DecodeMel, window: int) -> Iterator[FloatArray]:
    """Decode window by window; two of them are held at most.

    Args:
        latents: [1, 8, 16, T] as the denoiser leaves them.
        mel: decodes `window` frames.
        window: even, 128 in the usual export.

    Yields:
        Log-mel [1, 2, 128, n]; 8 T frames in all.
    """
    frames = latents.shape[-1]
    if frames < window:
        latents = np.pad(latents, [(0, 0)] * 3 + [(0, window - frames)], mode="reflect")
    starts = window_starts(frames, window)
    half_fade = round(window * MELS_PER_FRAME * FADE_SHARE / 2)
    done = 0  # frames of mel, in the track
    fading: FloatArray | None = None
    for start, following in zip(starts, [*starts[1:], None], strict=True):
        decoded = mel(latents[..., start : start + window])
        offset = start * MELS_PER_FRAME
        if fading is not None:
            yield fade(fading, decoded[..., done - offset : done - offset + 2 * half_fade])
            done += 2 * half_fade
        if following is None:
            yield decoded[..., done - offset : frames * MELS_PER_FRAME - offset]
            return
        seam = (following + start + window) * MELS_PER_FRAME // 2
        yield decoded[..., done - offset : seam - half_fade - offset]
        done = seam - half_fade
        fading = decoded[..., done - offset : done - offset + 2 * half_fade]


def fade(old: FloatArray, new: FloatArray) -> FloatArray:
    """From `old` to `new`, linearly and alike from either side. [..., n] each."""
    share = (np.arange(old.shape[-1], dtype=np.float32) + np.float32(0.5)) / np.float32(old.shape[-1])
    faded: FloatArray = old + (new - old) * share
    return faded
