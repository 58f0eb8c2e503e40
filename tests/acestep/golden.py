"""The reference's vectors, and which of them a module of tests has not claimed yet.

What each key means and how it was made: `tests/data/acestep/golden/README.md`.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

GOLDEN = Path(__file__).parents[1] / "data" / "acestep" / "golden"


class Vectors:
    """One file of them. Whatever is read at import or named by a pattern counts as claimed."""

    def __init__(self, name: str) -> None:
        with np.load(GOLDEN / name) as stored:
            self._arrays: dict[str, NDArray[Any]] = dict(stored)
        self.unclaimed = set(self._arrays)

    def __getitem__(self, key: str) -> NDArray[Any]:
        self.unclaimed.discard(key)
        return self._arrays[key]

    def __contains__(self, key: str) -> bool:
        return key in self._arrays

    def keys(self, pattern: str) -> list[str]:
        """Those that match the whole pattern, for `parametrize`."""
        found = [key for key in self._arrays if re.fullmatch(pattern, key)]
        self.unclaimed -= set(found)
        return found


def worst(made: NDArray[Any], wanted: NDArray[Any]) -> float:
    """The largest difference, of arrays that have one shape."""
    assert made.shape == wanted.shape
    return float(np.abs(made.astype(np.float64) - wanted).max(initial=0.0))
