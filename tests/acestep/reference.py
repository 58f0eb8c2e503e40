"""The pipeline and the networks in PyTorch, as `reference.npz` has them, and how to ask ours for the same.

`make_reference.py` made it from the checkpoint that networks/ was exported from.
"""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from lofi_acestep.options import ACEStepOptions
from lofi_acestep.pipeline import Model, make_latents
from lofi_acestep.plan import Plan, make_plan
from lofi_core import GenerateRequest

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


def latents_of(model: Model, asked: GenerateRequest, plan: Plan, branch: str) -> NDArray[Any]:
    generator = make_latents(asked.seed, asked.options, model.networks, conditions(model, branch), plan)
    while True:
        try:
            next(generator)
        except StopIteration as end:
            made: NDArray[Any] = end.value
            return made


def error(found: NDArray[Any], wanted: NDArray[Any]) -> float:
    """The largest difference, as a share of the largest magnitude."""
    assert found.shape == wanted.shape
    return float(np.abs(found - wanted).max() / np.abs(wanted).max())
