"""The five networks loaded as one model, and run."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import onnx
import pytest

from lofi_acestep.loader import load
from lofi_acestep.memory import fits
from lofi_acestep.networks import Context, Weakening
from lofi_core import InferenceFailed, ModelLoadFailed, Runtime
from lofi_core.runtime import CancelToken, RunEnded
from tests.acestep import graphs

if TYPE_CHECKING:
    from pathlib import Path

RANDOM = np.random.default_rng(5)
LATENTS = RANDOM.standard_normal((1, 8, 16, 9)).astype(np.float32)
CONTEXTS = [
    Context(RANDOM.standard_normal((1, 6, graphs.WIDTH)).astype(np.float32), np.ones((1, 6), np.float32))
    for _ in range(2)
]


@pytest.fixture
def model_dir(tmp_path: Path) -> Path:
    return graphs.write_model(tmp_path / "model")


@pytest.fixture
def runtime() -> Runtime:
    return Runtime(threads=1)


@pytest.mark.parametrize("weights", ["fp32", "fp16", "int8"])
def test_a_model_is_loaded_and_says_how(model_dir: Path, runtime: Runtime, weights: Any) -> None:
    model = load(model_dir, runtime, weights)
    told = {"precision": weights, "residency": "staged", "erg": "text, lyrics, denoiser"}
    assert runtime.notes == {**told, "threads": runtime.threads}
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


def test_all_networks_run_after_each_other(model_dir: Path, runtime: Runtime) -> None:
    model = load(model_dir, runtime)
    ids = np.array([model.tokens("w3 w4")])
    lyrics = np.array([[261, 259, 6688, 2]])
    with model.text_encoder() as text:
        states = text.encode(ids, np.ones_like(ids))
    with model.context_encoder() as encoder:
        speaker = np.zeros((1, 512), np.float32)
        context = encoder.encode(states, np.ones_like(ids), speaker, lyrics, np.ones_like(lyrics))
    assert context.states.shape == (1, 1 + 3 + 4, graphs.WIDTH)
    np.testing.assert_array_equal(context.mask, np.ones((1, 8), np.float32))
    with model.denoiser() as denoiser:
        velocity = denoiser.velocity(LATENTS, 500.0, context)
    with model.latent_decoder() as decoder:
        mel = decoder.mel(velocity)
    with model.vocoder() as vocoder:
        assert vocoder.wave(mel[:, 0]).shape == (9 * 8 * 512,)


def test_staged_networks_are_gone_after_their_block(model_dir: Path, runtime: Runtime) -> None:
    model = load(model_dir, runtime, residency="staged")
    with model.denoiser() as denoiser:
        denoiser.velocity(LATENTS, 500.0, CONTEXTS[0])
    with pytest.raises(AttributeError):
        denoiser.velocity(LATENTS, 500.0, CONTEXTS[0])


def test_resident_networks_stay_until_the_model_goes(model_dir: Path, runtime: Runtime) -> None:
    model = load(model_dir, runtime, residency="resident")
    with model.denoiser() as first, model.denoiser() as second:
        assert first is second
    first.velocity(LATENTS, 500.0, CONTEXTS[0])
    model.close()
    with model.denoiser() as again:
        assert again is not first


@pytest.mark.parametrize("weaken", [[1.0, 1.0], [1.0, 0.01]])
@pytest.mark.parametrize("rows", ["B", 1])
def test_two_contexts_give_the_same_in_one_run_or_in_two(
    model_dir: Path, runtime: Runtime, rows: Any, weaken: list[float]
) -> None:
    graphs.save_outside(graphs.denoiser(rows=rows), model_dir / "transformer_decoder.onnx", "other.bin")
    with load(model_dir, runtime).denoiser() as denoiser:
        assert denoiser.batches == (rows == "B")
        both = denoiser.velocities(LATENTS, 500.0, CONTEXTS, weaken)
        for velocity, context, factor in zip(both, CONTEXTS, weaken, strict=True):
            alone = denoiser.velocity(LATENTS, 500.0, context, factor)
            np.testing.assert_allclose(velocity, alone, rtol=0, atol=1e-4)  # of 20


def test_a_network_in_half_precision_takes_and_gives_single(model_dir: Path, runtime: Runtime) -> None:
    half = graphs.vocoder()
    for tensor in half.graph.initializer:
        array = onnx.numpy_helper.to_array(tensor)
        if array.dtype == np.float32:
            tensor.CopyFrom(onnx.numpy_helper.from_array(array.astype(np.float16), tensor.name))
    for value in [*half.graph.input, *half.graph.output]:
        value.type.tensor_type.elem_type = onnx.TensorProto.FLOAT16
    onnx.save(half, str(model_dir / "vocoder.onnx"))
    with load(model_dir, runtime).vocoder() as vocoder:
        assert vocoder.wave(np.zeros((1, 128, 4), np.float32)).dtype == np.float32


def test_where_nothing_can_be_written_a_model_loads_without_erg(
    model_dir: Path, runtime: Runtime, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_given: Any) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("lofi_acestep.forms.write_graph", refuse)
    assert load(model_dir, runtime).weakening == Weakening(text=False, lyrics=False, denoiser=False)
    assert runtime.notes["erg"] == "none"


class NoMemory:
    """A session on a full machine."""

    def run(self, *_given: Any) -> None:
        raise RuntimeError(
            "[ONNXRuntimeError] : 6 : Failed to allocate memory for requested buffer of size 9"
        )


def test_no_memory_names_the_network_and_what_takes_less(model_dir: Path, runtime: Runtime) -> None:
    with load(model_dir, runtime).latent_decoder() as decoder:
        decoder._session = NoMemory()
        with pytest.raises(InferenceFailed, match="no memory left in the DCAE decoder") as caught:
            decoder.mel(LATENTS)
    assert "windows" in str(caught.value.hint)
    assert "staged" in str(caught.value.hint)


def test_a_cancelled_job_ends_in_the_network(model_dir: Path, runtime: Runtime) -> None:
    token = CancelToken()
    with load(model_dir, runtime).denoiser() as denoiser, runtime.runs.working_for(token):
        runtime.runs.terminate(token)
        with pytest.raises(RunEnded):
            denoiser.velocity(LATENTS, 500.0, CONTEXTS[0])


def test_files_in_fp16_are_used_as_they_are(model_dir: Path, runtime: Runtime, tmp_path: Path) -> None:
    from lofi_acestep.precision import to_fp16

    file = model_dir / "transformer_decoder.onnx"
    to_fp16(file, made := tmp_path / "transformer_decoder.onnx")
    for part in (made, made.with_suffix(".weights")):
        part.rename(model_dir / part.name)
    load(model_dir, runtime)
    assert runtime.notes["precision"] == "fp16"
    assert runtime.notes["erg"] == "text, lyrics, denoiser"


def test_a_second_load_makes_nothing_anew(model_dir: Path, runtime: Runtime) -> None:
    load(model_dir, runtime, "int8")
    before = {file: file.stat().st_mtime_ns for file in model_dir.iterdir()}
    load(model_dir, runtime, "int8")
    assert {file: file.stat().st_mtime_ns for file in model_dir.iterdir()} == before


def test_progress_only_rises(model_dir: Path) -> None:
    told: list[tuple[float, str]] = []
    load(model_dir, Runtime(threads=1, report=lambda share, what: told.append((share, what))), "int8")
    shares = [share for share, _what in told]
    assert shares == sorted(shares)
    assert shares[-1] < 1
    assert {what for _share, what in told} >= {"int8 weights", "try the denoiser"}


@pytest.mark.parametrize(("gigabytes", "enough"), [(0.001, False), (64.0, True)])
def test_everything_stays_open_where_the_gpu_has_room_for_it_twice(
    model_dir: Path, monkeypatch: pytest.MonkeyPatch, gigabytes: float, enough: bool
) -> None:
    monkeypatch.setattr("lofi_acestep.memory._gpu_bytes", lambda: gigabytes * 2**30)
    assert fits([model_dir / "vocoder.onnx"], "cuda") == enough


def test_no_memory_to_open_a_network_names_it(
    model_dir: Path, runtime: Runtime, monkeypatch: pytest.MonkeyPatch
) -> None:
    import onnxruntime

    def refuse(*_given: Any, **_settings: Any) -> None:
        raise RuntimeError("std::bad_alloc")

    monkeypatch.setattr(onnxruntime, "InferenceSession", refuse)
    with pytest.raises(ModelLoadFailed, match="no memory for the text encoder"):
        load(model_dir, runtime)


def test_a_load_that_is_cancelled_leaves_no_half_made_weights(model_dir: Path) -> None:
    def end(share: float, _what: str) -> None:
        if share > 0.5:
            raise RunEnded

    with pytest.raises(RunEnded):
        load(model_dir, Runtime(threads=1, report=end), "int8")
    assert not list(model_dir.glob("*.part-*"))
    assert not list(model_dir.glob("transformer_decoder*int8*"))


def test_tokens_end_with_the_end(model_dir: Path, runtime: Runtime) -> None:
    assert load(model_dir, runtime).tokens("w7 nobody w9") == [7, 2, 9, 1]


@pytest.mark.parametrize(
    ("old", "new", "why"),
    [
        ('"</s>":1', '"</s>":5', "its </s> is 5"),
        ('"w39":39', '"w39":39,"w40":40', "41 tokens, the text encoder 40"),
    ],
)
def test_a_tokenizer_of_another_model_is_refused(
    model_dir: Path, runtime: Runtime, old: str, new: str, why: str
) -> None:
    file = model_dir / "tokenizer.json"
    text = file.read_text().replace(": ", ":").replace("\n", "").replace(" ", "")
    assert old in text
    file.write_text(text.replace(old, new))
    with pytest.raises(ModelLoadFailed, match=why):
        load(model_dir, runtime)
