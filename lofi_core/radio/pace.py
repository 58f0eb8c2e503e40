"""How long does a backend take for a piece? Measured in seconds of work, whoever else had the worker.

Pure: every time is handed in.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from lofi_core.jobs.progress import LOAD

if TYPE_CHECKING:
    from collections.abc import Mapping

# How much the newest piece counts against all before it.
NEWEST = 0.4
# A stream's rest may come slower than what came.
STREAM_MARGIN = 0.9
# Sound that is there before a stream begins to be heard.
STREAM_LEAST_SEC = 1.0


@dataclass(slots=True)
class Pace:
    """What is known of one backend's speed.

    Attributes:
        work_per_sec: seconds of work for a second of music, without the load of the model; None: not known.
        load_sec: what the last load took.
        longest_step_sec: the longest time between two signs of life of a job.
    """

    work_per_sec: float | None = None
    load_sec: float = 0.0
    longest_step_sec: float = 0.0

    @property
    def speed(self) -> float | None:
        """Seconds of music for a second of work."""
        return None if self.work_per_sec is None else 1.0 / max(self.work_per_sec, 1e-6)

    @property
    def keeps_up(self) -> bool | None:
        """Whether it makes music faster than it is heard; None while that is not known."""
        return None if self.work_per_sec is None else self.work_per_sec < 1.0

    def learn(self, expected: Mapping[str, float] | None, music_sec: float) -> None:
        """Begin with what jobs took before this daemon, stage by stage, for a piece of `music_sec`."""
        if self.work_per_sec is not None or not expected:
            return
        load_sec = expected.get(LOAD, 0.0)
        self.made(sum(expected.values()) - load_sec, music_sec)
        self.load_sec = self.load_sec or load_sec

    def made(self, work_sec: float, music_sec: float) -> None:
        """A piece was finished, after so much work without the load."""
        if music_sec <= 0:
            return
        newest = work_sec / music_sec
        known = self.work_per_sec
        self.work_per_sec = newest if known is None else known + NEWEST * (newest - known)

    def stepped(self, seconds: float) -> None:
        """So long passed between two signs of life of a job that had the worker."""
        self.longest_step_sec = max(self.longest_step_sec, seconds)

    def work_sec(self, music_sec: float, *, loads: bool) -> float | None:
        """The work in a piece of `music_sec`; None while that is not known."""
        if self.work_per_sec is None:
            return None
        return self.work_per_sec * music_sec + (self.load_sec if loads else 0.0)

    def heard_in_sec(self, music_sec: float, *, loads: bool, streams: bool) -> float | None:
        """Until a piece that is begun now can be heard to its end; a stream, while it is made."""
        work = self.work_sec(music_sec, loads=loads)
        if work is None or not streams or self.work_per_sec is None:
            return work
        load = self.load_sec if loads else 0.0
        making = (work - load) / STREAM_MARGIN
        return load + max(making - music_sec, self.work_per_sec * STREAM_LEAST_SEC)
