"""Silence is measured to the sample, wherever blocks begin and end."""

from __future__ import annotations

import numpy as np
import pytest

from tests.radio.ear import Ear

RATE = 8_000


def hear(ear: Ear, mask: list[tuple[float, int]], block: int = 0) -> None:
    """Levels and how many frames each lasts, from second 100 on."""
    levels = np.concatenate([np.full(frames, level, np.float32) for level, frames in mask])
    samples = np.stack([levels, np.zeros_like(levels)], axis=1)  # on one side only
    for at in range(0, len(samples), block or len(samples)):
        piece = samples[at : at + block] if block else samples
        ear.hear(piece, 100 + (at + len(piece)) / RATE)


@pytest.mark.parametrize("block", [0, 100, 777, 4_000])
def test_a_gap_is_found_with_its_place_and_length(block: int) -> None:
    ear = Ear(RATE, 100.0)
    hear(ear, [(0.5, 8_000), (0.0, 1_234), (-0.5, 8_000), (0.00009, 400), (0.5, 8_000)], block)
    assert [(gap.at_sec, gap.seconds) for gap in ear.gaps] == [(101.0, 1_234 / RATE), (102.15425, 0.05)]


def test_less_than_50_ms_is_music() -> None:
    ear = Ear(RATE, 100.0)
    hear(ear, [(0.5, 800), (0.0, 399), (0.5, 800)])
    assert ear.silence_sec == 0.0


def test_what_is_before_the_first_sound_does_not_count_and_what_is_after_the_last_does() -> None:
    ear = Ear(RATE, 100.0)
    hear(ear, [(0.0, 80_000), (0.5, 800), (0.0, 16_000)])
    assert ear.silence_sec == 0.0
    ear.excuse()
    assert ear.silence_sec == 2.0


def test_a_pause_is_excused_and_silence_after_it_is_not() -> None:
    ear = Ear(RATE, 100.0)
    sound, nothing = np.ones((RATE, 2), np.float32), np.zeros((RATE, 2), np.float32)
    ear.hear(sound, 101)
    ear.hear(nothing, 102, excused=True)
    ear.hear(nothing, 103)
    ear.hear(sound, 104)
    assert [(gap.at_sec, gap.seconds) for gap in ear.gaps] == [(102, 1)]


def test_the_last_moment_of_a_fade_that_was_asked_for_is_forgiven_and_nothing_before_it() -> None:
    ear = Ear(RATE, 100.0)
    # Near its end a fade goes below what counts as sound, and a louder note above it again.
    hear(ear, [(0.5, 8_000), (0.0, 800), (0.5, 16_000), (0.0, 500), (0.0002, 100), (0.0, 8_000)])
    ear.forgive(fade_sec=1.0)
    ear.excuse()
    assert [(gap.at_sec, gap.seconds) for gap in ear.gaps] == [(101.0, 0.1)]


def test_time_that_nobody_played_is_silence() -> None:
    ear = Ear(RATE, 100.0)
    sound = np.ones((RATE, 2), np.float32)
    ear.hear(sound, 101)
    ear.hear(sound, 105)
    assert [(gap.at_sec, gap.seconds) for gap in ear.gaps] == [(101, 3)]


def test_the_steepest_step_is_known_with_its_time() -> None:
    ear = Ear(RATE, 100.0)
    hear(ear, [(0.25, 800), (0.5, 800), (-0.25, 800)], 800)
    assert ear.steepest == (0.75, 100.2)
