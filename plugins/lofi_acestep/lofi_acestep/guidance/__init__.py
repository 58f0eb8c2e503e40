"""How the velocities for the prompt and against it become the one that is followed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from lofi_acestep.guidance.apg import AdaptiveProjectedGuidance
from lofi_acestep.guidance.cfg import ClassifierFreeGuidance
from lofi_acestep.guidance.cfg_star import CfgZeroStar
from lofi_core import InvalidOption

if TYPE_CHECKING:
    from lofi_acestep.arrays import FloatArray

CFG_TYPES = ("apg", "cfg", "cfg_star")


class Guidance(Protocol):
    """Guides one track; some remember what they did."""

    def combine(self, index: int, scale: float, cond: FloatArray, uncond: FloatArray) -> FloatArray:
        """The velocity to follow in evaluation `index`, [B, 8, 16, T] float32, from those for and against."""


def make_guidance(cfg_type: str) -> Guidance:
    """Start guiding a track.

    Args:
        cfg_type: one of `CFG_TYPES`.

    Raises:
        InvalidOption: there is no such guidance.
    """
    if cfg_type == "apg":
        return AdaptiveProjectedGuidance()
    if cfg_type == "cfg":
        return ClassifierFreeGuidance()
    if cfg_type == "cfg_star":
        return CfgZeroStar()
    raise InvalidOption(f"there is no guidance {cfg_type!r}", f"choose one of {', '.join(CFG_TYPES)}")
