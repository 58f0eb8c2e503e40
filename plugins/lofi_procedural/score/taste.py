"""How lively is lively: what `density` means to whoever plays."""

from __future__ import annotations

# Below the first a piece is calm, above the second lively.
CALM_DENSITY, LIVELY_DENSITY = 0.4, 0.65


def tier(density: float) -> int:
    """0 for calm, 1 for usual, 2 for lively."""
    return 0 if density < CALM_DENSITY else 2 if density > LIVELY_DENSITY else 1


def calmness(density: float) -> float:
    """How far below calm, 0 … 0.4."""
    return max(0.0, CALM_DENSITY - density)


def liveliness(density: float) -> float:
    """How far above lively, 0 … 0.35."""
    return max(0.0, density - LIVELY_DENSITY)
