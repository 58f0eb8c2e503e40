"""For how long did a radio that is on make no sound? Pure: every time is handed in."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(slots=True)
class Silence:
    """Counts it, from the first sound on. A pause is no silence: somebody wanted it.

    Attributes:
        total_sec: up to the last `note`.
    """

    total_sec: float = 0.0
    _has_sounded: bool = False
    _since: float | None = None

    def note(self, now: float, *, sounds: bool, expected: bool) -> None:
        """It sounds from now on, or not; `expected`: it should."""
        if self._since is not None:
            self.total_sec += max(now - self._since, 0.0)
        self._has_sounded = self._has_sounded or (sounds and expected)
        self._since = now if expected and not sounds and self._has_sounded else None

    def upto(self, now: float) -> float:
        """The whole of it, the present one too."""
        return self.total_sec + (now - self._since if self._since is not None else 0.0)
