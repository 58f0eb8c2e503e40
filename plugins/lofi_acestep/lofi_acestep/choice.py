"""Which form of the weights is meant, where nobody says?"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, TypeAlias

if TYPE_CHECKING:
    from lofi_core import Runtime

Precision: TypeAlias = Literal["fp32", "fp16", "int8"]
Weights: TypeAlias = Literal["auto", "fp32", "fp16", "int8"]

# What a schedule says when the request leaves it to the configuration, and that to the device.
AUTO: Literal["auto"] = "auto"
PRECISIONS: tuple[Precision, ...] = ("fp32", "fp16", "int8")


def choose_precision(wanted: str, runtime: Runtime) -> Precision:
    """One of `PRECISIONS`.

    Args:
        wanted: the schedule's weights; `auto` is what `[runtime] precision` says; where that is `auto` too,
            half precision on CUDA and fp32 elsewhere, whose processors gain nothing from less.
        runtime: says so.
    """
    for name in (wanted, runtime.precision):
        for precision in PRECISIONS:
            if name == precision:
                return precision
    return "fp16" if runtime.device == "cuda" else "fp32"
