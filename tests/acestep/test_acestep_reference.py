"""The plugin, from the prompt to 48 kHz, against the pipeline and the networks in PyTorch.

`reference.npz` is made by make_reference.py from the checkpoint that networks/ was exported from.
"""

from __future__ import annotations

import json
import shutil
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from lofi_acestep import load_model
from lofi_acestep.options import ACEStepOptions
from lofi_acestep.pipeline import Model, generate_track, make_latents
from lofi_acestep.plan import Plan, make_plan
from lofi_core import GenerateRequest, Runtime

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from lofi_acestep.conditions import Conditions

DATA = Path(__file__).parents[1] / "data" / "acestep"
TOLERANCE = 1e-4  # of the largest magnitude
BRANCHES = {"erg": "erg", "plain": "zero"}
SECONDS = 2.8  # 30 latent frames


@cache
def reference() -> dict[str, NDArray[Any]]:
    with np.load(DATA / "reference.npz") as arrays:
        return dict(arrays)


@cache
def config() -> dict[str, Any]:
    told: dict[str, Any] = json.loads(str(reference()["config"]))
    return told


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Model:
    """Open the networks once: all stay open, and every prompt is encoded once."""
    place = Path(shutil.copytree(DATA / "networks", tmp_path_factory.mktemp("ace_step") / "networks"))
    made: Model = load_model(place, Runtime(threads=1, residency="resident"), "fp32")
    return made


def request(**options: Any) -> tuple[GenerateRequest, Plan]:
    chosen = ACEStepOptions(**options)
    plan = make_plan(chosen, SECONDS)
    assert plan.frames == config()["frames"]
    return GenerateRequest(config()["prompt"], SECONDS, config()["seed"], chosen), plan


def conditions(model: Model, branch: Any) -> Conditions:
    steps = model.conditioner.conditions(config()["prompt"], "[inst]", branch)
    while True:
        try:
            next(steps)
        except StopIteration as end:
            made: Conditions = end.value
            return made


def error(found: NDArray[Any], wanted: NDArray[Any]) -> float:
    """The largest difference, as a share of the largest magnitude."""
    assert found.shape == wanted.shape
    return float(np.abs(found - wanted).max() / np.abs(wanted).max())


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
    generator = make_latents(
        asked.seed, asked.options, model.networks, conditions(model, BRANCHES[mode]), plan
    )
    while True:
        try:
            next(generator)
        except StopIteration as end:
            latents = end.value
            break
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


def test_the_branches_and_the_cfg_types_differ_so_that_a_wrong_one_would_be_noticed() -> None:
    arrays = reference()
    names = [name for name in arrays if name.startswith("latents.8.euler.")]
    for one in names:
        for other in names:
            if one < other:
                assert error(arrays[one], arrays[other]) > 10 * TOLERANCE, (one, other)
