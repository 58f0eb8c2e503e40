"""The one gain a finished track gets."""

import math

import pytest

from lofi_core.tracks.gain import choose_gain_db


def test_a_loud_track_is_turned_down_to_minus_14() -> None:
    assert choose_gain_db(-9.5, -0.2, "measured") == -4.5


def test_a_quiet_track_is_turned_up_to_minus_14() -> None:
    assert choose_gain_db(-20.0, -8.0, "measured") == 6.0


def test_a_track_with_high_peaks_stays_quieter() -> None:
    assert choose_gain_db(-20.0, -3.0, "measured") == 2.0


def test_a_peak_over_the_ceiling_is_brought_under_it() -> None:
    assert choose_gain_db(-18.0, 0.5, "measured") == -1.5


def test_the_gain_is_rounded_away_from_the_ceiling() -> None:
    assert choose_gain_db(-20.0, -3.0049, "measured") == 2.0
    assert choose_gain_db(-20.0, -2.9951, "measured") == 1.99


def test_silence_is_left_alone() -> None:
    assert choose_gain_db(-math.inf, -math.inf, "measured") == 0.0


def test_what_lies_under_minus_70_is_left_alone() -> None:
    assert choose_gain_db(-70.01, -60.0, "measured") == 0.0


@pytest.mark.parametrize("loudness", [-30.0, -5.0])
def test_what_is_right_by_construction_is_left_alone(loudness: float) -> None:
    assert choose_gain_db(loudness, 0.0, "by_construction") == 0.0
