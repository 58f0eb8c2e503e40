"""How is a track longer than the trained window made?

Window by window: each begins with the last codes of the one before as its prompt, and adds `extend_stride`.

Source: audiocraft `MusicGen.generate`, `extend_stride`.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from lofi_musicgen.config import TRAINED_SEC

if TYPE_CHECKING:
    from lofi_musicgen.config import MusicGenConfig


@dataclass(frozen=True, slots=True)
class Window:
    """One run of the language model over frames of the track.

    Attributes:
        start: the first frame, in the track.
        known: frames that are made already, its prompt.
        frames: all of them.
        at_once: the prompt is taken in one run, not in one for each of its columns.
    """

    start: int
    known: int
    frames: int
    at_once: bool = True


@dataclass(frozen=True, slots=True)
class Plan:
    """All that is decided before a model is loaded.

    Attributes:
        samples: of each channel; the last frame may be cut.
        frames: in all.
        steps: how often the language model is run, all windows together.
    """

    samples: int
    frames: int
    steps: int
    windows: tuple[Window, ...]


def make_plan(
    config: MusicGenConfig, duration_sec: float, extend_stride: float, *, prompt_at_once: bool = True
) -> Plan:
    """Lay out the windows of a track.

    Args:
        config: of the model.
        duration_sec: of the track.
        extend_stride: seconds that each window after the first adds, of 30.
        prompt_at_once: take the prompt of a window in one run. With quantised weights that saves a quarter of
            the prompt's time only, and cannot be interrupted for seconds.
    """
    samples = round(duration_sec * config.codec.sample_rate)
    frames = max(1, math.ceil(samples / config.codec.hop))
    # A model with fewer positions than that was never trained for 30 s; its window is shorter.
    longest = min(round(TRAINED_SEC * config.frame_rate), config.max_positions - 1 - config.longest_delay)
    stride = min(max(1, round(longest * extend_stride / TRAINED_SEC)), longest - 1)
    windows = [Window(0, 0, min(frames, longest))]
    while (end := windows[-1].start + windows[-1].frames) < frames:
        known = longest - stride
        windows.append(Window(end - known, known, known + min(stride, frames - end), prompt_at_once))
    first_columns = [window.known if window.at_once else 0 for window in windows]
    steps = sum(
        w.frames - first + config.longest_delay for w, first in zip(windows, first_columns, strict=True)
    )
    return Plan(samples, frames, steps, tuple(windows))
