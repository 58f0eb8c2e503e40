"""Percent covers all stages, never falls, and is not 100 before the file is on disk."""

import pytest

from lofi_core.backend import Schedule, Stage
from lofi_core.jobs.progress import LOAD, WRITE, Progress
from tests.conftest import DaemonProcess, events_until_end

TWO = Schedule([Stage("encode", 1, weight=1), Stage("sample", 100, weight=9)])


def test_weights_decide_how_much_of_the_percent_a_stage_is() -> None:
    progress = Progress(TWO, loads=False)
    progress.advance("encode", 1)
    assert progress.percent == 9  # a tenth of what the writing leaves
    progress.advance("sample", 50)
    assert 50 <= progress.percent <= 55


def test_percent_never_falls_even_when_a_backend_repeats_itself() -> None:
    progress = Progress(TWO, loads=True)
    progress.advance(LOAD, 1)
    progress.advance("sample", 60)
    high = progress.percent
    progress.advance("encode", 1)
    progress.advance("sample", 10)
    assert progress.percent == high


def test_steps_beyond_the_schedule_do_not_pass_its_end() -> None:
    progress = Progress(TWO, loads=False)
    progress.advance("sample", 5000)
    assert (progress.current_step, progress.total_steps) == (100, 100)
    assert progress.percent <= 97


def test_percent_is_99_when_all_is_written() -> None:
    progress = Progress(TWO, loads=True)
    progress.advance(WRITE, 100)
    assert progress.percent == 99
    assert progress.stage == "write"


def test_a_backends_stage_may_be_called_like_one_of_the_cores() -> None:
    progress = Progress(Schedule([Stage("write", 4)]), loads=False)
    progress.advance("write", 1)
    assert 20 <= progress.percent <= 30


def test_stages_of_no_weight_share_the_time() -> None:
    progress = Progress(Schedule([Stage("a", 1, weight=0), Stage("b", 1, weight=0)]), loads=False)
    progress.advance("a", 1)
    assert 45 <= progress.percent <= 50


def test_the_eta_is_what_the_rest_takes_at_the_pace_so_far() -> None:
    progress = Progress(Schedule([Stage("a", 100)]), loads=False)
    progress.start_clock(100.0)
    assert progress.eta_sec(101.0) is None
    progress.advance("a", 50)
    assert progress.eta_sec(110.0) == pytest.approx(10.0, rel=0.1)


def test_a_pause_does_not_spoil_the_eta() -> None:
    progress = Progress(Schedule([Stage("a", 100)]), loads=False)
    progress.start_clock(0.0)
    progress.advance("a", 50)
    progress.stop_clock(10.0)
    progress.start_clock(1000.0)
    assert progress.eta_sec(1000.0) == pytest.approx(10.0, rel=0.1)


def test_progress_events_rise_to_99_at_most(daemon: DaemonProcess) -> None:
    client = daemon.client()
    job = client.call("generate", prompt="rise", backend="sine", duration_sec=60)
    events = events_until_end(client, job["job_id"])
    percents = [e.fields["percent"] for e in events if e.name == "generation_progress"]
    assert percents == sorted(percents)
    assert percents[-1] <= 99
    stages = [e.fields["stage"] for e in events if e.name == "generation_progress"]
    assert stages[-1] == "write"
    assert stages[0] == "tone"
