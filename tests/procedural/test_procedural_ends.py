"""How a track ends: in a chord, in a fade, or not at all."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import librosa
import numpy as np
import pyloudnorm
import pytest

import lofi_procedural as backend
from lofi_core import GenerateRequest, InvalidOption, Loop, Runtime
from lofi_procedural.options import ProceduralOptions
from lofi_procedural.plan import SAMPLE_RATE, make_plan
from lofi_procedural.sound.limiter import limit_loop

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from tests.procedural.conftest import Render

    Samples = NDArray[np.float32]

LOOPS = [
    ("upbeat boom bap with vibraphone, 91 bpm", 12.0),
    # Without waves: what begins in the trough between two stands out more than what begins on a crest.
    ("ambient pads, heavy rain and wind, no drums, 62 bpm", 32.0),
    ("felt piano in 6/8, strings, no drums, 57 bpm", 20.0),
]


def request(prompt: str, duration_sec: float, **options: Any) -> GenerateRequest:
    return GenerateRequest(prompt, duration_sec, 1, ProceduralOptions(**options))


def looped(render: Render, prompt: str, duration_sec: float) -> Samples:
    return render(prompt, duration_sec, 1, ProceduralOptions(loop=True))


@pytest.mark.parametrize(("prompt", "duration_sec"), LOOPS)
def test_a_loop_is_whole_bars_of_the_stated_length(render: Render, prompt: str, duration_sec: float) -> None:
    asked = request(prompt, duration_sec, loop=True)
    schedule, plan = backend.make_schedule(asked), make_plan(asked)
    assert schedule.music is not None
    assert schedule.music.bar_sec is not None
    assert schedule.music.first_bar_sec == 0
    samples = looped(render, prompt, duration_sec)
    assert schedule.loop == Loop(0, samples.shape[1])
    assert samples.shape[1] == round(plan.bars * schedule.music.bar_sec * SAMPLE_RATE)
    assert samples.shape[1] <= duration_sec * SAMPLE_RATE


@pytest.mark.parametrize(("prompt", "duration_sec"), LOOPS)
def test_no_spectral_flux_finds_the_seam(render: Render, prompt: str, duration_sec: float) -> None:
    samples = looped(render, prompt, duration_sec)
    bars = make_plan(request(prompt, duration_sec, loop=True)).bars
    thrice = np.tile(samples.mean(axis=0), 3)
    flux = librosa.onset.onset_strength(y=thrice, sr=SAMPLE_RATE, hop_length=128, n_fft=1024, n_mels=40)
    span = samples.shape[1] / 128

    def strongest(bar_line: float) -> float:
        at = round(span + bar_line * span / bars)
        return float(flux[at - 8 : at + 8].max())

    # The seam is a beat among others: what begins with a bar is heard there, drops of rain, and nothing else.
    others = [strongest(beat / 4) for beat in range(1, 4 * bars)]
    assert strongest(0) <= 1.25 * max(others)


@pytest.mark.parametrize(("prompt", "duration_sec"), LOOPS)
def test_the_seam_does_not_click(render: Render, prompt: str, duration_sec: float) -> None:
    samples = looped(render, prompt, duration_sec).astype(np.float64)
    around = np.concatenate((samples[:, -1_000:], samples[:, :1_000]), axis=1)
    bend = np.abs(np.diff(around, 2, axis=1)).max(axis=0)
    # A first beat may begin right there, softly; a step would stand out by hundreds.
    assert bend[996:1_002].max() < 12 * np.median(bend[:996])


def test_what_rings_at_the_end_of_a_loop_rings_at_its_start(render: Render) -> None:
    samples = looped(render, "solo harp, slow, no vinyl", 9.0)
    first, last = samples[:, :480], samples[:, -480:]
    assert np.sqrt(np.mean(first**2)) > 0.1 * np.sqrt(np.mean(last**2))


@pytest.mark.parametrize(("prompt", "duration_sec"), LOOPS)
def test_a_loop_has_the_loudness_of_any_track(render: Render, prompt: str, duration_sec: float) -> None:
    samples = looped(render, prompt, duration_sec)
    loudness = pyloudnorm.Meter(SAMPLE_RATE).integrated_loudness(samples.T.astype(np.float64))
    assert loudness == pytest.approx(-14.0, abs=0.7)
    assert 20 * np.log10(np.abs(samples).max()) <= -1.0


def test_a_limited_loop_has_no_step_at_its_seam() -> None:
    # Not a multiple of the limiter's blocks, and loudest across the seam.
    samples = np.full((2, 48_017), 0.2, np.float32)
    samples[:, :300] = samples[:, -300:] = 1.2
    limited = limit_loop(samples).astype(np.float64)
    assert np.abs(limited).max() < 0.87
    assert abs(limited[0, 0] - limited[0, -1]) < 1e-3
    np.testing.assert_allclose(
        limit_loop(np.roll(samples, 20_032, axis=1)), np.roll(limited, 20_032, axis=1), atol=0.02
    )


def test_the_steps_of_a_loop_follow_its_schedule() -> None:
    asked = request("lofi, 120 bpm", 6.0, loop=True)
    schedule = backend.make_schedule(asked)
    promised = [(stage.name, index) for stage in schedule.stages for index in range(stage.steps)]
    made = [(step.stage, step.index) for step in backend.generate(asked, schedule, Runtime())]
    assert made == promised


def test_a_loop_too_long_to_be_mixed_whole_is_refused() -> None:
    with pytest.raises(InvalidOption, match="duration_sec is 181") as refused:
        make_plan(request("lofi", 181.0, loop=True))
    assert "180" in str(refused.value.hint)


@pytest.mark.parametrize("how", ["option", "words"])
def test_a_fade_falls_over_the_last_quarter(render: Render, how: str) -> None:
    if how == "option":
        samples = render("rhodes, 84 bpm", 24.0, 1, ProceduralOptions(ending="fade"))
    else:
        samples = render("rhodes, 84 bpm, fade out", 24.0)
    assert samples.shape[1] == 24 * SAMPLE_RATE
    level = [
        float(np.sqrt(np.mean(part**2))) for part in np.array_split(samples[:, 17 * SAMPLE_RATE :], 5, axis=1)
    ]
    assert level[0] > 2 * level[-2] > 4 * level[-1]
    assert np.abs(samples[:, -900:]).max() < 1e-3
    loudness = pyloudnorm.Meter(SAMPLE_RATE).integrated_loudness(samples.T.astype(np.float64))
    assert loudness == pytest.approx(-14.0, abs=0.7)
