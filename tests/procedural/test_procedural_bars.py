"""Do the bars that the schedule promises lie where the rendered samples have them?"""

from __future__ import annotations

from typing import TYPE_CHECKING

import librosa
import numpy as np
import pytest
from scipy.signal import butter, sosfilt

import lofi_procedural as backend
from lofi_core import GenerateRequest
from lofi_procedural.options import ProceduralOptions
from lofi_procedural.plan import SAMPLE_RATE

if TYPE_CHECKING:
    from lofi_core import Music
    from tests.procedural.conftest import Render

DURATION_SEC = 40.0
HOP = 128
# What a stroke takes to rise, and the analysis window to notice.
LATE_SEC = 0.035


def music_of(prompt: str) -> Music:
    schedule = backend.make_schedule(GenerateRequest(prompt, DURATION_SEC, 1, ProceduralOptions()))
    assert schedule.music is not None
    return schedule.music


@pytest.mark.parametrize(
    "prompt", ["upbeat boom bap with vibraphone, 96 bpm", "felt piano waltz, 90 bpm", "lofi house, 117 bpm"]
)
def test_beats_that_are_heard_lie_on_the_promised_ones(render: Render, prompt: str) -> None:
    music = music_of(prompt)
    assert music.tempo_bpm is not None
    beat_sec = 60.0 / music.tempo_bpm
    _, beats = librosa.beat.beat_track(
        y=render(prompt, DURATION_SEC).mean(axis=0),
        sr=SAMPLE_RATE,
        units="time",
        hop_length=HOP,
        start_bpm=music.tempo_bpm,
    )
    late = np.mod(beats - music.first_bar_sec + beat_sec / 2, beat_sec) - beat_sec / 2
    assert len(beats) > 0.8 * (DURATION_SEC - 5) / beat_sec
    assert 0 <= np.median(late) < LATE_SEC


@pytest.mark.parametrize("prompt", ["upbeat boom bap with vibraphone, 96 bpm", "jazzy rhodes waltz, 90 bpm"])
def test_bars_begin_with_kick_and_bass_where_promised(render: Render, prompt: str) -> None:
    music = music_of(prompt)
    assert music.bar_sec is not None
    lows = sosfilt(butter(4, 110.0, fs=SAMPLE_RATE, output="sos"), render(prompt, DURATION_SEC).mean(axis=0))
    power, near = lows**2, round(0.06 * SAMPLE_RATE)

    def at_beat(beat: int) -> float:
        """How much comes in there, over all bars."""
        first = music.first_bar_sec + beat * music.bar_sec / music.beats_per_bar  # type: ignore[operator]
        places = np.arange(first, DURATION_SEC - 4, music.bar_sec)
        ats = [round(place * SAMPLE_RATE) for place in places]
        return float(sum(power[at : at + near].sum() - power[max(at - near, 0) : at].sum() for at in ats))

    beats = [at_beat(beat) for beat in range(music.beats_per_bar)]
    assert np.argmax(beats) == 0
