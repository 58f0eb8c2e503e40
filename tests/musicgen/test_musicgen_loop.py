"""From a request to samples: how many, when, and always the same."""

import itertools
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from lofi_core import Runtime, Step
from lofi_musicgen import make_schedule
from lofi_musicgen.config import read_config
from lofi_musicgen.delay import column_of
from lofi_musicgen.loader import Model
from lofi_musicgen.loop import columns, generate_track
from lofi_musicgen.options import MusicGenOptions
from lofi_musicgen.sampling import Sampler
from lofi_musicgen.windows import Window, make_plan
from tests.musicgen.conftest import DATA, OpenModel, draw_codes, put_layout, request, text_of

PRECISIONS = [
    ("mono", "exact"),
    ("mono", "quality"),
    ("mono", "fast"),
    ("stereo", "quality"),
    ("merged", None),
]


def steps_of(model: Model, runtime: Runtime, duration_sec: float = 2.0, **options: Any) -> list[Step]:
    asked = request(duration_sec, **options)
    plan = make_plan(model.config, duration_sec, asked.options.extend_stride)
    return list(generate_track(asked, model, plan, runtime))


def samples_of(steps: list[Step]) -> NDArray[Any]:
    return np.concatenate([step.audio for step in steps if step.audio is not None], axis=1)


@pytest.mark.parametrize(("layout", "precision"), PRECISIONS)
def test_a_track_has_exactly_the_samples_asked_for(
    open_model: OpenModel, runtime: Runtime, layout: str, precision: str | None
) -> None:
    model = open_model(layout, precision)
    samples = samples_of(steps_of(model, runtime, 2.0137))
    assert samples.shape == (model.config.channels, round(2.0137 * 32_000))
    assert samples.dtype == np.float32
    assert np.abs(samples).max() <= 1.0


def test_there_is_a_step_for_each_that_the_schedule_names(open_model: OpenModel, runtime: Runtime) -> None:
    model = open_model("mono", "quality")
    steps = [step.stage for step in steps_of(model, runtime)]
    plan = make_plan(model.config, 2.0, 18.0)
    assert steps == ["encode", *["sample"] * plan.steps, "decode"]


def test_the_first_audio_comes_within_sixty_steps(open_model: OpenModel, runtime: Runtime) -> None:
    steps = steps_of(open_model("mono", "fast"), runtime)
    assert next(index for index, step in enumerate(steps) if step.audio is not None) <= 60


@pytest.mark.parametrize(("layout", "precision"), PRECISIONS)
def test_a_track_is_the_same_whatever_runs_on_the_model_in_between(
    open_model: OpenModel, runtime: Runtime, layout: str, precision: str | None
) -> None:
    model = open_model(layout, precision)
    undisturbed = samples_of(steps_of(model, runtime))
    plan = make_plan(model.config, 2.0, 18.0)
    ours = generate_track(request(), model, plan, runtime)
    other = generate_track(replace(request(seed=99), prompt="piano"), model, plan, runtime)
    taken = [step for step, _ in itertools.zip_longest(ours, other)]
    assert (samples_of([step for step in taken if step is not None]) == undisturbed).all()


def test_other_seeds_and_prompts_are_other_tracks(open_model: OpenModel, runtime: Runtime) -> None:
    model = open_model("mono", "quality")
    text, other = text_of(model, runtime), model.text_encoder.encode([9, 20, 1])
    codes = draw_codes(model, text, 40, seed=1)
    assert (codes != draw_codes(model, text, 40, seed=2)).any()
    assert (codes != draw_codes(model, other, 40, seed=1)).any()


def test_the_same_seed_gives_the_same_codes_in_another_process(
    open_model: OpenModel, runtime: Runtime
) -> None:
    model = open_model("mono", "exact")
    program = (
        "from tests.musicgen.conftest import *; import sys, pathlib;"
        "runtime = Runtime(threads=2); place = put_layout('mono', pathlib.Path(sys.argv[1]));"
        "model = load_model(place, runtime, 'exact');"
        "print(draw_codes(model, text_of(model, runtime), 30, seed=5).tolist())"
    )
    where = str(DATA.parents[2])
    place = str(Path(open_model("mono", "exact").tokenizer.file).parent.with_name("elsewhere"))
    there = subprocess.run(
        [sys.executable, "-c", program, place], cwd=where, capture_output=True, text=True, check=True
    )
    assert there.stdout.strip() == str(draw_codes(model, text_of(model, runtime), 30, seed=5).tolist())


@pytest.mark.parametrize(
    ("layout", "precision"), [("mono", "exact"), ("stereo", "exact"), ("split", None), ("merged", None)]
)
def test_a_window_goes_on_from_the_codes_it_is_given(
    open_model: OpenModel, runtime: Runtime, layout: str, precision: str | None
) -> None:
    """Greedy: the second window, with all of the first as its context, makes what one window makes."""
    model = open_model(layout, precision)
    text = text_of(model, runtime)
    whole = draw_codes(model, text, 60, temperature=0.0)
    codes = np.full_like(whole, model.config.special_token)
    codes[:, :40] = whole[:, :40]
    sampler = Sampler(MusicGenOptions(temperature=0.0), 0)
    seen = list(columns(model, text, sampler, Window(0, 40, 60), codes))
    assert (codes == whole).all()
    assert seen[-1] == 60


class Listening:
    """A decoder that notes the columns it is given."""

    def __init__(self, model: Model) -> None:
        self.decoder = model.decoder
        self.windows: list[list[NDArray[np.int64]]] = []

    def start(self, text: Any, max_steps: int) -> Any:
        self.windows.append([])
        return self.decoder.start(text, max_steps)

    def prefill(self, state: Any, ids: NDArray[np.int64]) -> NDArray[np.float32]:
        self.windows[-1].extend(ids.T.copy())
        return self.decoder.prefill(state, ids)

    def step(self, state: Any, ids: NDArray[np.int64]) -> NDArray[np.float32]:
        self.windows[-1].append(ids.copy())
        return self.decoder.step(state, ids)


@pytest.mark.parametrize("precision", ["exact", "quality"])
def test_taking_the_prompt_of_a_window_step_by_step_changes_nothing_but_the_steps(
    open_model: OpenModel, runtime: Runtime, precision: str
) -> None:
    model = open_model("mono", precision)
    tracks = []
    for at_once in (True, False):
        plan = make_plan(model.config, 11.0, 18.0, prompt_at_once=at_once)
        asked = request(11.0, temperature=0.0)
        steps = list(generate_track(asked, model, plan, runtime))
        assert sum(step.stage == "sample" for step in steps) == plan.steps
        tracks.append(samples_of(steps))
    if precision == "exact":  # else a rounding step of int8 more or less may choose another code
        np.testing.assert_allclose(tracks[0], tracks[1], atol=1e-4)
    assert tracks[0].shape == tracks[1].shape


def test_only_quantised_models_take_the_prompt_step_by_step(tmp_path: Path) -> None:
    place = put_layout("mono", tmp_path)
    windows = {p: make_schedule(request(40.0, precision=p), place).state.windows for p in ("exact", "fast")}
    assert [window.at_once for window in windows["exact"][1:]] == [True] * (len(windows["exact"]) - 1)
    assert not any(window.at_once for window in windows["fast"][1:])


def test_beyond_the_trained_window_the_last_codes_are_the_context(
    open_model: OpenModel, runtime: Runtime
) -> None:
    model = open_model("mono", "quality")
    listening = Listening(model)
    plan = make_plan(model.config, 14.0, 18.0)  # this model's window is 508 frames, a little over 10 s
    samples = samples_of(
        list(generate_track(request(14.0), replace(model, decoder=listening), plan, runtime))
    )
    assert samples.shape == (1, 14 * 32_000)
    first, second = listening.windows
    known = plan.windows[1].known
    # Frame `start` of the track is frame 0 of the second window; its codes stand in both, delayed.
    start = plan.windows[1].start
    for frame in range(known - 4):
        for k in range(4):
            assert second[1 + frame + k][k] == first[1 + start + frame + k][k]
    assert (second[0] == model.config.special_token).all()


@pytest.mark.parametrize("duration_sec", [1.0, 29.99, 30.0, 30.01, 47.3, 48.0, 600.0])
def test_a_plan_covers_the_track_without_gaps(duration_sec: float) -> None:
    config = replace(read_config(DATA / "mono"), max_positions=2048)
    plan = make_plan(config, duration_sec, 18.0)
    assert plan.windows[0].known == 0
    for before, after in itertools.pairwise(plan.windows):
        assert after.start + after.known == before.start + before.frames
        assert (after.known, before.frames) == (600, 1500)  # 12 s of 30
    last = plan.windows[-1]
    assert last.start + last.frames == plan.frames
    assert (plan.frames - 1) * 640 < plan.samples <= plan.frames * 640
    assert plan.steps == sum(window.frames - window.known + 3 for window in plan.windows)


def test_a_column_before_the_first_is_all_special() -> None:
    assert column_of(np.zeros((4, 3), np.int64), 0, 1, 64).tolist() == [64] * 4
