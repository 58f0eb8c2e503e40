"""The plugin, from the prompt to 48 kHz, against the pipeline and the networks in PyTorch."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest

from lofi_acestep import load_model
from lofi_acestep.options import ACEStepOptions
from lofi_acestep.pipeline import Model, generate_track
from lofi_acestep.plan import make_plan
from lofi_core import GenerateRequest, Runtime
from tests.acestep.reference import (
    BRANCHES,
    DATA,
    TOLERANCE,
    conditions,
    config,
    error,
    latents_of,
    reference,
    request,
)
from tests.conftest import long


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Model:
    """Open the networks once: all stay open, and every prompt is encoded once."""
    place = Path(shutil.copytree(DATA / "networks", tmp_path_factory.mktemp("ace_step") / "networks"))
    made: Model = load_model(place, Runtime(threads=1, residency="resident"), "fp32")
    return made


def test_the_prompt_has_the_same_tokens(model: Model) -> None:
    assert model.networks.tokens(config()["prompt"]) == config()["ids"]


@pytest.mark.parametrize("mode", BRANCHES)
def test_both_branches_attend_to_the_same(model: Model, mode: str) -> None:
    made = conditions(model, BRANCHES[mode])
    assert made.negative is not None
    assert error(made.positive.states, reference()["context"]) < 1e-5
    assert error(made.negative.states, reference()[f"context.{mode}.negative"]) < 1e-5
    np.testing.assert_array_equal(made.positive.mask, reference()["context.mask"])
    np.testing.assert_array_equal(made.negative.mask, reference()["context.mask"])


@pytest.mark.parametrize("mode", BRANCHES)
@pytest.mark.parametrize("cfg_type", ["apg", "cfg", "cfg_star"])
@pytest.mark.parametrize("scheduler", ["euler", "heun", "pingpong"])
@pytest.mark.parametrize("steps", [8, 27])
def test_latents_are_those_of_pytorch(
    model: Model, steps: int, scheduler: str, cfg_type: str, mode: str
) -> None:
    asked, plan = request(inference_steps=steps, scheduler=scheduler, cfg_type=cfg_type)
    latents = latents_of(model, asked, plan, BRANCHES[mode])
    wanted = reference()[f"latents.{steps}.{scheduler}.{cfg_type}.{mode}"]
    assert error(latents, wanted) < TOLERANCE


def test_what_is_heard_is_what_pytorch_makes(model: Model) -> None:
    steps, scheduler, cfg_type, mode = config()["heard"]
    asked, plan = request(
        inference_steps=steps, scheduler=scheduler, cfg_type=cfg_type, negative=BRANCHES[mode]
    )
    runtime = Runtime(threads=1).for_job()
    made = [step.audio for step in generate_track(asked, model, plan, runtime) if step.audio is not None]
    assert error(np.concatenate(made, axis=1), reference()["audio"]) < TOLERANCE
    latents = reference()[f"latents.{steps}.{scheduler}.{cfg_type}.{mode}"]
    assert error(runtime.kept["latents"].astype(np.float32), latents) < 1e-3  # half precision


@pytest.mark.parametrize(("steps", "rows"), [(60, 90), (27, 41)])
def test_so_many_rows_go_through_the_denoisers_session(
    model: Model, monkeypatch: pytest.MonkeyPatch, steps: int, rows: int
) -> None:
    asked, plan = request(inference_steps=steps)
    counted = 0
    run = Runtime.run

    def counting(self: Runtime, session: Any, feeds: Any, *more: Any) -> Any:
        nonlocal counted
        counted += len(feeds["hidden_states"]) if "timestep" in feeds else 0
        return run(self, session, feeds, *more)

    monkeypatch.setattr(Runtime, "run", counting)
    made = list(generate_track(asked, model, plan, Runtime(threads=1).for_job()))
    assert counted == plan.rows == rows
    assert sum(step.audio.shape[1] for step in made if step.audio is not None) == 133_747


# How far 8 and 27 steps lead from the reference: root mean square, relative; a bound on all runs.
MOST = {"fp16": 5e-2, "int8": 1.2e-1}


@pytest.mark.parametrize("weights", MOST)
def test_smaller_weights_lead_to_about_the_same(tmp_path: Path, weights: Any) -> None:
    place = Path(shutil.copytree(DATA / "networks", tmp_path / "networks"))
    smaller: Model = load_model(place, Runtime(threads=1, residency="resident"), weights)
    errors = []
    for scheduler in ("euler", "heun", "pingpong"):
        for steps in (8, 27):
            asked, plan = request(inference_steps=steps, scheduler=scheduler)
            latents = latents_of(smaller, asked, plan, "erg")
            wanted = reference()[f"latents.{steps}.{scheduler}.apg.erg"]
            errors.append(np.sqrt(np.square(latents - wanted).mean() / np.square(wanted).mean()))
    assert min(errors) > 0
    assert max(errors) < MOST[weights]


@pytest.mark.parametrize("seconds", [5.0, long(30.0)])  # less than a window, and several
def test_a_dcae_of_128_frames_makes_a_whole_track(tmp_path: Path, seconds: float) -> None:
    place = Path(shutil.copytree(DATA / "networks", tmp_path / "networks"))
    fix_frames(place / "dcae_decoder.onnx", 128)
    made: Model = load_model(place, Runtime(threads=1), "fp32")
    options = ACEStepOptions(inference_steps=2)
    plan, runtime = make_plan(options, seconds), Runtime(threads=1).for_job()
    asked = GenerateRequest(config()["prompt"], seconds, 7, options)
    steps = list(generate_track(asked, made, plan, runtime))
    audio = np.concatenate([step.audio for step in steps if step.audio is not None], axis=1)
    assert audio.shape == (2, -(-plan.frames * 4096 * 160 // 147))
    assert (audio[0] != audio[1]).any()
    assert np.abs(audio[:, -4096:]).max() > 0  # to the end
    assert runtime.notes["decode"] == "windows of 128"


def fix_frames(file: Path, frames: int) -> None:
    """As the published one is."""
    network = onnx.load(str(file))
    for value, length in ((network.graph.input[0], frames), (network.graph.output[0], 8 * frames)):
        sizes = value.type.tensor_type.shape.dim
        sizes[0].dim_value, sizes[3].dim_value = 1, length
    onnx.save(network, str(file))


def test_the_branches_and_the_cfg_types_differ_so_that_a_wrong_one_would_be_noticed() -> None:
    arrays = reference()
    names = [name for name in arrays if name.startswith("latents.8.euler.")]
    for one in names:
        for other in names:
            if one < other:
                assert error(arrays[one], arrays[other]) > 10 * TOLERANCE, (one, other)
