"""`models export ace_step`: the official layout of a checkpoint to the files that the backend runs."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("torch")
pytest.importorskip("diffusers")
pytest.importorskip("transformers")

import onnx
import onnxruntime as ort
import torch

from lofi_acestep import load_model
from lofi_acestep.exporter import export
from lofi_acestep.exporter.choices import COMPONENTS
from lofi_acestep.pipeline import generate_track
from lofi_core import Runtime
from tests.acestep.reference import BRANCHES, TOLERANCE, config, error, latents_of, reference, request
from tests.acestep.tiny_checkpoint import RUNTIME, make_checkpoint, one
from tests.conftest import long_unless

FILES = {f"{name}.onnx" for name in COMPONENTS} | {"transformer_decoder_weights.bin", "tokenizer.json"}
NETWORKS = Path(__file__).parents[1] / "data" / "acestep" / "networks"


@pytest.fixture(scope="module", autouse=True)
def _one_thread() -> Any:
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_checkpoint(tmp_path_factory.mktemp("checkpoint"))


@pytest.fixture(scope="module")
def exported(checkpoint: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    target = tmp_path_factory.mktemp("exported")
    lines = export(checkpoint, target, None, None, (), RUNTIME)
    assert [line.split(":")[0] for line in lines] == [
        "text encoder",
        "transformer encoder",
        "transformer decoder",
        "DCAE decoder",
        "vocoder",
    ]
    return target


def session(path: Path) -> Any:
    return ort.InferenceSession(path, providers=["CPUExecutionProvider"])


def ports(path: Path) -> dict[str, tuple[str, list[Any]]]:
    opened = session(path)
    return {each.name: (each.type, each.shape) for each in (*opened.get_inputs(), *opened.get_outputs())}


# --- the files ----------------------------------------------------------------------------------------------


def test_an_export_is_five_networks_their_weights_and_a_tokenizer(exported: Path) -> None:
    assert {path.name for path in exported.iterdir()} == FILES


@pytest.mark.parametrize("name", sorted(FILES - {"tokenizer.json"}))
def test_the_networks_that_other_tests_run_are_what_is_exported_now(exported: Path, name: str) -> None:
    path = exported / name
    if path.suffix == ".bin":
        assert np.allclose(np.fromfile(path, np.float32), np.fromfile(NETWORKS / name, np.float32))
    else:
        assert ports(path) == ports(NETWORKS / name)


def test_every_axis_that_can_vary_does(exported: Path) -> None:
    assert ports(exported / "transformer_decoder.onnx") == {
        "hidden_states": ("tensor(float)", ["batch", 8, 16, "frames"]),
        "attention_mask": ("tensor(float)", ["batch", "frames"]),
        "encoder_hidden_states": ("tensor(float)", ["batch", "tokens", 24]),
        "encoder_hidden_mask": ("tensor(float)", ["batch", "tokens"]),
        "timestep": ("tensor(float)", ["batch"]),
        "sample": ("tensor(float)", ["batch", 8, 16, "frames"]),
    }
    assert ports(exported / "dcae_decoder.onnx")["latents"] == ("tensor(float)", ["batch", 8, 16, "frames"])
    assert ports(exported / "vocoder.onnx")["mel_spectrogram"] == (
        "tensor(float)",
        ["batch", 128, "mel_frames"],
    )
    assert ports(exported / "text_encoder.onnx")["input_ids"] == ("tensor(int64)", ["batch", "text"])
    assert ports(exported / "transformer_encoder.onnx")["lyric_token_idx"] == (
        "tensor(int64)",
        ["batch", "lyrics"],
    )


def test_nodes_are_called_after_the_modules_they_come_from(exported: Path) -> None:
    def names(component: str) -> set[str]:
        model = onnx.load(exported / f"{component}.onnx", load_external_data=False)
        return {node.name for node in model.graph.node}

    assert {f"/transformer_blocks.{i}/cross_attn/to_q/Add" for i in range(20)} <= names("transformer_decoder")
    assert {f"/encoder/block.{i}/layer.0/SelfAttention/q/MatMul" for i in range(10)} <= names("text_encoder")
    linears = {f"/lyric_encoder/encoders.{i}/self_attn/linear_q/Add" for i in range(6)}
    assert linears <= names("transformer_encoder")


def test_the_factor_on_attention_need_not_be_fed(exported: Path) -> None:
    for component in ("text_encoder", "transformer_encoder", "transformer_decoder"):
        opened = session(exported / f"{component}.onnx")
        assert "erg_tau" not in {each.name for each in opened.get_inputs()}
        assert [each.name for each in opened.get_overridable_initializers()] == ["erg_tau"]


def test_large_weights_of_the_decoder_lie_in_one_file_beside_it(exported: Path) -> None:
    model = onnx.load(exported / "transformer_decoder.onnx", load_external_data=False)
    external = [t for t in model.graph.initializer if t.data_location == onnx.TensorProto.EXTERNAL]
    assert {entry.value for t in external for entry in t.external_data if entry.key == "location"} == {
        "transformer_decoder_weights.bin"
    }
    assert all(
        t.data_location == onnx.TensorProto.EXTERNAL or len(t.raw_data) < 1024
        for t in model.graph.initializer
    )


def test_linears_are_matrix_products_of_weights_that_lie_as_they_are_used(exported: Path) -> None:
    model = onnx.load(exported / "transformer_decoder.onnx", load_external_data=False)
    convolutions = [node.name for node in model.graph.node if node.op_type == "Conv"]
    assert len(convolutions) == 20 + 2  # depthwise ones, and the patches
    shapes = {tensor.name: list(tensor.dims) for tensor in model.graph.initializer}
    assert shapes["transformer_blocks.0.ff.inverted_conv.conv.weight.T"] == [24, 120]


@pytest.mark.parametrize("opset", [14, 18])
@pytest.mark.parametrize(
    "component", [long_unless(name != "transformer_decoder", name) for name in COMPONENTS]
)
def test_other_opsets_compute_the_same(checkpoint: Path, tmp_path: Path, component: str, opset: int) -> None:
    path = one(checkpoint, tmp_path / "out", component, opset=opset)
    assert onnx.load(path, load_external_data=False).opset_import[0].version == opset


@pytest.mark.long
def test_an_export_for_opset_14_ends_where_pytorch_does(checkpoint: Path, tmp_path: Path) -> None:
    export(checkpoint, tmp_path, None, 14, (), RUNTIME)
    model = load_model(tmp_path, Runtime(threads=1, residency="resident"), "fp32")
    for steps, scheduler, cfg_type, mode in [
        (8, "euler", "apg", "erg"),
        (8, "heun", "cfg", "plain"),
        (27, "pingpong", "cfg_star", "erg"),
    ]:
        asked, plan = request(inference_steps=steps, scheduler=scheduler, cfg_type=cfg_type)
        latents = latents_of(model, asked, plan, BRANCHES[mode])
        wanted = reference()[f"latents.{steps}.{scheduler}.{cfg_type}.{mode}"]
        assert error(latents, wanted) < TOLERANCE
    asked, plan = request(inference_steps=8)
    made = list(generate_track(asked, model, plan, Runtime(threads=1).for_job()))
    heard = np.concatenate([step.audio for step in made if step.audio is not None], axis=1)
    assert config()["heard"] == [8, "euler", "apg", "erg"]
    assert error(heard, reference()["audio"]) < TOLERANCE


def test_the_dcae_can_be_fixed_to_a_number_of_frames_as_the_published_one_is(
    checkpoint: Path, tmp_path: Path
) -> None:
    path = one(checkpoint, tmp_path / "out", "dcae_decoder", dcae_frames=32)
    assert [each.shape for each in session(path).get_inputs()] == [[1, 8, 16, 32]]


def test_only_what_is_asked_for_is_written(checkpoint: Path, tmp_path: Path) -> None:
    one(checkpoint, tmp_path / "out", "dcae_decoder")
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["dcae_decoder.onnx"]


def test_progress_is_told_by_component(checkpoint: Path, tmp_path: Path) -> None:
    told: list[tuple[float, str]] = []
    runtime = Runtime(report=lambda share, what: told.append((share, what)))
    export(checkpoint, tmp_path, None, None, ("dcae_decoder", "vocoder"), runtime)
    assert [what for _share, what in told] == ["DCAE decoder", "verify", "vocoder", "verify"]
    assert [share for share, _what in told] == sorted(share for share, _what in told)
