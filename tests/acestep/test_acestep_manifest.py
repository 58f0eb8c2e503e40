"""What can be fetched, which files put there by hand are recognised, and what the backend says it is."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from lofi_acestep import describe_backend
from lofi_acestep.manifest import model_files
from lofi_core import ModelFile, ModelFiles, Runtime
from lofi_core.installed import find_installed

if TYPE_CHECKING:
    from pathlib import Path

HUB = "https://huggingface.co/willibrandon/lofi-models/resolve/main/ace-step/"


def files_of(model: ModelFiles) -> list[ModelFile]:
    return [file for file in model.files if isinstance(file, ModelFile)]


def test_the_published_files_can_be_fetched_and_what_comes_first_is_trusted() -> None:
    published = model_files()[0]
    assert [(file.path, file.url) for file in files_of(published)] == [
        (path, HUB + path)
        for path in (
            "tokenizer.json",
            "text_encoder.onnx",
            "transformer_encoder.onnx",
            "transformer_decoder.onnx",
            "transformer_decoder_weights.bin",
            "dcae_decoder.onnx",
            "vocoder.onnx",
        )
    ]
    assert {file.sha256 for file in files_of(published)} == {None}


@pytest.mark.parametrize(("weights_beside", "variant"), [(True, "v1-3.5b"), (False, "exported")])
def test_files_put_there_by_hand_are_recognised(tmp_path: Path, weights_beside: bool, variant: str) -> None:
    for path in model_files()[0 if weights_beside else 1].paths:
        (tmp_path / path).touch()
    found = find_installed(model_files(), tmp_path, None)
    assert found is not None
    assert found.variant == variant


@pytest.mark.parametrize("path", model_files()[1].paths)
def test_a_set_that_lacks_a_file_is_no_model(tmp_path: Path, path: str) -> None:
    for other in model_files()[0].paths:
        (tmp_path / other).touch()
    (tmp_path / path).unlink()
    assert find_installed(model_files(), tmp_path, None) is None


@pytest.mark.parametrize(
    ("device", "configured", "told"),
    [
        ("cpu", "auto", "fp32 cpu"),
        ("cuda", "auto", "fp16 cuda"),
        ("cuda", "fp32", "fp32 cuda"),
        ("cpu", "fp16", "fp16 cpu"),
    ],
)
def test_the_model_version_names_variant_precision_and_device(
    device: str, configured: str, told: str
) -> None:
    spec = describe_backend(None, Runtime(device, precision=configured, threads=1))
    assert spec.model_version == f"1 v1-3.5b {told}"
    named = describe_backend("exported", Runtime(device, precision=configured, threads=1))
    assert named.model_version == f"1 exported {told}"


def test_it_makes_stereo_of_5_to_240_seconds_under_a_free_licence() -> None:
    spec = describe_backend(None, Runtime(threads=1))
    assert (spec.name, spec.title, spec.licence) == ("ace_step", "ACE-Step", "Apache-2.0")
    assert (spec.sample_rate, spec.channels) == (48_000, 2)
    assert (spec.min_duration_sec, spec.max_duration_sec) == (5, 240)


def test_describing_and_planning_imports_nothing_heavy() -> None:
    code = (
        "import sys; from lofi_core import GenerateRequest, Runtime; import lofi_acestep as a\n"
        "from lofi_acestep.options import ACEStepOptions\n"
        "a.describe_backend(None, Runtime(threads=1))\n"
        "a.make_schedule(GenerateRequest('x', 30.0, 1, ACEStepOptions()))\n"
        "print(*{'numpy', 'onnx', 'onnxruntime', 'tokenizers', 'torch'} & set(sys.modules))"
    )
    heavy = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert heavy.strip() == ""
