"""How far is a download, how fast is it, and when will it be done?"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from typing import Literal

# The speed is that of the last seconds: long enough to be calm, short enough to tell that the net is gone.
WINDOW_SEC = 5.0

Stage = Literal["checking", "waiting", "downloading", "complete"]


@dataclass(slots=True)
class FileProgress:
    """One file: bytes that are here, and bytes in all where that is known."""

    path: str
    done_bytes: int = 0
    total_bytes: int | None = None
    stage: Stage = "waiting"

    @property
    def percent(self) -> int:
        """0 … 100; 100 is for a file that is checked and has its name."""
        if self.stage == "complete":
            return 100
        return min(99, 100 * self.done_bytes // self.total_bytes) if self.total_bytes else 0


class Tally:
    """All files of one download.

    Args:
        paths: of its files.
    """

    def __init__(self, paths: list[str]) -> None:
        self.files = {path: FileProgress(path) for path in paths}
        self._moments: deque[tuple[float, int]] = deque()
        self._received = 0

    def received(self, count: int) -> None:
        """So many bytes came over the net."""
        self._received += count

    def look(self, now: float) -> None:
        """Note how much has come by now; the speed is made of these notes."""
        if self._received:
            self._moments.append((now, self._received))
        if not self._moments:
            return
        while now - self._moments[0][0] > WINDOW_SEC:
            self._moments.popleft()

    @property
    def done_bytes(self) -> int:
        """What is here, of all files together."""
        return sum(file.done_bytes for file in self.files.values())

    @property
    def total_bytes(self) -> int | None:
        """All files together; None while that cannot be said."""
        totals = [file.total_bytes for file in self.files.values()]
        return None if None in totals else sum(total for total in totals if total is not None)

    @property
    def percent(self) -> int:
        """0 … 99: a download is complete when every file has its name, and says so otherwise."""
        total = self.total_bytes
        return min(99, 100 * self.done_bytes // total) if total else 0

    @property
    def bytes_per_sec(self) -> float | None:
        """Of the last seconds; None until there was one to measure."""
        if not self._moments:
            return None
        (then, before), (now, after) = self._moments[0], self._moments[-1]
        return (after - before) / (now - then) if now - then >= 1 else None

    @property
    def eta_sec(self) -> float | None:
        """Seconds left at this speed; None while nobody can say."""
        total, speed = self.total_bytes, self.bytes_per_sec
        return round(max(total - self.done_bytes, 0) / speed, 1) if total is not None and speed else None
