"""The radio never falls silent, whatever its backend is like: the short form of `benchmarks/radio.py`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.radio.hours import SCENARIOS, Report, play
from tests.radio.moments import DEATHS_EVERY_SEC, MOMENTS, SLEEP_SEC

if TYPE_CHECKING:
    from pathlib import Path

HOURS = 0.75
MOMENT_HOURS = 0.5


def check_books(report: Report) -> None:
    """What the radio says of itself is what was heard."""
    status, heard = report.status, report.heard
    assert status.played == sum(heard.values())
    # A track of the library bridges, and was heard before, or not.
    assert status.bridges + status.again == heard["bridge"] + heard["again"]
    assert status.failures == report.backend.failed + min(report.backend.loads, report.backend.load_fails)


@pytest.fixture(scope="module", params=SCENARIOS)
def report(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Report:
    """Three quarters of an hour with a backend of one speed."""
    return play(SCENARIOS[request.param], tmp_path_factory.mktemp("radio"), HOURS)


def test_it_is_never_silent(report: Report) -> None:
    assert report.ear.gaps == []
    assert report.status.silence_sec == 0.0
    assert report.first_sec < 4.0
    assert report.ear.heard_sec > HOURS * 3600 - 5.0


def test_bridges_that_it_counts_are_bridges_that_are_heard(report: Report) -> None:
    check_books(report)


def test_a_slow_backend_is_bridged_and_a_quick_one_is_not(report: Report) -> None:
    made, bridges = report.status.made, report.status.bridges
    if report.scenario == "turtle":
        assert bridges > made > 0
    elif report.scenario == "walker":
        assert made > bridges > 0
    else:  # at most until its first piece is there
        assert bridges <= 1
    assert report.status.again == 0


def test_a_backend_works_all_the_time_if_it_must_and_rests_if_it_can(report: Report) -> None:
    busy = report.backend.worked_sec / (HOURS * 3600)
    if report.scenario in {"turtle", "walker"}:
        assert busy > 0.9
    else:
        assert busy < 0.75


def test_the_disk_stays_within_its_budget(report: Report) -> None:
    assert max(report.disk) <= SCENARIOS[report.scenario].max_gb * 1e9


def test_memory_does_not_grow(report: Report) -> None:
    assert report.growth < 0.1  # hours show more: `docs/performance.md`


@pytest.mark.parametrize(
    "name", [name for name in MOMENTS if name not in {"a long pause", "the player dies"}]
)
def test_whatever_happens_it_is_never_silent(name: str, tmp_path: Path) -> None:
    report = play(MOMENTS[name], tmp_path, MOMENT_HOURS)
    assert report.ear.gaps == []
    assert max(report.disk) <= MOMENTS[name].max_gb * 1e9
    if name != "good night":
        assert report.status.silence_sec == 0.0
        check_books(report)


def test_a_piece_that_comes_into_silence_is_heard_as_what_it_is(tmp_path: Path) -> None:
    report = play(MOMENTS["no bridges"], tmp_path, 0.25)
    # The second came late, so the first was heard again; it was no repetition the first time.
    assert report.heard == {"made": report.status.made, "bridge": 0, "again": report.status.again}


def test_after_a_pause_of_two_hours_it_goes_on_at_once(tmp_path: Path) -> None:
    report = play(MOMENTS["a long pause"], tmp_path, 2.5)
    assert report.ear.gaps == []
    assert report.backend.loads == 2  # its model was let go meanwhile
    assert report.ear.heard_sec == pytest.approx(0.5 * 3600, abs=2.0)


def test_a_player_that_dies_again_and_again_costs_a_moment_each_time(tmp_path: Path) -> None:
    report = play(MOMENTS["the player dies"], tmp_path, MOMENT_HOURS)
    assert len(report.ear.gaps) == int(MOMENT_HOURS * 3600 / DEATHS_EVERY_SEC)
    assert report.ear.longest_sec < 1.0
    check_books(report)


def test_it_falls_asleep_in_time_and_stays_so(tmp_path: Path) -> None:
    report = play(MOMENTS["good night"], tmp_path, MOMENT_HOURS)
    assert report.status.state == "off"
    assert report.ear.heard_sec == pytest.approx(SLEEP_SEC, abs=2.0)
