"""`models export ace_step`: which checkpoints it reads, and what it refuses."""

from __future__ import annotations

import json
import shutil
import sys
import types
import weakref
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

pytest.importorskip("torch")
pytest.importorskip("diffusers")
pytest.importorskip("transformers")

import onnx
import torch
from safetensors.torch import load_file, save_file

from lofi_acestep.exporter import export
from lofi_acestep.exporter import verify as verifier
from lofi_acestep.exporter.checkpoint import Part
from lofi_core import InvalidOption, ModelLoadFailed, ModelNotFound
from tests.acestep.tiny_checkpoint import RUNTIME, TRANSFORMER, change, make_checkpoint, one, tensors_of

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture(scope="module", autouse=True)
def _one_thread() -> Any:
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_checkpoint(tmp_path_factory.mktemp("checkpoint"))


@pytest.fixture
def broken(checkpoint: Path, tmp_path: Path) -> Path:
    """A copy to damage."""
    return shutil.copytree(checkpoint, tmp_path / "broken")


# --- checkpoints --------------------------------------------------------------------------------------------


def test_bfloat16_weights_become_float32(tmp_path: Path) -> None:
    half = make_checkpoint(tmp_path / "half", dtype=torch.bfloat16)
    path = one(half, tmp_path / "out", "transformer_encoder")
    assert {tensor.data_type for tensor in onnx.load(path).graph.initializer} == {
        onnx.TensorProto.FLOAT,
        onnx.TensorProto.INT64,
    }


def test_the_other_spelling_of_weight_norm_is_read_too(
    broken: Path, checkpoint: Path, tmp_path: Path
) -> None:
    def rename(tensors: dict[str, Any]) -> None:
        for name in list(tensors):
            for ending, index in (("weight_g", 0), ("weight_v", 1)):
                if name.endswith(ending):
                    base = name.removesuffix(ending)
                    tensors[f"{base}parametrizations.weight.original{index}"] = tensors.pop(name)

    change(broken, "music_vocoder", rename)
    found, wanted = one(broken, tmp_path / "a"), one(checkpoint, tmp_path / "b")
    assert found.read_bytes() == wanted.read_bytes()


def test_a_hugging_face_cache_is_a_checkpoint_too(checkpoint: Path, tmp_path: Path) -> None:
    shutil.copytree(checkpoint, tmp_path / "cache" / "snapshots" / "abc")
    assert one(tmp_path / "cache", tmp_path / "out").is_file()


def test_shards_are_one_checkpoint(broken: Path, tmp_path: Path) -> None:
    path = broken / "music_vocoder" / "diffusion_pytorch_model.safetensors"
    tensors = sorted(load_file(path).items())
    path.unlink()
    for number, part in enumerate((tensors[:20], tensors[20:]), 1):
        save_file(dict(part), path.with_name(f"diffusion_pytorch_model-0000{number}-of-00002.safetensors"))
    assert one(broken, tmp_path / "out").is_file()


def test_weights_are_read_one_at_a_time(
    checkpoint: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    alive, most = 0, 0
    read = Part.read

    def counted(self: Part, name: str) -> torch.Tensor:
        nonlocal alive, most
        value = read(self, name).clone()
        alive += 1
        most = max(most, alive)
        weakref.finalize(value, forget)
        return value

    def forget() -> None:
        nonlocal alive
        alive -= 1

    monkeypatch.setattr(Part, "read", counted)
    nothing = types.SimpleNamespace(error=0.0, sizes=0)
    monkeypatch.setattr("lofi_acestep.exporter.conversion.Conversion.verify", lambda *_arguments: nothing)
    one(checkpoint, tmp_path / "out", "transformer_encoder")
    assert most <= 2


def test_no_weights_are_read_before_everything_is_seen_to_fit(
    broken: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    change(broken, "music_vocoder", lambda tensors: tensors.pop("head.conv_post.bias"))
    monkeypatch.setattr(Part, "read", lambda _self, name: pytest.fail(f"{name} was read"))
    with pytest.raises(ModelLoadFailed):
        export(broken, tmp_path, None, None, (), RUNTIME)


# --- what is refused ----------------------------------------------------------------------------------------


def refused(
    error: type[Exception], source: Path, target: Path, component: str = "vocoder", **options: Any
) -> str:
    with pytest.raises(error) as caught:
        one(source, target / "out", component, **options)
    assert not list((target / "out").iterdir())
    return str(caught.value)


def test_a_directory_without_the_folders_is_refused(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    assert "no ACE-Step checkpoint" in refused(ModelNotFound, tmp_path / "empty", tmp_path)


@pytest.mark.parametrize("missing", ["config.json", "diffusion_pytorch_model.safetensors"])
def test_a_missing_file_is_named(broken: Path, tmp_path: Path, missing: str) -> None:
    (broken / "music_vocoder" / missing).unlink()
    said = refused(ModelNotFound, broken, tmp_path)
    assert "music_vocoder" in said
    assert missing in said


def test_a_missing_tokenizer_is_named(broken: Path, tmp_path: Path) -> None:
    (broken / "umt5-base" / "tokenizer.json").unlink()
    assert "tokenizer.json is missing" in refused(ModelNotFound, broken, tmp_path, "text_encoder")


@pytest.mark.parametrize("damaged", ["config.json", "diffusion_pytorch_model.safetensors"])
def test_a_damaged_file_is_named(broken: Path, tmp_path: Path, damaged: str) -> None:
    path = broken / "music_vocoder" / damaged
    path.write_bytes(path.read_bytes()[:100])
    assert damaged in refused(ModelLoadFailed, broken, tmp_path)


def test_a_config_that_is_not_of_this_network_is_named(broken: Path, tmp_path: Path) -> None:
    path = broken / "music_vocoder" / "config.json"
    path.write_text(json.dumps({"dims": "wide"}))
    assert "music_vocoder" in refused(ModelLoadFailed, broken, tmp_path)


def test_a_missing_tensor_is_named(broken: Path, tmp_path: Path) -> None:
    change(broken, "music_vocoder", lambda tensors: tensors.pop("backbone.norm.bias"))
    assert "has no tensor backbone.norm.bias" in refused(ModelLoadFailed, broken, tmp_path)


def test_a_tensor_of_another_shape_is_named(broken: Path, tmp_path: Path) -> None:
    def shorten(tensors: dict[str, Any]) -> None:
        tensors["t_block.1.bias"] = tensors["t_block.1.bias"][:-1].clone()

    change(broken, "ace_step_transformer", shorten)
    said = refused(ModelLoadFailed, broken, tmp_path, "transformer_decoder")
    assert "t_block.1.bias of shape [143]; its config.json says [144]" in said


def test_a_tensor_that_nobody_knows_is_named(broken: Path, tmp_path: Path) -> None:
    change(broken, "ace_step_transformer", lambda tensors: tensors.update({"lora_A.weight": torch.zeros(2)}))
    said = refused(ModelLoadFailed, broken, tmp_path, "transformer_decoder")
    assert "has tensors that ACE-Step v1 has not: lora_A.weight" in said


def test_a_file_that_computes_something_else_is_refused(
    checkpoint: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = verifier.computed

    def wrong(*arguments: Any) -> Any:
        return [[value * 1.01 for value in outputs] for outputs in found(*arguments)]

    monkeypatch.setattr("lofi_acestep.exporter.conversion.computed", wrong)
    assert "does not compute what the checkpoint does" in refused(ModelLoadFailed, checkpoint, tmp_path)


def test_what_is_no_number_is_no_small_error() -> None:
    numbers = [[np.ones((2, 2), np.float32)]]
    assert verifier.deviation(numbers, [[np.full((2, 2), np.nan, np.float32)]]) == np.inf
    assert verifier.deviation(numbers, [[np.ones((2, 3), np.float32)]]) == np.inf
    assert verifier.deviation(numbers, numbers) == 0


def test_a_full_disk_is_told_before_anything_is_written(
    checkpoint: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda _path: types.SimpleNamespace(free=10_000))
    assert "GB left" in refused(ModelLoadFailed, checkpoint, tmp_path)


@pytest.mark.parametrize("opset", [11, 13, 40])
def test_opsets_without_the_operators_are_refused(checkpoint: Path, tmp_path: Path, opset: int) -> None:
    assert "known: 14 to 18" in refused(InvalidOption, checkpoint, tmp_path, opset=opset)


def test_a_component_that_there_is_not_is_refused(checkpoint: Path, tmp_path: Path) -> None:
    assert "known: text_encoder, " in refused(InvalidOption, checkpoint, tmp_path, "encoder")


def test_a_precision_that_there_is_not_is_refused(checkpoint: Path, tmp_path: Path) -> None:
    assert "precision is 'fp8'" in refused(InvalidOption, checkpoint, tmp_path, precision="fp8")


@pytest.mark.long
def test_another_precision_takes_the_place_of_float32(
    checkpoint: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def to_fp16(source: Path, target: Path) -> None:
        both = {"transformer_decoder.onnx", "transformer_decoder_weights.bin"}
        assert {path.name for path in source.parent.iterdir()} == both
        assert {path.name for path in target.parent.iterdir()} == {source.parent.name}
        onnx.save(onnx.load(source), target)  # all in one file

    module = types.ModuleType("lofi_acestep.precision")
    module.to_fp16 = to_fp16  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "lofi_acestep.precision", module)
    path = one(checkpoint, tmp_path / "out", "transformer_decoder", precision="fp16")
    assert {each.name for each in path.parent.iterdir()} == {path.name}


@pytest.mark.parametrize("component", ["text_encoder", "transformer_encoder"])
def test_encoders_stay_in_float32_where_the_rest_is_in_half_precision(
    checkpoint: Path, tmp_path: Path, component: str
) -> None:
    path = one(checkpoint, tmp_path / "out", component, precision="fp16")
    kinds = {tensor.data_type for tensor in onnx.load(path).graph.initializer}
    assert onnx.TensorProto.FLOAT16 not in kinds
    assert onnx.TensorProto.FLOAT in kinds


def test_without_pytorch_the_error_says_how_to_install_it(
    checkpoint: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("lofi_acestep.exporter.find_spec", lambda name: None if name == "torch" else object())
    said = refused(ModelLoadFailed, checkpoint, tmp_path)
    assert said == "the export of ace_step needs PyTorch: pip install './plugins/lofi_acestep[export]'"


@pytest.mark.parametrize(
    ("layers", "weakened"), [pytest.param(17, [15, 16], marks=pytest.mark.long), (3, [])]
)
def test_fewer_layers_have_fewer_that_are_weakened(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, layers: int, weakened: list[int]
) -> None:
    monkeypatch.setitem(TRANSFORMER, "num_layers", layers)
    path = one(make_checkpoint(tmp_path / "in"), tmp_path / "out", "transformer_decoder")
    users = [node.name for node in onnx.load(path).graph.node if "erg_tau" in node.input]
    assert users == [f"/transformer_blocks.{number}/cross_attn/Mul" for number in weakened]


def test_a_checkpoint_drawn_twice_is_the_same() -> None:
    once, again = tensors_of("music_vocoder"), tensors_of("music_vocoder")
    assert all(torch.equal(once[name], again[name]) for name in once)
