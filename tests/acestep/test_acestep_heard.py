"""What is heard of each of the 36 runs is what PyTorch's DCAE and vocoder make of PyTorch's latents."""

from __future__ import annotations

import importlib
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("torch")
pytest.importorskip("diffusers")
pytest.importorskip("transformers")

import torch

from lofi_acestep import load_model
from lofi_acestep.pipeline import Model, generate_track
from lofi_core import Runtime
from tests.acestep.reference import BRANCHES, DATA, TOLERANCE, error, reference, request
from tests.acestep.tiny_checkpoint import make_checkpoint
from tests.conftest import long


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Model:
    place = Path(shutil.copytree(DATA / "networks", tmp_path_factory.mktemp("ace_step") / "networks"))
    made: Model = load_model(place, Runtime(threads=1, residency="resident"), "fp32")
    return made


@pytest.fixture(scope="module")
def pytorch(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """Latents [1, 8, 16, T] → samples at 48 kHz [2, N]."""
    made = importlib.import_module("tests.data.acestep.make_reference")
    networks = made.Networks(make_checkpoint(tmp_path_factory.mktemp("checkpoint")))

    def heard(latents: Any) -> Any:
        with torch.inference_mode():
            mel = networks.dcae(torch.from_numpy(latents))
            waves = torch.cat([networks.vocoder(mel[:, channel])[:, 0] for channel in (0, 1)])
            return made.resampled(waves).numpy()

    return heard


@pytest.mark.parametrize("mode", BRANCHES)
@pytest.mark.parametrize("cfg_type", ["apg", "cfg", "cfg_star"])
@pytest.mark.parametrize("scheduler", ["euler", "heun", "pingpong"])
@pytest.mark.parametrize("steps", [8, long(27)])
def test_each_run_sounds_as_in_pytorch(
    model: Model, pytorch: Any, steps: int, scheduler: str, cfg_type: str, mode: str
) -> None:
    asked, plan = request(
        inference_steps=steps, scheduler=scheduler, cfg_type=cfg_type, negative=BRANCHES[mode]
    )
    made = list(generate_track(asked, model, plan, Runtime(threads=1).for_job()))
    audio = np.concatenate([step.audio for step in made if step.audio is not None], axis=1)
    wanted = pytorch(reference()[f"latents.{steps}.{scheduler}.{cfg_type}.{mode}"])
    assert error(audio, wanted) < TOLERANCE
