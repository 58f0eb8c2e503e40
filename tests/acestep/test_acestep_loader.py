"""The five networks loaded as one model."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from lofi_acestep.loader import load
from lofi_acestep.networks import Weakening
from lofi_core import Runtime
from tests.acestep import graphs

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def model_dir(tmp_path: Path) -> Path:
    return graphs.write_model(tmp_path / "model")


def test_a_model_is_loaded_and_says_how(model_dir: Path) -> None:
    runtime = Runtime()
    model = load(model_dir, runtime)
    assert runtime.notes == {"precision": "fp32", "residency": "staged", "erg": "text, lyrics, denoiser"}
    assert model.weakening == Weakening(text=True, lyrics=True, denoiser=True)
