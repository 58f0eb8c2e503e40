"""What can be fetched, and which files put there by hand are recognised."""

import re
from pathlib import Path

import pytest

from lofi_core import ModelFile, ModelFiles
from lofi_musicgen.layouts import find_layout
from lofi_musicgen.manifest import model_files


def files_of(model: ModelFiles) -> list[ModelFile]:
    return [file for file in model.files if isinstance(file, ModelFile)]


def test_every_variant_has_a_name_of_its_own() -> None:
    names = [model.variant for model in model_files()]
    assert len(set(names)) == len(names)


def test_what_is_fetched_is_pinned_to_a_commit_except_medium() -> None:
    for model in model_files():
        for file in files_of(model):
            if file.url is None:
                continue
            pinned = re.search(r"/resolve/[0-9a-f]{40}/", file.url)
            assert bool(pinned) == (model.variant != "medium"), file.url


def test_small_comes_first_and_its_weights_have_a_known_sum() -> None:
    small = model_files()[0]
    assert small.variant == "small"
    assert [file.path for file in files_of(small) if file.sha256] == ["model.safetensors"]


@pytest.mark.parametrize("model", model_files(), ids=lambda model: model.variant)
def test_each_set_of_files_is_a_layout_that_the_loader_finds(model: ModelFiles, tmp_path: Path) -> None:
    for path in model.paths:
        (tmp_path / path).parent.mkdir(exist_ok=True)
        (tmp_path / path).touch()
    layout = find_layout(tmp_path)
    assert layout.kind == {"merged": "merged", "split": "split"}.get(
        model.variant.split("-")[0], "safetensors"
    )
