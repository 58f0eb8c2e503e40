"""How long are latents, and on which scale do the networks after the denoiser take them?

A frame of latents is eight mel frames, each a hop of 512 samples at 44.1 kHz: 10.77 frames a second.

Source: ACE-Step `MusicDCAE` and `text2music_diffusion_process`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from lofi_acestep.arrays import FloatArray

CHANNELS, HEIGHT = 8, 16
SAMPLE_RATE = 44_100  # Hz, what the vocoder makes
HOP = 512  # samples a mel frame
MELS_PER_FRAME = 8
SAMPLES_PER_FRAME = MELS_PER_FRAME * HOP

# The mean and the scale with which the latents were made fit for the denoiser.
_SCALE, _SHIFT = 0.1786, -1.9091
# The range of the log-mel, natural logarithm, that the DCAE knows as -1…1.
_MEL_LOWEST, _MEL_HIGHEST = -11.0, 3.0


def frame_length(duration_sec: float) -> int:
    """The frames T of a track: rounded down, so up to 93 ms shorter than asked for."""
    # The reference's divisions, in its order: another could round a whole number down.
    return int(duration_sec * SAMPLE_RATE / HOP / MELS_PER_FRAME)


def samples_of(frames: int, rate: int = SAMPLE_RATE) -> int:
    """The samples of each channel at `rate` Hz, rounded down."""
    return frames * SAMPLES_PER_FRAME * rate // SAMPLE_RATE


def to_dcae(latents: FloatArray) -> FloatArray:
    """From the denoiser's scale to the DCAE's, [B, 8, 16, T] float32."""
    scaled: FloatArray = latents / np.float32(_SCALE) + np.float32(_SHIFT)
    return scaled


def to_log_mel(mel: FloatArray) -> FloatArray:
    """From the DCAE's -1…1 to the vocoder's log-mel, -11…3, [B, 2, 128, F] float32. Nothing is cut off."""
    unit = mel * np.float32(0.5) + np.float32(0.5)
    log_mel: FloatArray = unit * np.float32(_MEL_HIGHEST - _MEL_LOWEST) + np.float32(_MEL_LOWEST)
    return log_mel
