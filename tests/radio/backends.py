"""Backends of any speed: real plugins, whose steps take virtual time."""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import msgspec
import numpy as np

from lofi_core import BackendSpec, GenerateRequest, Music, Schedule, Stage, Step, hookimpl
from lofi_core.errors import InferenceFailed, ModelLoadFailed

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from tests.radio.clock import VirtualClock

RATE = 8_000  # the room's too: nothing is resampled


class Options(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    tempo: float | None = None
    key: str | None = None


@dataclass(eq=False)
class Simulated:
    """One backend. It stands in for an entry point, too.

    Attributes:
        speed: seconds of music in a second of work.
        step_sec: seconds of music made in a step.
        load_sec: how long its model takes to load; 0: it has none.
        streaming: its samples come with each step, else with the last.
        fails_every: each n-th job fails half-way; 0: none.
        hangs: seconds more that the jobs of these numbers, from 1, spend in a step in their middle.
        slows: from which job on it has which speed.
        load_fails: so many loads fail.
        knows_music: it says tempo and key in its schedule.
        jobs: how many were begun.
        worked_sec: seconds of virtual time spent in steps.
    """

    clock: VirtualClock
    name: str
    speed: float
    step_sec: float = 4.0
    load_sec: float = 0.0
    streaming: bool = False
    fails_every: int = 0
    hangs: dict[int, float] = field(default_factory=dict)
    slows: dict[int, float] = field(default_factory=dict)
    load_fails: int = 0
    knows_music: bool = False
    jobs: int = 0
    failed: int = 0
    loads: int = 0
    worked_sec: float = 0.0

    # -- an entry point --------------------------------------------------------------------------------

    dist = None

    @property
    def value(self) -> str:
        return f"tests.radio.backends:{self.name}"

    def load(self) -> Any:
        return self if self.load_sec == 0 else Loading(self)

    # -- a plugin --------------------------------------------------------------------------------------

    @hookimpl
    def describe_backend(self) -> BackendSpec:
        return BackendSpec(
            self.name, "Simulated", RATE, 1, 1, 600, "1", options=Options, streaming=self.streaming
        )

    @hookimpl
    def make_schedule(self, request: GenerateRequest) -> Schedule:
        stages = [Stage("make", max(1, round(request.duration_sec / self.step_sec)))]
        options = request.options
        music = Music(options.tempo or 80.0, options.key or "d minor") if self.knows_music else None
        return Schedule(stages, music=music)

    @hookimpl
    def generate(self, request: GenerateRequest, schedule: Schedule) -> Iterator[Step]:
        self.jobs += 1
        self.speed = self.slows.get(self.jobs, self.speed)
        steps, hang = schedule.stages[0].steps, self.hangs.get(self.jobs, 0.0)
        fails = self.fails_every and self.jobs % self.fails_every == 0
        ends = np.linspace(0, round(request.duration_sec * RATE), steps + 1).astype(int)
        for number, (begin, end) in enumerate(pairwise(map(int, ends))):
            self._work((end - begin) / RATE / self.speed + (hang if number == steps // 2 else 0.0))
            if fails and number >= steps // 2:
                self.failed += 1
                raise InferenceFailed(f"{self.name} fails every {self.fails_every}th job", "wait")
            # Of one that does not stream all samples come at the end.
            is_last, first = number == steps - 1, begin if self.streaming else 0
            yield Step("make", number, tune(request, first, end) if self.streaming or is_last else None)

    def load_it(self) -> None:
        self.clock.sleep(self.load_sec)
        self.loads += 1
        if self.loads <= self.load_fails:
            raise ModelLoadFailed(f"{self.name} cannot be loaded", "try again")

    def _work(self, seconds: float) -> None:
        self.worked_sec += seconds
        self.clock.sleep(seconds)


class Loading:
    """The same with a loader."""

    def __init__(self, backend: Simulated) -> None:
        self._backend = backend
        self.describe_backend = backend.describe_backend
        self.make_schedule = backend.make_schedule
        self.generate = backend.generate

    @hookimpl
    def load_model(self) -> str:
        self._backend.load_it()
        return "a model"


def tune(request: GenerateRequest, begin: int, end: int) -> NDArray[np.float32]:
    """[1, N], frames `begin` to `end`: a note each half second, over a hum that never ends."""
    notes = np.random.default_rng(request.seed).integers(0, 12, int(request.duration_sec * 2) + 2)
    hertz = 220.0 * 2.0 ** (notes / 12.0)
    cycles = np.concatenate([[0.0], np.cumsum(hertz) / 2])  # before each note
    at = np.arange(begin, end) / RATE
    note = (at * 2).astype(int)
    melody = np.sin(2 * np.pi * (cycles[note] + hertz[note] * (at - note / 2)))
    hum = 0.1 * np.sin(2 * np.pi * 110.0 * at + 0.5)
    samples: NDArray[np.float64] = 0.2 * melody * np.abs(np.sin(2 * np.pi * at)) + hum
    return samples.astype(np.float32)[np.newaxis]
