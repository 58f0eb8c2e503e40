"""The pipeline that made `reference.npz`, against the official one's arrays: it must not be wrong itself."""

from __future__ import annotations

import importlib
import json
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

pytest.importorskip("torch")
pytest.importorskip("diffusers")
pytest.importorskip("transformers")

import torch

from tests.acestep.torch_golden import FOLDER

CASES = [(s, g) for s in ("euler", "heun", "pingpong") for g in ("apg", "cfg", "cfg_star")]


@pytest.fixture
def reference() -> Any:
    return importlib.import_module("tests.data.acestep.make_reference")


def load(name: str) -> dict[str, Any]:
    with np.load(FOLDER / f"setA_{name}.npz") as file:
        return {key: torch.from_numpy(file[key]) for key in file.files}


@pytest.mark.parametrize(("scheduler", "guidance"), CASES)
def test_a_run_ends_where_the_official_one_does(
    reference: Any, monkeypatch: pytest.MonkeyPatch, scheduler: str, guidance: str
) -> None:
    known = load("trajectories")
    case = f"{scheduler}.{guidance}"
    draws = [known[f"{case}.x0"], *known["pingpong.apg.noise"]]
    monkeypatch.setattr(reference.torch, "randn", lambda *_shape, **_generator: draws.pop(0))
    monkeypatch.setattr(reference, "GUIDANCE", dict.fromkeys(("apg", "cfg", "cfg_star"), 15.0))

    def velocity(x: Any, time: Any, which: str, _mask: Any, _tau: float) -> Any:
        turned = torch.einsum("ij,bjhf->bihf", known[f"A_{which}"], x)
        constant = known[f"c_{which}"][None, :, None, None] * time / 1000
        return torch.tanh(turned + constant + known[f"h_{which}"][None, None, :, None])

    conditions = reference.Conditions("cond", "uncond", None, 1.0)
    found = reference.sample(SimpleNamespace(velocity=velocity), conditions, 8, scheduler, guidance)
    torch.testing.assert_close(found, known[f"{case}.x"][-1], rtol=0, atol=5e-4)


def test_its_noise_levels_are_the_official_ones(reference: Any) -> None:
    known = load("schedules")
    for steps in (1, 2, 5, 27, 60):
        wanted = known[f"euler.{steps}.sigmas"]
        torch.testing.assert_close(reference.sigmas_of(steps), wanted, rtol=0, atol=1e-6)


def test_it_resamples_as_torchaudio_does(reference: Any) -> None:
    known = load("misc")
    found = reference.resampled(known["resample_in"])
    torch.testing.assert_close(found, known["resample_out"], rtol=0, atol=5e-5)


def test_the_reference_was_made_with_the_networks_that_are_there(reference: Any) -> None:
    with np.load(reference.Path(reference.__file__).with_name("reference.npz")) as file:
        config = json.loads(str(file["config"]))
        assert reference.tokenizer().encode(config["prompt"]).ids == config["ids"]
        assert {
            f"latents.{n}.{s}.{g}.{m}" for n in (8, 27) for s, g in CASES for m in ("erg", "plain")
        } <= set(file.files)
        assert file["noise"].shape == (1, 8, 16, config["frames"])
