"""What was measured, beside what was wanted, in lines of a table."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable


class Figure(NamedTuple):
    """One line of the table; the target is the most it may be, or with `at_least` the least."""

    what: str
    value: float
    target: float | None = None
    at_least: bool = False

    def __str__(self) -> str:
        if self.target is None:
            return f"{self.what:60} {self.value:9.2f}"
        met = self.value >= self.target if self.at_least else self.value <= self.target
        sign = "≥" if self.at_least else "≤"
        return f"{self.what:60} {self.value:9.2f}   {sign} {self.target:g}{'' if met else '   MISSED'}"


def show(figures: Iterable[Figure]) -> None:
    """Print each as it comes."""
    for figure in figures:
        print(f"  {figure}", flush=True)


def quantile(values: list[float], share: float) -> float:
    """The value below which such a share of all lies."""
    return sorted(values)[min(int(len(values) * share), len(values) - 1)]
