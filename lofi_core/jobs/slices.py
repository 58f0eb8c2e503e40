"""Run a backend's generator until it ends or somebody wants the thread back.

A job is a paused generator: cancel is `close()`, pause is not calling `next`, resume is calling it again.
This runs in a device's worker thread, with one thread hop per slice instead of one per step.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections import deque
from concurrent.futures import Future
from enum import Enum, auto
from queue import Empty, SimpleQueue
from typing import TYPE_CHECKING, Any

from lofi_core.backend import BackendSpec, Schedule, Step
from lofi_core.calls import guarded, log_raised, step_index
from lofi_core.errors import InferenceFailed, LofiError
from lofi_core.runtime import RunEnded

if TYPE_CHECKING:
    from collections.abc import Callable, Generator

    from lofi_core.worker import Worker

log = logging.getLogger("lofi.jobs")

# At most this many chunks wait for the disk; then the backend waits too.
MAX_CHUNKS_IN_FLIGHT = 4
PROGRESS_INTERVAL_SEC = 0.05
# A track may come out somewhat longer than asked for, not without end.
MAX_OVERRUN_FACTOR, MAX_OVERRUN_SEC = 2.0, 30.0


class Wanted(Enum):
    """Why somebody wants the thread back."""

    CANCELLED = auto()
    PAUSED = auto()
    OUTRANKED = auto()


class Control:
    """The one thing loop and worker thread share about a running job: a single attribute."""

    __slots__ = ("wanted",)

    def __init__(self) -> None:
        self.wanted: Wanted | None = None


class Tape:
    """Takes a job's steps: checks them, hands their audio to the store thread, tells the loop how far it is.

    Args:
        spec: the backend's.
        schedule: whose stages the steps must name.
        max_frames: how many samples per channel are taken before the backend is stopped.
        append: checks, copies and queues a chunk for the spool; its future fails when the disk does.
        report: called with (stage, finished steps), at most every 50 ms and at each stage's begin and end.

    Attributes:
        frames: taken so far.
        stepped_at: when the backend last came back, or was entered; seconds of the monotonic clock.
    """

    def __init__(
        self,
        spec: BackendSpec,
        schedule: Schedule,
        max_frames: int,
        append: Callable[[Any], Future[None]],
        report: Callable[[str, int], None],
    ) -> None:
        self._spec = spec
        self._stages = {stage.name for stage in schedule.stages}
        # Stages whose end was not told yet, and how many steps each has.
        self._to_come = {stage.name: stage.steps for stage in schedule.stages}
        self._max_frames = max_frames
        self._append = append
        self._report = report
        self._in_flight: deque[Future[None]] = deque()
        self._unreported: tuple[str, int] | None = None
        self._reported_stage: str | None = None
        self._reported_at = 0.0
        self.frames = 0
        self.stepped_at = time.monotonic()

    def take(self, step: object) -> None:
        """Take one step.

        Raises:
            InferenceFailed: it is no step, names no stage, or its audio is not audio.
            TrackWriteFailed: the spool could not be written.
        """
        if not isinstance(step, Step):
            problem = f"{self._spec.name} yielded {type(step).__name__}, not a Step"
            raise InferenceFailed(problem, "yield Step(stage, index)")
        if step.stage not in self._stages:
            stages = ", ".join(sorted(self._stages))
            problem = f"{self._spec.name} yielded stage {step.stage!r}; its schedule has: {stages}"
            raise InferenceFailed(problem, "yield steps of the stages that make_schedule declares")
        if step.audio is not None:
            self._take_audio(step.audio)
        self._unreported = step.stage, step_index(self._spec.name, step) + 1
        now = self.stepped_at = time.monotonic()
        ends = self._to_come.get(step.stage) == self._unreported[1]
        if ends:
            del self._to_come[step.stage]  # one that comes again and again is told of like any other
        if ends or step.stage != self._reported_stage or now - self._reported_at >= PROGRESS_INTERVAL_SEC:
            self._reported_stage, self._reported_at = step.stage, now
            self.catch_up()

    def catch_up(self) -> None:
        """Report the last step, if it was not yet."""
        if self._unreported is not None:
            self._report(*self._unreported)
            self._unreported = None

    def settle(self) -> None:
        """Wait until all chunks are in the spool.

        Raises:
            TrackWriteFailed: one of them is not.
        """
        while self._in_flight:
            self._in_flight.popleft().result()

    def _take_audio(self, audio: Any) -> None:
        self._in_flight.append(self._append(audio))  # checks and copies it
        self.frames += audio.shape[-1]
        if self.frames > self._max_frames:
            raise InferenceFailed(f"{self._spec.name} yields far more audio than was asked for; stopped")
        if len(self._in_flight) > MAX_CHUNKS_IN_FLIGHT:
            self._in_flight.popleft().result()


def max_frames(spec: BackendSpec, duration_sec: float) -> int:
    """How many samples per channel a backend may yield for a request of `duration_sec`."""
    return int((duration_sec * MAX_OVERRUN_FACTOR + MAX_OVERRUN_SEC) * spec.sample_rate)


class Errands:
    """Small calls that must run in the worker thread, at a step boundary or between slices.

    Attributes:
        worker: whose thread that is.
    """

    def __init__(self, worker: Worker) -> None:
        self.worker = worker
        self._calls: SimpleQueue[Callable[[], None]] = SimpleQueue()

    async def aside(self, call: Callable[[], None]) -> None:
        """Run a call there, and come back when it is done. Event loop."""
        done: Future[None] = Future()

        def run() -> None:
            if done.set_running_or_notify_cancel():
                try:
                    call()
                except BaseException as error:  # noqa: BLE001 - whoever asked gets it, not the job that runs
                    done.set_exception(error)
                else:
                    done.set_result(None)

        self.add(run)
        self.worker.submit(self.run)
        await asyncio.wrap_future(done)

    def add(self, call: Callable[[], None]) -> None:
        """Queue a call, from any thread."""
        self._calls.put(call)

    def run(self) -> None:
        """Do what is queued. Worker thread."""
        try:
            while True:
                self._calls.get_nowait()()
        except Empty:
            return


def run_slice(
    backend: str, generator: Generator[object, None, None], control: Control, tape: Tape, errands: Errands
) -> bool:
    """Step through `generator` until it ends (True) or `control.wanted` is set (False).

    Raises:
        LofiError: the backend failed or misbehaved; its generator is closed then.
    """
    tape.stepped_at = time.monotonic()

    def steps() -> bool:
        while control.wanted is None:
            try:
                step = next(generator)
            except StopIteration:
                tape.settle()
                return True
            tape.take(step)
            errands.run()
        tape.catch_up()
        return False

    try:
        ended: bool = guarded(backend, "generate", steps)
    except LofiError:
        close(backend, generator)
        raise
    return ended


def close(backend: str, generator: Generator[object, None, None]) -> None:
    """Close a generator; a backend that objects is logged, and its job is over all the same."""
    try:
        generator.close()
    except RunEnded:
        log.debug("backend %s began a run while being closed", backend)
    except BaseException as error:  # noqa: BLE001 - a plugin may call sys.exit()
        log_raised(f"backend {backend}, while being closed, raised", error)
