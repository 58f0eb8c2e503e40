"""The networks as our exporter writes them, loaded and held to what PyTorch gives.

Reference: `tests/data/acestep/reference.npz`, by `make_reference.py` there.
"""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from lofi_acestep.loader import load
from lofi_core import Runtime
from tests.conftest import long

if TYPE_CHECKING:
    from lofi_acestep.loader import Model
    from lofi_acestep.networks import Context

DATA = Path(__file__).parents[1] / "data" / "acestep"


@pytest.fixture(scope="module")
def reference() -> dict[str, Any]:
    with np.load(DATA / "reference.npz") as arrays:
        return {**arrays, "config": json.loads(str(arrays["config"]))}


@pytest.fixture(scope="module", params=["fp32", long("fp16"), "int8"])
def model(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Model:
    directory = tmp_path_factory.mktemp("model") / "ace_step"
    shutil.copytree(DATA / "networks", directory)
    return load(directory, Runtime(threads=1), request.param)


# How far eight guided steps may lead from the reference, of the largest number.
MOST = {"fp32": 2e-5, "fp16": 1e-2, "int8": 4e-2}


def contexts(model: Model, reference: dict[str, Any]) -> list[Context]:
    """What the two branches attend to, the second weakened."""
    ids, lyrics = (np.array([reference["config"][name]]) for name in ("ids", "lyric_ids"))
    ones, speaker = np.ones_like(ids), np.zeros((1, 512), np.float32)
    made = []
    for factor in (1.0, reference["config"]["tau"]):
        with model.text_encoder() as text:
            states = text.encode(ids, ones, factor)
        with model.context_encoder() as encoder:
            made.append(encoder.encode(states, ones, speaker, lyrics, np.ones_like(lyrics), factor))
    return made


def assert_near(given: Any, wanted: Any, share: float) -> None:
    np.testing.assert_allclose(given, wanted, rtol=0, atol=share * np.abs(wanted).max())


def test_a_prompt_gives_the_references_tokens(model: Model, reference: dict[str, Any]) -> None:
    assert model.tokens(reference["config"]["prompt"]) == reference["config"]["ids"]


def test_both_contexts_are_the_references(model: Model, reference: dict[str, Any]) -> None:
    positive, negative = contexts(model, reference)
    assert_near(positive.states, reference["context"], 1e-5)
    assert_near(negative.states, reference["context.erg.negative"], 1e-5)
    np.testing.assert_array_equal(positive.mask, reference["context.mask"])


def test_eight_plain_steps_lead_where_the_reference_does(model: Model, reference: dict[str, Any]) -> None:
    """Euler, CFG and ERG by hand: guided in the middle half, as `make_reference.py` does."""
    positive, negative = contexts(model, reference)
    sigmas = 3 * (s := np.linspace(1, 3e-3 / (1 + 2e-3), 8)) / (1 + 2 * s)
    sigmas = np.append(sigmas, 0).astype(np.float32)
    x, scale = reference["noise"], reference["config"]["guidance"]["cfg"]
    gain = 0.9 + 0.2 / (1 + np.exp(-0.1 * reference["config"]["omega"]))
    with model.denoiser() as denoiser:
        for step in range(8):
            time = 1000 * float(sigmas[step])
            if 2 <= step < 6:
                with_prompt, without = denoiser.velocities(x, time, [positive, negative], [1.0, 0.01])
                velocity = without + scale * (with_prompt - without)
            else:
                velocity = denoiser.velocity(x, time, positive)
            change = (sigmas[step + 1] - sigmas[step]) * velocity
            x = x + ((change - change.mean()) * gain + change.mean()).astype(np.float32)
    assert_near(x, reference["latents.8.euler.cfg.erg"], MOST[model.precision])


def test_latents_give_the_references_mel(model: Model, reference: dict[str, Any]) -> None:
    with model.latent_decoder() as decoder:
        assert decoder.frames is None
        assert_near(decoder.mel(reference["latents.8.euler.apg.erg"]), reference["mel"], 1e-5)


def test_the_denoiser_takes_both_branches_in_one_run(model: Model) -> None:
    with model.denoiser() as denoiser:
        assert denoiser.batches
        assert denoiser.weakens_by_row
