"""Which tracks were used a moment ago, whatever the clock on the wall says?"""

from __future__ import annotations

import time
from itertools import takewhile

LONGEST_SEC = 3600.0


class RecentUses:
    """When each track was used, in this process. Used in one thread."""

    def __init__(self) -> None:
        self._used_at: dict[str, float] = {}  # seconds of the monotonic clock; the latest comes last

    def note(self, track_id: str) -> None:
        """It is used now."""
        now = time.monotonic()
        self._used_at.pop(track_id, None)
        self._used_at[track_id] = now
        # A radio makes thousands in a month, and nobody asks for those of before.
        for old in list(takewhile(lambda one: self._used_at[one] < now - LONGEST_SEC, self._used_at)):
            del self._used_at[old]

    def within(self, seconds: float) -> set[str]:
        """Those used so lately; of more than an hour ago nothing is known."""
        since = time.monotonic() - seconds
        return {track_id for track_id, used_at in self._used_at.items() if used_at > since}
