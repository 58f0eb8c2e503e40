"""`models export`: other programs' files from a checkpoint, with the numbers of transformers."""

import shutil
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from numpy.typing import NDArray

from lofi_core import InvalidOption, LofiError, ModelLoadFailed, ModelNotFound, Runtime
from lofi_musicgen import export, export_model, load_model
from lofi_musicgen.codec import ForeignCodec, StreamingCodec
from lofi_musicgen.decoders.split import SplitDecoder
from lofi_musicgen.graph import codec, whole
from lofi_musicgen.graph.builder import GraphBuilder
from lofi_musicgen.loader import Model
from tests.musicgen.conftest import DATA, draw_codes, put_layout, reference, text_of

SPLIT = ("text_encoder", "decoder_model", "decoder_with_past_model", "encodec_decode")


@pytest.fixture(scope="module")
def exported(tmp_path_factory: pytest.TempPathFactory, runtime: Runtime) -> Path:
    """A split export of `mono`."""
    target = tmp_path_factory.mktemp("export")
    lines = export_model(DATA / "mono", target, "split", None, runtime)
    assert [line.split(":")[0] for line in lines] == ["text encoder", "decoder", "codec"]
    return target


@pytest.fixture(scope="module")
def model(exported: Path, tmp_path_factory: pytest.TempPathFactory, runtime: Runtime) -> Model:
    place = tmp_path_factory.mktemp("loaded") / "mono"
    shutil.copytree(exported, place)
    loaded: Model = load_model(place, runtime, "exported")
    return loaded


def test_a_split_export_is_the_six_files_that_other_programs_look_for(exported: Path) -> None:
    wanted = {"config.json", "tokenizer.json", *(f"{name}.onnx" for name in SPLIT)}
    assert {file.name for file in exported.iterdir()} == wanted


@pytest.mark.parametrize("name", SPLIT)
def test_an_exported_graph_has_standard_operators_only_and_passes_the_checker(
    exported: Path, name: str
) -> None:
    file = exported / f"{name}.onnx"
    onnx.checker.check_model(str(file), full_check=True)
    graph = onnx.load(file)
    assert [(opset.domain, opset.version) for opset in graph.opset_import] == [("", 18)]


def interface(file: Path) -> dict[str, tuple[str, int, int]]:
    """Name → input or output, type, rank."""
    graph = onnx.load(file, load_external_data=False).graph
    return {
        value.name: (side, value.type.tensor_type.elem_type, len(value.type.tensor_type.shape.dim))
        for side, values in (("in", graph.input), ("out", graph.output))
        for value in values
    }


@pytest.mark.parametrize("name", SPLIT)
def test_names_types_and_ranks_are_those_of_an_export_by_optimum(exported: Path, name: str) -> None:
    ours, theirs = (interface(place / f"{name}.onnx") for place in (exported, DATA / "exported"))
    assert ours == theirs


def test_the_exported_text_encoder_is_that_of_transformers(model: Model, runtime: Runtime) -> None:
    np.testing.assert_allclose(text_of(model, runtime).hidden, reference("mono")["hidden"], atol=1e-4)


def test_padding_is_hidden_from_the_exported_text_encoder(exported: Path, runtime: Runtime) -> None:
    session = runtime.session(exported / "text_encoder.onnx")
    tokens = np.pad(reference("mono")["tokens"][None], ((0, 1), (0, 200)), constant_values=5)
    mask = (np.arange(tokens.shape[1]) < reference("mono")["tokens"].size).astype(np.int64)
    feeds = {"input_ids": tokens, "attention_mask": np.stack([mask, np.ones_like(mask)])}
    (hidden,) = runtime.run(session, feeds)
    wanted = reference("mono")["hidden"]
    np.testing.assert_allclose(hidden[:1, : wanted.shape[1]], wanted, atol=1e-4)
    (theirs,) = runtime.run(runtime.session(DATA / "exported" / "text_encoder.onnx"), feeds)
    np.testing.assert_allclose(hidden, theirs, atol=1e-4)  # 200 tokens: the far buckets too


def test_the_exported_logits_are_those_of_transformers(model: Model, runtime: Runtime) -> None:
    assert isinstance(model.decoder, SplitDecoder)
    ids, wanted = reference("mono")["ids"], reference("mono")["logits"]
    state = model.decoder.start(text_of(model, runtime), ids.shape[1])
    logits = np.stack([model.decoder.step(state, column).copy() for column in ids.T], axis=2)
    np.testing.assert_allclose(logits, wanted, atol=1e-4)


def test_two_hundred_greedy_steps_of_the_export_give_the_codes_of_transformers(
    model: Model, runtime: Runtime
) -> None:
    greedy = reference("mono")["greedy"]
    assert greedy.shape[1] > 200
    assert (draw_codes(model, text_of(model, runtime), greedy.shape[1], temperature=0.0) == greedy).all()


def decoded(exported: Path, model: Model, runtime: Runtime, codes: NDArray[Any]) -> NDArray[np.float32]:
    whole = ForeignCodec(exported / "encodec_decode.onnx", model.config.codec, runtime)
    return whole.decode(codes)


def test_the_exported_codec_is_that_of_transformers(exported: Path, model: Model, runtime: Runtime) -> None:
    samples = decoded(exported, model, runtime, reference("mono")["codes"])
    np.testing.assert_allclose(samples, reference("mono")["samples"], atol=1e-4)


@pytest.mark.parametrize("frames", [1, 2, 3, 4])
def test_the_exported_codec_mirrors_short_sounds_as_transformers_does(
    exported: Path, model: Model, runtime: Runtime, frames: int
) -> None:
    with np.load(DATA / "codec" / "short.npz") as arrays:
        wanted = arrays[f"reflect_{frames}"]
    samples = decoded(exported, model, runtime, reference("mono")["codes"][:, :frames])
    np.testing.assert_allclose(samples, wanted, atol=1e-5 * np.abs(wanted).max())


def test_the_exported_codec_can_be_cut_and_streams_without_a_seam(model: Model) -> None:
    assert isinstance(model.codec, StreamingCodec)
    codes, whole = reference("mono")["codes"], reference("mono")["samples"]
    stream = model.codec.stream()
    pieces = [stream.push(codes[:, at : at + 10]) for at in range(0, codes.shape[1], 10)]
    streamed = np.concatenate([*pieces, stream.finish()])
    np.testing.assert_allclose(streamed, whole, atol=1e-5 * np.abs(whole).max())


def test_weights_that_would_not_fit_into_one_file_lie_beside_it(
    tmp_path: Path, runtime: Runtime, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(export, "EMBED_BELOW_BYTES", 1)
    export_model(DATA / "mono", tmp_path, None, None, runtime)
    assert (tmp_path / "decoder_model.onnx.data").stat().st_size > 100_000
    assert load_model(tmp_path, runtime, "exported").provider == "CPUExecutionProvider"


@pytest.mark.parametrize("layout", ["mono", "stereo"])
@pytest.mark.parametrize("precision", ["quality", "fast", "exact", "half"])
def test_our_own_graphs_are_exported_with_their_error(
    tmp_path: Path, runtime: Runtime, layout: str, precision: str
) -> None:
    lines = export_model(DATA / layout, tmp_path, "step", precision, runtime)
    (built,) = tmp_path.iterdir()
    assert {part.name for part in built.iterdir() if part.is_dir()} >= {"codec", f"decoder-{precision}"}
    assert "relative rms error" in lines[1]


def test_exported_graphs_are_used_where_they_are_put_beside_their_checkpoint(
    tmp_path: Path, runtime: Runtime
) -> None:
    (tmp_path / "made").mkdir()
    export_model(DATA / "mono", tmp_path / "made", "step", "fast", runtime)
    place = put_layout("mono", tmp_path / "there")
    for built in (tmp_path / "made").iterdir():
        shutil.copytree(built, place / built.name)
    stages: list[str] = []
    load_model(place, Runtime(threads=1, report=lambda _share, what: stages.append(what)), "fast")
    assert "build" not in stages
    assert "load" in stages


@pytest.mark.parametrize("approximate", ["none", "tanh"])
def test_gelu_in_older_operators_is_gelu(tmp_path: Path, runtime: Runtime, approximate: str) -> None:
    made = []
    x = np.linspace(-6, 6, 401, dtype=np.float32)
    for widely_read in (False, True):
        file = tmp_path / f"{widely_read}.onnx"
        with GraphBuilder(file, widely_read=widely_read) as graph:
            y = graph.gelu(graph.input("x", onnx.TensorProto.FLOAT, [x.size]), approximate)
            graph.op("Identity", y, name="y")
            graph.output("y", onnx.TensorProto.FLOAT, [x.size])
            graph.save()
        made += runtime.run(runtime.session(file), {"x": x})
    np.testing.assert_allclose(made[1], made[0], atol=2e-6)


def refusal(source: Path, target: Path, layout: str | None = None, precision: str | None = None) -> LofiError:
    target.mkdir(exist_ok=True)
    with pytest.raises(LofiError) as failure:
        export_model(source, target, layout, precision, Runtime(threads=1))
    assert failure.value.hint
    assert not list(target.iterdir())
    return failure.value


def test_a_source_without_a_model_is_named(tmp_path: Path) -> None:
    assert isinstance(refusal(tmp_path / "nothing", tmp_path / "to"), ModelNotFound)


def test_a_source_that_is_an_export_already_is_refused(tmp_path: Path) -> None:
    failure = refusal(put_layout("merged", tmp_path / "merged"), tmp_path / "to")
    assert "an ONNX export already (merged)" in failure.message


def test_a_split_of_a_stereo_model_is_refused(tmp_path: Path) -> None:
    failure = refusal(DATA / "stereo", tmp_path / "to", "split")
    assert isinstance(failure, InvalidOption)
    assert "--layout step" in str(failure.hint)


@pytest.mark.parametrize(("layout", "precision"), [("split", "fp16"), (None, "quality"), ("step", "fp32")])
def test_a_precision_that_a_layout_has_not_is_refused(
    tmp_path: Path, layout: str | None, precision: str
) -> None:
    failure = refusal(DATA / "mono", tmp_path / "to", layout, precision)
    assert isinstance(failure, InvalidOption)
    assert repr(precision) in failure.message


def test_a_disk_without_room_is_named_before_anything_is_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda _path: shutil._ntuple_diskusage(10, 9, 1))
    assert "GB for a while" in refusal(DATA / "mono", tmp_path / "to").message


def test_a_disk_that_fills_leaves_the_target_empty(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_arguments: object, **_more: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(export, "build_split", full)
    failure = refusal(DATA / "mono", tmp_path / "to")
    assert isinstance(failure, ModelLoadFailed)
    assert "No space left on device" in failure.message


def test_graphs_that_compute_something_else_are_not_delivered(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def louder(*arguments: Any, output: str) -> None:
        graph, checkpoint, config, x = arguments
        codec.add_upsampler(graph, checkpoint, config, graph.op("Add", x, x), output)

    monkeypatch.setattr(whole, "add_upsampler", louder)
    assert "do not compute what the checkpoint does" in refusal(DATA / "mono", tmp_path / "to").message
