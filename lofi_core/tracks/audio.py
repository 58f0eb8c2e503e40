"""Is what a backend yielded really audio?"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from lofi_core.errors import InferenceFailed

if TYPE_CHECKING:
    from numpy.typing import NDArray

# Rounding may carry a sample just past full scale; that much is clipped without a word.
PEAK_TOLERANCE = 1e-4


def check_audio(audio: Any, channels: int) -> NDArray[np.float32]:
    """Check one chunk and bring it to the form the store keeps.

    Args:
        audio: float32 or float64 [C, N], or [N] when `channels` is 1. N may be 0.
        channels: C, as the backend's spec promises.

    Returns:
        float32 [C, N] in [-1, 1], always a copy: the backend may reuse its buffer.

    Raises:
        InferenceFailed: anything else, saying what it is and what it has to be.
    """
    samples = _in_shape(audio, channels)
    if samples.size == 0:
        return samples.astype(np.float32)
    low, high = float(samples.min()), float(samples.max())  # NaN and infinity show in these
    peak = max(-low, high)
    if not np.isfinite(low) or not np.isfinite(high):
        bad = int(np.count_nonzero(~np.isfinite(samples)))
        raise InferenceFailed(
            f"the backend yielded {bad} samples of {samples.size} that are NaN or infinite",
            "look for a division by zero or an overflow, often in float16; try precision fp32",
        )
    if peak > 1 + PEAK_TOLERANCE:
        raise InferenceFailed(
            f"the backend yielded samples up to {peak:.6g}; full scale is 1",
            "scale or clip the samples to [-1, 1] before they are yielded",
        )
    clipped: NDArray[np.float32] = np.clip(samples, -1.0, 1.0).astype(np.float32, order="C", copy=False)
    return clipped


def _in_shape(audio: Any, channels: int) -> NDArray[Any]:
    remedy = f"yield Step.audio as a float32 array of shape [{channels}, N] in [-1, 1]"
    if not isinstance(audio, np.ndarray):
        raise InferenceFailed(f"the backend yielded a {type(audio).__name__}, not a numpy array", remedy)
    if audio.dtype not in {np.dtype(np.float32), np.dtype(np.float64)}:
        raise InferenceFailed(f"the backend yielded audio of dtype {audio.dtype}, not float32", remedy)
    shaped: NDArray[Any] = audio[None] if audio.ndim == 1 and channels == 1 else audio
    if shaped.ndim != 2 or shaped.shape[0] != channels:
        raise InferenceFailed(
            f"the backend yielded audio of shape {list(audio.shape)}, not [{channels}, N]", remedy
        )
    return shaped
