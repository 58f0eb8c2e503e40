"""A slice runs until someone wants the thread, and says how far it came."""

from __future__ import annotations

from concurrent.futures import Future
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from lofi_core.backend import BackendSpec, Schedule, Stage, Step
from lofi_core.errors import TrackWriteFailed
from lofi_core.jobs.slices import MAX_CHUNKS_IN_FLIGHT, Control, Errands, Tape, Wanted, run_slice
from lofi_core.worker import Worker

if TYPE_CHECKING:
    from collections.abc import Generator

SPEC = BackendSpec("x", "X", 8000, 1, 1, 9, model_version="1")
SCHEDULE = Schedule([Stage("a", 9)])


def done(error: Exception | None = None) -> Future[None]:
    future: Future[None] = Future()
    if error is None:
        future.set_result(None)
    else:
        future.set_exception(error)
    return future


class Desk:
    """What the loop would hear."""

    def __init__(self, appended: Future[None] | None = None) -> None:
        self.reports: list[tuple[str, int]] = []
        self.chunks: list[Any] = []
        self._appended = appended or done()
        self.tape = Tape(SPEC, SCHEDULE, 8000, self.append, lambda *report: self.reports.append(report))
        self.control = Control()
        self.errands = Errands(Worker("test"))

    def append(self, chunk: Any) -> Future[None]:
        self.chunks.append(chunk)
        return self._appended

    def run(self, generator: Generator[object, None, None]) -> bool:
        return run_slice("x", generator, self.control, self.tape, self.errands)


def test_a_slice_that_is_interrupted_reports_the_step_it_stands_at() -> None:
    desk = Desk()

    def steps() -> Generator[object, None, None]:
        for index in range(9):
            if index == 4:
                desk.control.wanted = Wanted.PAUSED
            yield Step("a", index)

    assert desk.run(steps()) is False
    assert desk.reports == [("a", 1), ("a", 5)]


def test_the_end_of_a_stage_is_reported_once_however_soon_it_comes() -> None:
    desk = Desk()
    assert desk.run(Step("a", index) for index in [*range(9), 8, 8]) is True
    assert desk.reports == [("a", 1), ("a", 9)]


def test_a_slice_goes_on_where_the_last_one_stopped() -> None:
    desk = Desk()
    generator: Generator[object, None, None] = (Step("a", index, np.zeros((1, 1))) for index in range(3))
    desk.control.wanted = Wanted.OUTRANKED
    assert desk.run(generator) is False
    assert desk.chunks == []
    desk.control.wanted = None
    assert desk.run(generator) is True
    assert len(desk.chunks) == 3


def test_errands_run_at_the_next_boundary() -> None:
    desk = Desk()
    seen: list[int] = []

    def steps() -> Generator[object, None, None]:
        for index in range(2):
            desk.errands.add(lambda at=index: seen.append(at))  # type: ignore[misc]
            yield Step("a", index)
            assert seen == list(range(index + 1))

    assert desk.run(steps()) is True


def test_a_disk_that_fails_ends_the_slice_and_closes_the_generator() -> None:
    desk = Desk(done(TrackWriteFailed("the disk is full")))
    closed: list[bool] = []

    def steps() -> Generator[object, None, None]:
        try:
            for index in range(9):
                yield Step("a", index, np.zeros((1, 1)))
        finally:
            closed.append(True)

    with pytest.raises(TrackWriteFailed, match="full"):
        desk.run(steps())
    assert closed == [True]
    assert len(desk.chunks) == MAX_CHUNKS_IN_FLIGHT + 1
