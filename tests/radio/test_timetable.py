"""Which station has its turn at which time?"""

from datetime import datetime

import pytest

from lofi_core.config import Slot
from lofi_core.radio.timetable import slot_at

MORNING = Slot(from_="08:00", to="12:00", preset="morning")
NIGHT = Slot(from_="22:00", to="06:00", preset="night")
PARTY = Slot(from_="22:00", to="06:00", prompts=["house"], days=["fri"])
EVENING = Slot(from_="18:00", to="24:00", preset="cafe", days=["sat", "sun"])


def _at(time: str, day: int = 23) -> datetime:
    """2026-11-23 is a Monday."""
    return datetime.fromisoformat(f"2026-11-{day} {time}")


@pytest.mark.parametrize("time", ["08:00", "08:00:01", "11:59:59"])
def test_a_slot_covers_its_hours(time: str) -> None:
    assert slot_at([MORNING], _at(time)) == MORNING


@pytest.mark.parametrize("time", ["07:59:59", "12:00", "00:00"])
def test_a_slot_covers_nothing_else(time: str) -> None:
    assert slot_at([MORNING], _at(time)) is None


@pytest.mark.parametrize("time", ["22:00", "23:59", "00:00", "05:59"])
def test_a_slot_goes_on_over_midnight(time: str) -> None:
    assert slot_at([MORNING, NIGHT], _at(time)) == NIGHT


def test_the_first_of_two_that_overlap_counts() -> None:
    late = Slot(from_="10:00", to="14:00", preset="focus")
    assert slot_at([MORNING, late], _at("11:00")) == MORNING
    assert slot_at([late, MORNING], _at("11:00")) == late


def test_a_night_belongs_to_the_day_on_which_it_begins() -> None:
    friday, saturday = 27, 28
    assert slot_at([PARTY], _at("23:00", friday)) == PARTY
    assert slot_at([PARTY], _at("05:00", saturday)) == PARTY
    assert slot_at([PARTY], _at("05:00", friday)) is None
    assert slot_at([PARTY], _at("23:00", saturday)) is None


def test_sunday_night_goes_on_until_monday() -> None:
    sunday_night = Slot(from_="22:00", to="06:00", preset="sleep", days=["sun"])
    assert slot_at([sunday_night], _at("03:00")) == sunday_night


def test_a_slot_may_last_until_the_end_of_its_day() -> None:
    sunday, monday = 29, 30
    assert slot_at([EVENING], _at("23:59:59", sunday)) == EVENING
    assert slot_at([EVENING], _at("00:00", monday)) is None


def test_without_a_schedule_nothing_has_its_turn() -> None:
    assert slot_at([], _at("12:00")) is None


def test_a_slot_has_a_title_for_people() -> None:
    assert MORNING.title == "08:00-12:00 morning"
    assert PARTY.title == "22:00-06:00 house"
