"""For how long did a radio that is on make no sound? Pure: every time is handed in."""

from __future__ import annotations

from dataclasses import dataclass

# The end of one track and the begin of the next are told one after the other, however close they are: what is
# shorter than the player's block is no silence.
LEAST_SEC = 0.1


@dataclass(slots=True)
class Silence:
    """Counts it, from the first sound on. A pause is no silence: somebody wanted it.

    Attributes:
        total_sec: of those that are over.
    """

    total_sec: float = 0.0
    _has_sounded: bool = False
    _since: float | None = None

    def note(self, now: float, *, sounds: bool, expected: bool) -> None:
        """It sounds from now on, or not; `expected`: it should."""
        self._has_sounded = self._has_sounded or (sounds and expected)
        if expected and not sounds and self._has_sounded:
            self._since = now if self._since is None else self._since
            return
        self.total_sec = self.upto(now)
        self._since = None

    def upto(self, now: float) -> float:
        """The whole of it, the present one too."""
        present_sec = now - self._since if self._since is not None else 0.0
        return self.total_sec + (present_sec if present_sec >= LEAST_SEC else 0.0)
