"""The radio never falls silent, whatever its backend is like: the short form of `benchmarks/radio.py`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.conftest import long_unless
from tests.radio.hours import SCENARIOS, Report, play
from tests.radio.moments import DEATHS_EVERY_SEC, DEVICE_GONE_SEC, MOMENTS, SLEEP_SEC

if TYPE_CHECKING:
    from pathlib import Path

HOURS = 0.75
MOMENT_HOURS = 0.45
NOT_WITHOUT_SILENCE = {"a long pause", "the player dies", "tracks are deleted", "no player for a while"}

NEVER_SILENT = [name for name in MOMENTS if name not in NOT_WITHOUT_SILENCE]
# Some of each kind: of what listeners do, other clients, and broken parts. The others run with `--long`.
SHORT = {
    "skips of a hare",
    "a full queue",
    "a model that does not load",
    "a listener's own list",
}


def check_books(report: Report) -> None:
    """What the radio says of itself is what was heard."""
    status, heard = report.status, report.heard
    assert status.played == sum(heard.values())
    # A track of the library bridges, and was heard before, or not.
    assert status.bridges + status.again == heard["bridge"] + heard["again"]
    assert status.failures == report.failed


@pytest.mark.parametrize("name", [long_unless(name == "turtle", name) for name in SCENARIOS])
def test_it_is_never_silent_at_any_speed(name: str, tmp_path: Path) -> None:
    report = play(SCENARIOS[name], tmp_path, HOURS)
    made, bridges, work = report.status.made, report.status.bridges, report.backend.worked_sec
    assert report.ear.gaps == []
    assert report.ear.heard_sec > HOURS * 3600 - 5.0
    assert report.first_sec < 4.0
    assert report.status.silence_sec == 0.0
    check_books(report)
    if name in {"turtle", "walker"}:  # it does what it can, and the rest is bridged
        assert work > 0.9 * HOURS * 3600
        assert bridges > made > 0 if name == "turtle" else made > bridges > 0
    else:  # it rests, and nothing is bridged once its first piece is there
        assert work < 0.75 * HOURS * 3600
        assert bridges <= 1
    assert report.status.again == 0
    assert max(report.disk) <= SCENARIOS[name].max_gb * 1e9
    assert report.growth < 0.1  # hours show more: `docs/performance.md`


@pytest.mark.parametrize("name", [long_unless(name in SHORT, name) for name in NEVER_SILENT])
def test_whatever_happens_it_is_never_silent(name: str, tmp_path: Path) -> None:
    report = play(MOMENTS[name], tmp_path, MOMENT_HOURS)
    assert report.ear.gaps == []
    assert max(report.disk) <= MOMENTS[name].max_gb * 1e9
    if name not in {"good night", "a listener's own list"}:  # off at the end; more than the radio's was heard
        assert report.status.silence_sec == 0.0
        check_books(report)


@pytest.mark.long
def test_when_all_that_could_be_heard_is_deleted_there_is_more_at_once(tmp_path: Path) -> None:
    report = play(MOMENTS["tracks are deleted"], tmp_path, MOMENT_HOURS)
    # Nothing is left in the library, and the worker is at a step: 4 s of music at three times their speed.
    assert report.ear.longest_sec < 2.0


@pytest.mark.long
def test_a_device_that_was_away_for_long_is_heard_soon_after(tmp_path: Path) -> None:
    report = play(MOMENTS["no player for a while"], tmp_path, MOMENT_HOURS)
    assert len(report.ear.gaps) == 1
    assert DEVICE_GONE_SEC < report.ear.longest_sec < DEVICE_GONE_SEC + 20.0


def test_a_piece_that_comes_into_silence_is_heard_as_what_it_is(tmp_path: Path) -> None:
    report = play(MOMENTS["no bridges"], tmp_path, 0.25)
    # The second came late, so the first was heard again; it was no repetition the first time.
    assert report.heard == {"made": report.status.made, "bridge": 0, "again": report.status.again}


@pytest.mark.long
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
    assert report.ear.gaps == []
    assert report.status.state == "off"
    assert report.ear.heard_sec == pytest.approx(SLEEP_SEC, abs=2.0)
