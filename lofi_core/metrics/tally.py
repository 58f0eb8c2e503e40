"""What has the daemon made since it began? Counted from the events of its jobs."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from lofi_core import events as ev

if TYPE_CHECKING:
    from lofi_core.events import Event


class Tally:
    """Jobs by how they ended, and what each backend made.

    Attributes:
        ended: `complete`, `cancelled` or `error` → so many jobs.
        audio_sec: backend → seconds of music in its tracks.
        work_sec: backend → seconds of the worker that those took.
    """

    def __init__(self) -> None:
        self.ended = {"complete": 0, "cancelled": 0, "error": 0}
        self.audio_sec: defaultdict[str, float] = defaultdict(float)
        self.work_sec: defaultdict[str, float] = defaultdict(float)

    def happened(self, event: Event) -> None:
        """Take note of the end of a job."""
        match event:
            case ev.GenerationComplete(cached=False):
                self.ended["complete"] += 1
                self.audio_sec[event.backend] += event.duration_sec
                self.work_sec[event.backend] += event.generation_time_sec
            case ev.GenerationCancelled():
                self.ended["cancelled"] += 1
            case ev.GenerationError():
                self.ended["error"] += 1
            case _:
                pass
