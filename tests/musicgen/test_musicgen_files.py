"""Wrong files: each is named, with what to do, before anything is generated."""

import json
import logging
import shutil
import subprocess
import sys
from pathlib import Path

import onnx
import pytest

from lofi_core import InvalidOption, LofiError, ModelLoadFailed, ModelNotFound, Runtime
from lofi_musicgen import describe_backend, load_model, make_schedule
from lofi_musicgen.built import Built
from lofi_musicgen.graph import builder
from lofi_musicgen.layouts import Layout, find_layout
from lofi_musicgen.tokens import MAX_TOKENS, Tokenizer
from lofi_musicgen.weights import Checkpoint
from tests.musicgen.conftest import DATA, put_layout, request


@pytest.fixture
def place(tmp_path: Path) -> Path:
    return put_layout("mono", tmp_path / "mono")


def refusal(place: Path, weights: str = "quality") -> LofiError:
    with pytest.raises(LofiError) as failure:
        load_model(place, Runtime(threads=1), weights)
    assert failure.value.hint
    return failure.value


@pytest.mark.parametrize("layout", ["mono", "split", "merged"])
def test_a_layout_is_recognised_by_its_files(tmp_path: Path, layout: str) -> None:
    kind = find_layout(put_layout(layout, tmp_path)).kind
    assert kind == {"mono": "safetensors"}.get(layout, layout)


def test_quantised_files_in_a_folder_are_recognised(tmp_path: Path) -> None:
    names = ("text_encoder", "encodec_decode", "decoder_model_merged")
    (tmp_path / "onnx").mkdir()
    for name in names:
        (tmp_path / "onnx" / f"{name}_quantized.onnx").touch()
    assert find_layout(tmp_path) == Layout("merged", "onnx/", "_quantized")


def test_a_quantised_decoder_may_come_with_a_codec_in_full_precision(tmp_path: Path) -> None:
    (tmp_path / "onnx").mkdir()
    for name in ("text_encoder_quantized", "encodec_decode", "decoder_model_merged_quantized"):
        (tmp_path / "onnx" / f"{name}.onnx").touch()
    layout = find_layout(tmp_path)
    assert layout.file(tmp_path, "text_encoder").name == "text_encoder_quantized.onnx"
    assert layout.file(tmp_path, "encodec_decode").name == "encodec_decode.onnx"


def test_a_codec_alone_is_not_enough(tmp_path: Path) -> None:
    (tmp_path / "encodec_decode.onnx").touch()
    with pytest.raises(ModelNotFound, match="decoder_model"):
        find_layout(tmp_path)


def test_what_the_nearest_layout_lacks_is_named(tmp_path: Path) -> None:
    put_layout("split", tmp_path)
    (tmp_path / "decoder_with_past_model.onnx").unlink()
    with pytest.raises(ModelNotFound, match=r"decoder_with_past_model\.onnx missing"):
        find_layout(tmp_path)


def test_an_empty_directory_asks_for_the_weights(tmp_path: Path) -> None:
    with pytest.raises(ModelNotFound, match=r"model\.safetensors missing") as failure:
        find_layout(tmp_path)
    assert "lofi-core pull musicgen" in str(failure.value.hint)


def test_a_truncated_checkpoint_is_named(place: Path) -> None:
    file = place / "model.safetensors"
    file.write_bytes(file.read_bytes()[:-1000])
    assert "model.safetensors is truncated" in refusal(place).message


def test_a_file_that_is_no_checkpoint_is_named(place: Path) -> None:
    (place / "model.safetensors").write_text("<html>404</html>" * 100)
    assert "is no safetensors file" in refusal(place).message


def test_a_checkpoint_of_another_model_is_named_by_the_tensor_it_lacks(place: Path) -> None:
    header = json.dumps({"x": {"dtype": "F32", "shape": [1], "data_offsets": [0, 4]}}).encode()
    (place / "model.safetensors").write_bytes(len(header).to_bytes(8, "little") + header + b"\0" * 4)
    assert "has no tensor" in refusal(place).message


def test_a_configuration_of_another_model_is_named(place: Path) -> None:
    (place / "config.json").write_text('{"model_type": "llama"}')
    assert "'llama'" in refusal(place).message


def test_a_missing_tokenizer_is_named(place: Path) -> None:
    (place / "tokenizer.json").unlink()
    assert "tokenizer.json cannot be read" in refusal(place).message


def test_a_tokenizer_of_another_model_is_named(place: Path) -> None:
    file = place / "tokenizer.json"
    described = json.loads(file.read_text())
    described["model"]["vocab"] += [[f"word{i}", -9.0] for i in range(100)]
    file.write_text(json.dumps(described))
    assert "is of another model" in refusal(place).message


def test_an_onnx_file_of_another_kind_is_named_with_what_it_lacks(tmp_path: Path) -> None:
    place = put_layout("split", tmp_path)
    place.joinpath("decoder_model.onnx").write_bytes((place / "text_encoder.onnx").read_bytes())
    failure = refusal(place, "exported")
    assert "decoder_model.onnx is no MusicGen decoder" in failure.message


def test_a_configuration_that_does_not_fit_the_onnx_files_is_named(tmp_path: Path) -> None:
    place = put_layout("merged", tmp_path)
    described = json.loads((place / "config.json").read_text())
    described["decoder"]["num_hidden_layers"] = 5
    (place / "config.json").write_text(json.dumps(described))
    assert "has 2 layers" in refusal(place, "exported").message


@pytest.mark.parametrize("layout", ["split", "merged"])
@pytest.mark.parametrize(
    ("file", "other"), [("text_encoder", "encodec_decode"), ("encodec_decode", "text_encoder")]
)
def test_files_that_changed_places_are_named_before_any_track(
    tmp_path: Path, layout: str, file: str, other: str
) -> None:
    place = put_layout(layout, tmp_path)
    shutil.copy(place / f"{other}.onnx", place / f"{file}.onnx")
    assert f"{file}.onnx" in refusal(place, "exported").message


@pytest.mark.parametrize(
    ("part", "key", "value"),
    [
        ("decoder", "num_codebooks", 8),
        ("decoder", "num_codebooks", 0),
        ("decoder", "audio_channels", 3),
        ("decoder", "num_attention_heads", 0),
        ("decoder", "hidden_size", "large"),
        ("decoder", "max_position_embeddings", 1),
        ("text_encoder", "d_model", 768),
        ("audio_encoder", "upsampling_ratios", []),
        ("audio_encoder", "upsampling_ratios", [8, 5, 4]),
    ],
)
def test_a_configuration_with_a_wrong_size_is_named_before_any_track(
    tmp_path: Path, part: str, key: str, value: object
) -> None:
    place = put_layout("split", tmp_path)
    described = json.loads((place / "config.json").read_text())
    described[part][key] = value
    (place / "config.json").write_text(json.dumps(described))
    assert isinstance(failure := refusal(place, "exported"), ModelLoadFailed)
    assert "config.json" in failure.message


def test_a_model_with_melody_conditioning_is_refused(place: Path) -> None:
    described = json.loads((place / "config.json").read_text())
    described["model_type"] = "musicgen_melody"
    (place / "config.json").write_text(json.dumps(described))
    assert "'musicgen_melody'" in refusal(place).message


def test_a_file_that_is_no_onnx_is_named(tmp_path: Path) -> None:
    place = put_layout("split", tmp_path)
    (place / "decoder_model.onnx").write_bytes(b"not onnx")
    assert "decoder_model.onnx" in refusal(place, "exported").message


def test_precision_is_refused_for_an_export_before_any_work(tmp_path: Path) -> None:
    place = put_layout("split", tmp_path)
    with pytest.raises(InvalidOption, match="'fast'"):
        make_schedule(request(precision="fast"), place)
    assert make_schedule(request(), place).weights == "exported"


def test_a_disk_that_fills_during_the_build_leaves_nothing_half_made(
    place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_arguments: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(builder.GraphBuilder, "save", full)
    failure = refusal(place)
    assert isinstance(failure, ModelLoadFailed)
    assert "No space left on device" in failure.message
    assert [left.name for left in place.glob("built-*/*")] == ["fingerprint.json"]
    monkeypatch.undo()
    assert load_model(place, Runtime(threads=1), "quality").provider == "CPUExecutionProvider"


def test_the_graphs_are_built_once_and_again_when_the_checkpoint_changes(place: Path) -> None:
    told: list[tuple[float, str]] = []
    runtime = Runtime(threads=1, report=lambda share, what: told.append((share, what)))
    load_model(place, runtime, "exact")
    assert {"hash", "build"} <= {what for _, what in told}
    assert [share for share, _ in told] == sorted(share for share, _ in told)
    told.clear()
    load_model(place, runtime, "exact")
    assert {what for _, what in told} == {"load"}
    (before,) = place.glob("built-*")
    (place / "model.safetensors").write_bytes((DATA / "mono" / "model.safetensors").read_bytes() + b"\0")
    load_model(place, runtime, "exact")
    (after,) = place.glob("built-*")
    assert before != after


def test_what_was_built_is_valid_onnx(place: Path) -> None:
    load_model(place, Runtime(threads=1), "exact")
    files = sorted(place.rglob("*.onnx"))
    assert {file.stem for file in files} >= {"step", "cross", "text", "codec_up"}
    for file in files:
        if file.stem not in {"step", "cross"}:  # they hold ONNX Runtime's own operators
            onnx.checker.check_model(str(file))


def test_shards_are_read_through_their_index(place: Path) -> None:
    whole = Checkpoint(place)
    name = "enc_to_dec_proj.weight"
    wanted = whole.tensor(name)
    (place / "model.safetensors").rename(place / "model-00001-of-00001.safetensors")
    index = {"weight_map": {name: "model-00001-of-00001.safetensors"}}
    (place / "model.safetensors.index.json").write_text(json.dumps(index))
    assert (Checkpoint(place).tensor(name) == wanted).all()
    (place / "model-00001-of-00001.safetensors").unlink()
    with pytest.raises(ModelLoadFailed, match="lacks model-00001"):
        Checkpoint(place)


def test_a_prompt_that_is_too_long_is_cut_and_told(place: Path, caplog: pytest.LogCaptureFixture) -> None:
    from lofi_musicgen.config import read_config

    tokenizer = Tokenizer(place, read_config(place).text)
    with caplog.at_level(logging.WARNING):
        ids = tokenizer.encode("piano " * 5000, runtime := Runtime(log=logging.getLogger("test")))
    assert len(ids) == MAX_TOKENS
    assert float(runtime.notes["prompt_tokens_cut"]) > 4000
    assert ids[-1] == 1
    assert "are cut" in caplog.text


def test_a_directory_that_cannot_be_written_is_named(place: Path) -> None:
    files = [place / "model.safetensors"]
    made = Built(place, files, lambda _share: None).directory
    shutil.rmtree(made)
    made.write_text("in the way")
    with pytest.raises(ModelLoadFailed, match="could not be written"):
        Built(place, files, lambda _share: None)


@pytest.mark.parametrize(("layout", "channels"), [("mono", 1), ("stereo", 2)])
def test_the_description_follows_the_files(tmp_path: Path, layout: str, channels: int) -> None:
    place = put_layout(layout, tmp_path)
    spec = describe_backend(place, layout, Runtime())
    assert (spec.channels, spec.sample_rate, spec.streaming) == (channels, 32_000, True)
    assert "quality" in spec.model_version
    assert layout in spec.model_version


def test_describing_imports_nothing_heavy() -> None:
    program = (
        "import sys, pathlib, lofi_musicgen as b; from lofi_core import Runtime;"
        "b.describe_backend(pathlib.Path('nowhere'), None, Runtime());"
        "print([name for name in ('numpy', 'onnx', 'onnxruntime', 'tokenizers') if name in sys.modules])"
    )
    told = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert told.stdout.strip() == "[]"
