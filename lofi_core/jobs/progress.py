"""How far is a job, over all its stages, and when will it be done?"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from lofi_core.backend import Schedule

# What the core does around the backend's own stages, as shares of the whole.
LOAD_SHARE = 0.05
WRITE_SHARE = 0.03
# Their keys cannot meet a backend's stage names; clients see what is behind the slash.
LOAD, WRITE = "core/load", "core/write"
LOAD_STEPS = WRITE_STEPS = 100
# How much of a job has to be done until its own speed counts as much as that of the jobs before it.
TRUST = 0.1
LEAST_TRUST_SEC = 0.001  # a clock says no more


class Progress:
    """Percent, stage and ETA of one job. Percent never falls, and is 99 at most: 100 is for what is on disk.

    Only time in which the job had the worker counts, so a pause does not spoil the ETA.

    Args:
        schedule: its stages; their weights decide the percent.
        loads: a model is loaded first.
        expected: seconds by stage, with `WRITE` and perhaps `LOAD`, as jobs like it took; None: not known.

    Attributes:
        took_sec: seconds that each stage took so far.
        promise: the seconds worked when an ETA was told for the first time, and that ETA.
    """

    def __init__(
        self, schedule: Schedule, *, loads: bool, expected: Mapping[str, float] | None = None
    ) -> None:
        load = LOAD_SHARE if loads else 0.0
        own = 1.0 - load - WRITE_SHARE
        total = sum(stage.weight for stage in schedule.stages)
        self._spans: dict[str, tuple[float, float, int]] = {LOAD: (0.0, load, LOAD_STEPS)}
        start = load
        for stage in schedule.stages:
            share = own * (stage.weight / total if total else 1 / len(schedule.stages))
            self._spans[stage.name] = (start, share, stage.steps)
            start += share
        self._spans[WRITE] = (start, WRITE_SHARE, WRITE_STEPS)
        self._before = _steps_before(schedule)
        self._fraction = 0.0
        self._done = dict.fromkeys((*self._before, WRITE), 0.0)  # of each stage, 0 to 1
        # A load says nothing about how fast the steps are: from here on the ETA counts.
        self._loaded_sec, self._load = 0.0, load
        self._loads = loads
        self._expected = expected
        self._active_sec = self._news_sec = 0.0
        self._since: float | None = None
        self.took_sec: dict[str, float] = {}
        self.promise: tuple[float, float] | None = None
        self.total_steps_overall = sum(stage.steps for stage in schedule.stages)
        self.at_step_overall = 0
        self._newest = schedule.stages[0].name  # of the backend's stages, or the writing
        first = LOAD if loads else self._newest
        self.stage = first.removeprefix("core/")
        self.current_step = 0
        self.total_steps = self._spans[first][2]

    def advance(
        self, stage: str, done_steps: int, now: float | None = None, shown: str | None = None
    ) -> None:
        """Note that `done_steps` steps of `stage` are done, by `now`. `shown` is another name for it."""
        start, share, steps = self._spans[stage]
        done = min(max(done_steps, 0), steps)
        self.stage = shown or stage.removeprefix("core/")
        self.current_step, self.total_steps = done, steps
        if stage in self._before:
            self.at_step_overall = max(self.at_step_overall, self._before[stage] + done)
        self._fraction = max(self._fraction, start + share * done / steps)
        if stage != LOAD and self._loads:  # somebody else had it loaded
            self._loaded_sec, self._loads = self._news_sec, False
        if now is not None:
            self._lap(stage, now)
        if stage == LOAD:
            return
        if stage == WRITE:  # not every last step is told of
            self._done = dict.fromkeys(self._done, 1.0)
        self._done[stage] = done / steps
        self._newest = stage

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
        self.advance(LOAD, LOAD_STEPS, now)
        self._loaded_sec, self._loads = self.active_sec(now), False

    def finish(self, now: float) -> None:
        """The track is on disk."""
        self._lap(WRITE, now)
        self.stop_clock(now)

    def active_sec(self, now: float) -> float:
        """Seconds in which the job had the worker."""
        return self._active_sec + (now - self._since if self._since is not None else 0.0)

    @property
    def worked_sec(self) -> float:
        """Seconds in which it had the worker, up to the last news of it."""
        return self._news_sec

    def eta_sec(self, now: float) -> float | None:
        """Seconds of work left; None while that cannot be said."""
        active_sec = self.active_sec(now)
        if self._expected is not None:
            return self._eta_as_expected(self._expected, active_sec)
        done = self._fraction - self._load
        if done <= 0:
            return None
        # From the share that is done and what it took.
        return round((active_sec - self._loaded_sec) * (1 - self._fraction) / done, 2)

    def make_promise(self, now: float) -> None:
        """Note the first ETA that can be told, to be held against what it takes."""
        if self.promise is None and (eta_sec := self.eta_sec(now)) is not None:
            self.promise = (self.active_sec(now), eta_sec)

    def _eta_as_expected(self, expected: Mapping[str, float], active_sec: float) -> float | None:
        """What jobs like this one took, times how much slower this one is than they were."""
        if self._loads and LOAD not in expected:
            return None
        total_sec = sum(expected[stage] for stage in self._done)
        if self._loads:
            return round(max(expected[LOAD] - active_sec, 0.0) + total_sec, 2)
        done_sec = sum(expected[stage] * done for stage, done in self._done.items())
        took_sec, trusted_sec = self._news_sec - self._loaded_sec, max(TRUST * total_sec, LEAST_TRUST_SEC)
        # Since the last news something was done too: a part of a step. One that is late is done at best.
        since_sec = active_sec - self._news_sec
        stage = next((name for name in (self._newest, *self._done) if self._done[name] < 1), WRITE)
        step_sec = expected[stage] / self._spans[stage][2]
        slower = (took_sec + trusted_sec) / (done_sec + trusted_sec)
        if since_sec > slower * step_sec:
            took_sec, done_sec, since_sec = took_sec + since_sec, done_sec + step_sec, 0.0
        slower = (took_sec + trusted_sec) / (done_sec + trusted_sec)
        return round(max(slower * (total_sec - done_sec) - since_sec, 0.0), 2)

    def _lap(self, stage: str, now: float) -> None:
        """All time since the last news was this stage's."""
        active_sec = self.active_sec(now)
        self.took_sec[stage] = self.took_sec.get(stage, 0.0) + active_sec - self._news_sec
        self._news_sec = active_sec


def _steps_before(schedule: Schedule) -> dict[str, int]:
    before: dict[str, int] = {}
    count = 0
    for stage in schedule.stages:
        before[stage.name] = count
        count += stage.steps
    return before
