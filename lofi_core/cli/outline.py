"""What does a track look like in one line? Its loud and quiet places, and how much of it has been heard."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from lofi_core.cli.terminal import BRIGHT, FAINT, PLAIN

if TYPE_CHECKING:
    from collections.abc import Sequence

BLOCKS = "▁▂▃▄▅▆▇█"
HEARD, TO_COME = "━", "─"  # where nobody knows yet how loud it is
LEAST_WIDTH = 10


def outline(peaks: Sequence[float], heard: float, width: int) -> str:
    """A picture so many characters wide, what has been heard bright and the rest faint; empty for few.

    Args:
        peaks: 0 to 1, of equal parts of the track; none while they are not known.
        heard: 0 to 1.
        width: characters there is room for.
    """
    if width < LEAST_WIDTH or not can_print(BLOCKS + HEARD + TO_COME):
        return ""
    done = round(min(max(heard, 0.0), 1.0) * width)
    picture = _blocks(peaks, width) if peaks else HEARD * done + TO_COME * (width - done)
    return f"{BRIGHT}{picture[:done]}{PLAIN}{FAINT}{picture[done:]}{PLAIN}"


def can_print(text: str) -> bool:
    """Whether the terminal's encoding has these characters."""
    try:
        text.encode(sys.stderr.encoding or "ascii")
    except UnicodeEncodeError:
        return False
    return True


def _blocks(peaks: Sequence[float], width: int) -> str:
    """Each character is as high as the power of the loudest in its part, beside the loudest of all."""
    loudest = max(peaks) or 1.0
    parts = [
        peaks[at * len(peaks) // width : max((at + 1) * len(peaks) // width, at * len(peaks) // width + 1)]
        for at in range(width)
    ]
    powers = ((max(part) / loudest) ** 2 for part in parts)
    return "".join(BLOCKS[min(int(power * len(BLOCKS)), len(BLOCKS) - 1)] for power in powers)
