"""How far is a job, over all its stages, and when will it be done?"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from lofi_core.backend import Schedule

# What the core does around the backend's own stages, as shares of the whole.
LOAD_SHARE = 0.05
WRITE_SHARE = 0.03
# Their keys cannot meet a backend's stage names; clients see what is behind the slash.
LOAD, WRITE = "core/load", "core/write"


class Progress:
    """Percent, stage and ETA of one job. Percent never falls, and is 99 at most: 100 is for what is on disk.

    Only time in which the job had the worker counts, so a pause does not spoil the ETA.
    """

    def __init__(self, schedule: Schedule, *, loads: bool) -> None:
        load = LOAD_SHARE if loads else 0.0
        own = 1.0 - load - WRITE_SHARE
        total = sum(stage.weight for stage in schedule.stages)
        self._spans: dict[str, tuple[float, float, int]] = {LOAD: (0.0, load, 100)}
        start = load
        for stage in schedule.stages:
            share = own * (stage.weight / total if total else 1 / len(schedule.stages))
            self._spans[stage.name] = (start, share, stage.steps)
            start += share
        self._spans[WRITE] = (start, WRITE_SHARE, 100)
        self._before = _steps_before(schedule)
        self._fraction = 0.0
        # A load says nothing about how fast the steps are: from here on the ETA counts.
        self._loaded_sec, self._load = 0.0, load
        self._active_sec = 0.0
        self._since: float | None = None
        self.total_steps_overall = sum(stage.steps for stage in schedule.stages)
        self.at_step_overall = 0
        first = LOAD if loads else schedule.stages[0].name
        self.stage = first.removeprefix("core/")
        self.current_step = 0
        self.total_steps = self._spans[first][2]

    def advance(self, stage: str, done_steps: int, shown: str | None = None) -> None:
        """Note that `done_steps` steps of `stage` are done. `shown` is another name for it."""
        start, share, steps = self._spans[stage]
        done = min(max(done_steps, 0), steps)
        self.stage = shown or stage.removeprefix("core/")
        self.current_step, self.total_steps = done, steps
        if stage in self._before:
            self.at_step_overall = max(self.at_step_overall, self._before[stage] + done)
        self._fraction = max(self._fraction, start + share * done / steps)

    @property
    def percent(self) -> int:
        """0 … 99."""
        return min(99, int(self._fraction * 100 + 1e-9))

    def start_clock(self, now: float) -> None:
        """The job has the worker from now on."""
        self._since = now

    def stop_clock(self, now: float) -> None:
        """The job gives the worker back."""
        self._active_sec = self.active_sec(now)
        self._since = None

    def loaded(self, now: float) -> None:
        """The model is there."""
        self.advance(LOAD, 100)
        self._loaded_sec = self.active_sec(now)

    def active_sec(self, now: float) -> float:
        """Seconds in which the job had the worker."""
        return self._active_sec + (now - self._since if self._since is not None else 0.0)

    def eta_sec(self, now: float) -> float | None:
        """Seconds of work left, from the share that is done and what it took; None before the first step."""
        done = self._fraction - self._load
        if done <= 0:
            return None
        return round((self.active_sec(now) - self._loaded_sec) * (1 - self._fraction) / done, 2)


def _steps_before(schedule: Schedule) -> dict[str, int]:
    before: dict[str, int] = {}
    count = 0
    for stage in schedule.stages:
        before[stage.name] = count
        count += stage.steps
    return before
