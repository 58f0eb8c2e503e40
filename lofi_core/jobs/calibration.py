"""How long does each stage of a backend take on this machine? Every job measures it; restarts keep it."""

from __future__ import annotations

import asyncio
import logging
import math
import statistics
from typing import TYPE_CHECKING, Annotated, NamedTuple

import msgspec
from msgspec import Meta, Struct

from lofi_core.files import load_or_put_aside, locked, replace_file
from lofi_core.jobs.progress import LOAD, LOAD_STEPS, WRITE, WRITE_STEPS

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from lofi_core.backend import Schedule
    from lofi_core.jobs.progress import Progress
    from lofi_core.jobs.request import Prepared
    from lofi_core.runtime import Runtime

log = logging.getLogger("lofi.jobs")

FILE_NAME = "calibration.json"
# A median of so many is not moved by one job that had to share the machine.
RECENT = 5
# What nobody used for longest goes: ways of working, lengths of each, stages of each.
MOST_WAYS, MOST_LENGTHS, MOST_STAGES = 64, 12, 32
# Lengths of a quarter of an octave, so within a tenth of each other, count as one.
LENGTHS_PER_OCTAVE = 4
# Two numbers grow alike when their ratios are so close (natural logarithm).
ALIKE = 0.1
MOST_PROMISES = 100  # of all backends together
COUNTED = 20
# What is done in a second needs no ETA, and would count for as much as an hour.
LEAST_PROMISED_SEC = 1.0

Seconds = Annotated[float, Meta(ge=0)]


class Lap(Struct, array_like=True):
    """One stage.

    Attributes:
        steps: that it had the last time.
        step_sec: what a step took in each of the last jobs, newest last.
    """

    steps: Annotated[int, Meta(ge=1)]
    step_sec: Annotated[list[Seconds], Meta(min_length=1)]

    def usual_sec(self) -> float:
        """What so many steps take."""
        return self.steps * statistics.median(self.step_sec)

    def took(self, steps: int, seconds: float) -> None:
        """It was gone through once more."""
        self.steps = steps
        self.step_sec = [*self.step_sec, seconds / steps][-RECENT:]


class Course(Struct):
    """Jobs of about one length, by stage; and what they did not compute, such as the writing."""

    duration_sec: Annotated[float, Meta(gt=0)]
    stages: dict[str, Lap]


class Way(Struct):
    """One way of working: a backend, its model, and what it runs on. The length used last comes last."""

    courses: list[Course] = []
    load: Lap | None = None


class Promise(Struct, array_like=True):
    """A job's first ETA, and by how much it was wrong: -0.1, the job took a tenth longer than it said."""

    backend: str
    error: float


class EtaAccuracy(Struct):
    """How good the first ETAs of the last `jobs` were: 20 at most, of those that took a second and more.

    Half of them were wrong by no more than `median_error` of what the job took: 0.1 is a tenth.
    """

    jobs: int
    median_error: float


class News(NamedTuple):
    """What one job tells.

    Attributes:
        key: of its way of working.
        duration_sec: of its music.
        load_sec: what the load of the model took, where there was one.
        stages: how many steps each had, and the seconds that they took.
        promise: where its first ETA counts.
    """

    key: str
    duration_sec: float
    load_sec: float | None
    stages: dict[str, tuple[int, float]]
    promise: Promise | None


class Kept(Struct):
    """The file's content. What was used or came last comes last."""

    ways: dict[str, Way] = {}
    promises: list[Promise] = []

    def learn(self, news: News) -> None:
        """Take note of a job, and drop the oldest of too many."""
        way = self.ways.pop(news.key, None) or Way()
        self.ways[news.key] = way
        if news.load_sec is not None:
            way.load = _lapped(way.load, LOAD_STEPS, news.load_sec)
        course = _course(way, news.duration_sec)
        course.stages = {
            name: _lapped(course.stages.get(name), steps, seconds)
            for name, (steps, seconds) in news.stages.items()
        }
        if news.promise is not None:
            self.promises.append(news.promise)
        for key in list(self.ways)[: max(0, len(self.ways) - MOST_WAYS)]:
            del self.ways[key]
        del self.promises[: max(0, len(self.promises) - MOST_PROMISES)]


class Calibration:
    """What jobs took, and what jobs will take. On the event loop.

    The file may be another process's, too, such as that of a `generate --no-daemon`: what is written is what
    lies there and our news.

    Args:
        path: of the file. A damaged one is put aside: that costs ETAs, and nothing else.
        runtime: what the jobs run on.
    """

    def __init__(self, path: Path, runtime: Runtime) -> None:
        self._path = path
        self._runtime = runtime
        self._kept = self._read()
        self._news: list[News] = []  # that the file does not have
        self._changed, self._saving = asyncio.Event(), asyncio.Lock()
        self._is_warned = False

    def expected_sec(self, prepared: Prepared) -> dict[str, float] | None:
        """What each stage will take, and the writing; the load too where one was seen. None: not known."""
        way = self._kept.ways.get(_key(prepared, self._runtime))
        duration_sec = prepared.request.duration_sec
        course = _nearest(way, duration_sec) if way else None
        if way is None or course is None:
            return None
        longer = duration_sec / course.duration_sec
        expected: dict[str, float] = {}
        for name, steps in _steps(prepared.schedule).items():
            lap = course.stages.get(name)
            if lap is None:
                return None
            expected[name] = lap.usual_sec() * _growth(steps / lap.steps, longer)
        if way.load is not None:
            expected[LOAD] = way.load.usual_sec()
        return expected

    def finished(self, prepared: Prepared, progress: Progress) -> None:
        """A job is done: learn what its stages took, and how good its first ETA was."""
        steps = _steps(prepared.schedule)
        if len(steps) > MOST_STAGES:
            return
        news = News(
            _key(prepared, self._runtime),
            prepared.request.duration_sec,
            progress.took_sec.get(LOAD),
            {name: (count, progress.took_sec.get(name, 0.0)) for name, count in steps.items()},
            _promise(prepared.spec.name, progress),
        )
        self._kept.learn(news)
        self._news.append(news)
        self._changed.set()

    def accuracy(self, backend: str | None = None) -> EtaAccuracy | None:
        """How good the last ETAs were, of one backend or of all; None before there was one."""
        promises = self._kept.promises
        errors = [abs(p.error) for p in promises if backend in {None, p.backend}][-COUNTED:]
        return EtaAccuracy(len(errors), round(statistics.median(errors), 4)) if errors else None

    async def keep_saved(self) -> None:
        """Write the file whenever there is news, until cancelled."""
        while True:
            await self._changed.wait()
            await self.save()

    async def save(self) -> None:
        """Write the news that there is, in a thread of its own, and learn what others have written."""
        async with self._saving:
            self._changed.clear()
            news, self._news = self._news, []
            kept = await asyncio.to_thread(self._add, news) if news else None
            if kept is None:  # for the next time, and no more than there is room for
                self._news = [*news, *self._news][-MOST_PROMISES:]
                return
            for later in self._news:
                kept.learn(later)
            self._kept = kept

    def _read(self) -> Kept:
        return load_or_put_aside(self._path, Kept, "what jobs take is measured anew")

    def _add(self, news: list[News]) -> Kept | None:
        """What the file says now. A disk that is full is told of once: None."""
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            with locked(self._path.with_suffix(".lock")):
                kept = self._read()
                for one in news:
                    kept.learn(one)
                replace_file(self._path, msgspec.json.encode(kept))
        except OSError as error:
            if not self._is_warned:
                log.warning("what jobs took cannot be saved in %s: %s", self._path, error.strerror)
            self._is_warned = True
            return None
        self._is_warned = False
        return kept


def _promise(backend: str, progress: Progress) -> Promise | None:
    if progress.promise is None:
        return None
    at_sec, told_sec = progress.promise
    took_sec = progress.worked_sec - at_sec
    if took_sec < LEAST_PROMISED_SEC:
        return None
    return Promise(backend, round((told_sec - took_sec) / took_sec, 4))


def _key(prepared: Prepared, runtime: Runtime) -> str:
    """What decides how long a step takes, but for the request."""
    spec, record = prepared.spec, prepared.record
    of_machine = [runtime.providers[0], runtime.threads, runtime.precision, record.residency]
    return msgspec.json.encode(
        [spec.name, spec.model_version, prepared.schedule.weights, *of_machine]
    ).decode()


def _steps(schedule: Schedule) -> Mapping[str, int]:
    return {**{stage.name: stage.steps for stage in schedule.stages}, WRITE: WRITE_STEPS}


def _growth(more: float, longer: float) -> float:
    """How much longer a stage takes with `more` times the steps, for music `longer` times as long.

    Where the number of steps follows the music, each takes what it took. Where it does not, as with those of
    a diffusion model, each is about all of the music.
    """
    return more if abs(math.log(more / longer)) < ALIKE else more * longer


def _nearest(way: Way, duration_sec: float) -> Course | None:
    return min(way.courses, key=lambda it: abs(math.log(duration_sec / it.duration_sec)), default=None)


def _course(way: Way, duration_sec: float) -> Course:
    """That of this length, a new one where there is none; it becomes the one that was used last."""
    course = next((it for it in way.courses if _length(it.duration_sec) == _length(duration_sec)), None)
    others = [it for it in way.courses if it is not course][-(MOST_LENGTHS - 1) :]
    course = course or Course(duration_sec, {})
    course.duration_sec = duration_sec
    way.courses = [*others, course]
    return course


def _length(duration_sec: float) -> int:
    return round(math.log2(duration_sec) * LENGTHS_PER_OCTAVE)


def _lapped(lap: Lap | None, steps: int, seconds: float) -> Lap:
    if lap is None:
        return Lap(steps, [seconds / steps])
    lap.took(steps, seconds)
    return lap
