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


def test_two_tracks_in_the_same_stage_share_its_network_until_both_have_left(model_dir: Path) -> None:
    model = load(model_dir, Runtime(), residency="staged")
    first, second = model.denoiser(), model.denoiser()
    with first as one:
        with second as other:
            assert other is one
        assert one.weakens
        with model.vocoder() as vocoder:
            pass
    with model.vocoder() as again:
        assert again is not vocoder
    with model.denoiser() as later:
        assert later is not one


def test_a_resident_network_stays_open(model_dir: Path) -> None:
    model = load(model_dir, Runtime(), residency="resident")
    with model.denoiser() as one:
        pass
    with model.denoiser() as later:
        assert later is one
