"""What jobs took tells what jobs will take: from their first moment on, and after a restart."""

from __future__ import annotations

import math
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lofi_core import events as ev
from lofi_core.backend import BackendSpec, GenerateRequest, Schedule, Stage
from lofi_core.jobs.calibration import (
    FILE_NAME,
    Calibration,
)
from lofi_core.jobs.progress import LOAD, WRITE, Progress
from lofi_core.jobs.request import Prepared
from lofi_core.plugins import PluginRecord
from lofi_core.runtime import Runtime
from tests.radio.backends import Simulated
from tests.radio.clock import VirtualClock, simulate
from tests.radio.studio import studio

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tests.conftest import StartDaemon

pytestmark = pytest.mark.anyio

CPU = Runtime(threads=4)


def request(
    seconds: float, steps: int, backend: str = "a", version: str = "1", weights: str = ""
) -> Prepared:
    spec = BackendSpec(backend, "A", 8_000, 1, 1, 10_000, model_version=version)
    schedule = Schedule([Stage("encode", 1), Stage("sample", steps)], weights=weights)
    wanted = GenerateRequest("rain", seconds, 1)
    return Prepared("0" * 32, wanted, schedule, PluginRecord(backend, Path()), spec, {}, None)


def went(seconds_by_stage: Mapping[str, float], promise: tuple[float, float] | None = None) -> Progress:
    """A job that is over."""
    progress, now = Progress(request(10, 10).schedule, loads=LOAD in seconds_by_stage), 0.0
    progress.start_clock(now)
    for stage, seconds in seconds_by_stage.items():
        now += seconds
        progress.advance(stage, 1, now)
    progress.finish(now)
    progress.promise = promise
    return progress


@pytest.fixture
def calibration(tmp_path: Path) -> Calibration:
    return Calibration(tmp_path / "state" / FILE_NAME, CPU)


def test_nothing_is_expected_of_what_was_never_measured(calibration: Calibration) -> None:
    calibration.finished(request(10, 100), went({"encode": 1.0, "sample": 10.0, WRITE: 0.5}))
    assert calibration.expected_sec(request(10, 100)) == {"encode": 1.0, "sample": 10.0, WRITE: 0.5}
    others = [request(10, 100, "b"), request(10, 100, version="2"), request(10, 100, weights="int8")]
    assert [calibration.expected_sec(other) for other in others] == [None, None, None]


@pytest.mark.parametrize(
    ("seconds", "steps", "sample_sec"),
    [
        (40, 400, 40.0),  # each step is of a piece of the music, as a token is
        (40, 100, 40.0),  # each step is of all of the music, as in a diffusion model
        (10, 250, 25.0),  # more steps for the same music
        (20, 300, 60.0),  # both
    ],
)
def test_other_lengths_and_numbers_of_steps_are_reckoned(
    calibration: Calibration, seconds: float, steps: int, sample_sec: float
) -> None:
    calibration.finished(request(10, 100), went({"encode": 1.0, "sample": 10.0, WRITE: 0.5}))
    expected = calibration.expected_sec(request(seconds, steps))
    assert expected is not None
    assert expected["sample"] == pytest.approx(sample_sec)


def test_the_nearest_length_counts(calibration: Calibration) -> None:
    for seconds, sample_sec in ((10, 10.0), (100, 300.0)):
        calibration.finished(request(seconds, 50), went({"sample": sample_sec}))
    expected = calibration.expected_sec(request(80, 50))
    assert expected is not None
    assert expected["sample"] == pytest.approx(240.0)


def test_one_slow_job_changes_nothing_and_a_slower_machine_does(calibration: Calibration) -> None:
    def sample_sec() -> float:
        expected = calibration.expected_sec(request(10, 10))
        assert expected is not None
        return expected["sample"]

    for _ in range(3):
        calibration.finished(request(10, 10), went({"sample": 10.0}))
    calibration.finished(request(10, 10), went({"sample": 500.0}))
    assert sample_sec() == pytest.approx(10.0)
    for _ in range(3):
        calibration.finished(request(10, 10), went({"sample": 20.0}))
    assert sample_sec() == pytest.approx(20.0)


async def test_another_processor_or_number_of_threads_is_measured_anew(
    calibration: Calibration, tmp_path: Path
) -> None:
    calibration.finished(request(10, 100), went({"sample": 10.0}))
    await calibration.save()
    for runtime, is_known in (
        (CPU, True),
        (Runtime(threads=8), False),
        (Runtime("cuda", ("CUDAExecutionProvider",), 4), False),
        (Runtime(threads=4, precision="fp16"), False),
    ):
        again = Calibration(tmp_path / "state" / FILE_NAME, runtime)
        assert (again.expected_sec(request(10, 100)) is not None) is is_known


def test_the_accuracy_is_the_median_of_the_last_20(calibration: Calibration) -> None:
    assert calibration.accuracy() is None
    for told_sec in (90.0, 10.5, 9.0, 10.0):
        calibration.finished(request(10, 10), went({"sample": 12.0}, (2.0, told_sec)))
    told = calibration.accuracy("a")
    assert told is not None
    assert (told.jobs, told.median_error) == (4, 0.075)  # 0, 0.05, 0.1 and 8
    calibration.finished(request(10, 10), went({"sample": 0.5}, (0.0, 9.0)))  # too short to count
    for _ in range(20):
        calibration.finished(request(10, 10), went({"sample": 10.0}, (0.0, 8.0)))
    told = calibration.accuracy()
    assert told is not None
    assert (told.jobs, told.median_error) == (20, 0.2)


SCHEDULE = Schedule([Stage("sample", 10)])
EXPECTED = {"sample": 100.0, WRITE: 2.0, LOAD: 30.0}


def test_what_is_expected_is_the_eta_before_the_first_step() -> None:
    progress = Progress(SCHEDULE, loads=True, expected=EXPECTED)
    progress.start_clock(0.0)
    assert progress.eta_sec(0.0) == 132.0
    assert progress.eta_sec(10.0) == 122.0
    assert progress.eta_sec(45.0) == 102.0  # the load is late, and nothing is known of the steps yet
    progress.loaded(45.0)
    assert progress.eta_sec(50.0) == 97.0
    assert progress.eta_sec(55.0) == 92.0


def test_a_step_that_is_late_makes_the_eta_longer() -> None:
    progress = Progress(SCHEDULE, loads=False, expected=EXPECTED)
    progress.start_clock(0.0)
    progress.advance("sample", 5, 50.0)
    etas = [progress.eta_sec(now) for now in (50.0, 60.0, 120.0, 240.0)]
    assert etas == [52.0, 42.0, pytest.approx(77.0, rel=0.1), pytest.approx(147.0, rel=0.1)]
    progress.advance("sample", 6, 240.0)
    assert progress.eta_sec(240.0) == etas[-1]


def test_a_stage_of_one_long_step_is_not_taken_for_a_late_one() -> None:
    schedule = Schedule([Stage("sample", 100), Stage("decode", 1)])
    progress = Progress(schedule, loads=False, expected={"sample": 10.0, "decode": 60.0, WRITE: 1.0})
    progress.start_clock(0.0)
    progress.advance("sample", 100, 10.0)
    assert progress.eta_sec(50.0) == 21.0


def test_a_machine_that_is_slower_today_shows_soon() -> None:
    progress = Progress(SCHEDULE, loads=False, expected=EXPECTED)
    progress.start_clock(0.0)
    for step in range(1, 4):
        progress.advance("sample", step, 30.0 * step)
    assert progress.eta_sec(90.0) == pytest.approx(3 * 72.0, rel=0.2)


def test_an_unknown_load_has_no_eta_and_steps_after_it_have() -> None:
    progress = Progress(SCHEDULE, loads=True, expected={"sample": 100.0, WRITE: 0.0})
    progress.start_clock(0.0)
    assert progress.eta_sec(1.0) is None
    progress.loaded(40.0)
    assert progress.eta_sec(40.0) == 100.0


def test_a_model_that_somebody_else_loaded_meanwhile_is_a_loaded_one() -> None:
    progress = Progress(SCHEDULE, loads=True, expected=EXPECTED)
    progress.start_clock(0.0)
    progress.advance("sample", 1, 10.0)
    assert progress.eta_sec(10.0) == pytest.approx(92.0, rel=0.1)


def test_a_pause_counts_neither_for_the_eta_nor_for_what_a_stage_takes() -> None:
    progress = Progress(SCHEDULE, loads=False, expected=EXPECTED)
    progress.start_clock(0.0)
    progress.make_promise(0.0)
    progress.advance("sample", 5, 50.0)
    progress.stop_clock(50.0)
    assert progress.eta_sec(900.0) == 52.0
    progress.start_clock(1000.0)
    progress.advance("sample", 10, 1050.0)
    progress.advance(WRITE, 50, 1051.0)
    progress.finish(1052.0)
    assert progress.took_sec == {"sample": 100.0, WRITE: 2.0}
    assert (progress.promise, progress.worked_sec) == ((0.0, 102.0), 102.0)


@given(
    st.dictionaries(st.sampled_from(["encode", "sample", WRITE, LOAD]), st.floats(0, 1e6), min_size=4),
    st.lists(
        st.tuples(st.sampled_from(["encode", "sample", WRITE, LOAD]), st.integers(0, 99), st.floats(0, 99))
    ),
    st.booleans(),
)
def test_an_eta_is_never_negative_whatever_happens(
    expected: dict[str, float], news: list[tuple[str, int, float]], loads: bool
) -> None:
    progress, now = Progress(request(10, 50).schedule, loads=loads, expected=expected), 0.0
    progress.start_clock(now)
    for stage, done, later in news:
        now += later
        eta_sec = progress.eta_sec(now)
        assert eta_sec is not None
        assert 0.0 <= eta_sec < math.inf
        progress.advance(stage, done, now)


def test_the_first_eta_after_a_restart_is_right(tmp_path: Path) -> None:
    async def day(clock: VirtualClock, *durations: float) -> list[tuple[float | None, float]]:
        """The first ETA of each job, and what it took."""
        backend = Simulated(clock, "calm", speed=0.5, load_sec=20.0)
        told: list[tuple[float | None, float]] = []
        async with studio(clock, tmp_path, [backend]) as rooms:
            news: list[tuple[float, ev.Event]] = []
            rooms.jobs_listeners.append(lambda event: news.append((clock.now, event)))
            for number, seconds in enumerate(durations):
                await rooms.make(f"rain {number}", "calm", seconds)
                (began, first), *_ = [at for at in news if isinstance(at[1], ev.GenerationProgress)]
                (ended,) = [at for at, event in news if isinstance(event, ev.GenerationComplete)]
                told.append((getattr(first, "eta_sec", None), ended - began))
                news.clear()
            accuracy = rooms.engine.calibration.accuracy("calm")
            assert accuracy is not None
            assert accuracy.median_error < 0.05
        return told

    async def main(clock: VirtualClock) -> None:
        ((first, _), (second, took)) = await day(clock, 40.0, 80.0)
        assert first is None  # nobody knows yet
        assert second == pytest.approx(took, rel=0.05)
        ((loading, took_loading),) = await day(clock, 60.0)
        assert took_loading == pytest.approx(20.0 + 120.0, rel=0.02)
        assert loading == pytest.approx(took_loading, rel=0.05)

    simulate(main)


def test_a_daemon_tells_how_good_etas_were(start_daemon: StartDaemon, home: Path) -> None:
    file = home / "data" / "state" / FILE_NAME
    file.parent.mkdir(parents=True)
    file.write_text('{"promises": [["sine", -0.1], ["gone", 0.3]]}')
    client = start_daemon().client()
    assert client.call("status")["eta"] == {"jobs": 2, "median_error": 0.2}
    of_each = {backend["type"]: backend["eta"] for backend in client.call("get_backends")["backends"]}
    assert (of_each["sine"], of_each["procedural"]) == ({"jobs": 1, "median_error": 0.1}, None)
