"""The numbers are those of transformers, whichever files the model comes in."""

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from lofi_core import Runtime
from lofi_musicgen.codec import ForeignCodec, StreamingCodec
from tests.musicgen.conftest import DATA, OpenModel, draw_codes, reference, text_of

# Root mean square error of the logits, relative, with random weights: what quantising costs.
QUANTISING_COSTS = {"quality": 0.05, "fast": 0.3}


def teacher_forced(
    open_model: OpenModel, runtime: Runtime, layout: str, precision: str | None
) -> NDArray[Any]:
    """Logits [2, K, S, V], one column at a time over the reference's codes."""
    model, ids = open_model(layout, precision), reference(layout)["ids"]
    state = model.decoder.start(text_of(model, runtime), ids.shape[1])
    return np.stack([model.decoder.step(state, column).copy() for column in ids.T], axis=2)


@pytest.mark.parametrize(
    ("layout", "precision"), [("mono", "exact"), ("stereo", "exact"), ("split", None), ("merged", None)]
)
def test_two_hundred_greedy_steps_give_the_codes_of_transformers(
    open_model: OpenModel, runtime: Runtime, layout: str, precision: str | None
) -> None:
    model, greedy = open_model(layout, precision), reference(layout)["greedy"]
    assert greedy.shape[1] > 200
    codes = draw_codes(model, text_of(model, runtime), greedy.shape[1], temperature=0.0)
    assert (codes == greedy).all()


@pytest.mark.parametrize(
    ("layout", "precision"), [("mono", "exact"), ("stereo", "exact"), ("split", None), ("merged", None)]
)
def test_logits_are_those_of_transformers(
    open_model: OpenModel, runtime: Runtime, layout: str, precision: str | None
) -> None:
    logits = teacher_forced(open_model, runtime, layout, precision)
    np.testing.assert_allclose(logits, reference(layout)["logits"], atol=1e-4)


@pytest.mark.parametrize("layout", ["mono", "stereo"])
@pytest.mark.parametrize("precision", ["quality", "fast"])
def test_quantised_logits_are_near(
    open_model: OpenModel, runtime: Runtime, layout: str, precision: str
) -> None:
    wanted = reference(layout)["logits"]
    error = teacher_forced(open_model, runtime, layout, precision) - wanted
    assert np.sqrt((error**2).mean() / (wanted**2).mean()) < QUANTISING_COSTS[precision]


@pytest.mark.parametrize("layout", ["mono", "stereo", "split"])
def test_the_text_encoder_is_that_of_transformers(
    open_model: OpenModel, runtime: Runtime, layout: str
) -> None:
    model = open_model(layout, "exact" if layout != "split" else None)
    assert model.tokenizer.encode("lofi jazz, rain", runtime) == reference(layout)["tokens"].tolist()
    np.testing.assert_allclose(text_of(model, runtime).hidden, reference(layout)["hidden"], atol=1e-4)


@pytest.mark.parametrize("layout", ["mono", "stereo"])
@pytest.mark.parametrize("precision", ["exact", "quality", "fast"])
def test_many_columns_at_once_are_the_same_as_one_by_one(
    open_model: OpenModel, runtime: Runtime, layout: str, precision: str
) -> None:
    model, ids = open_model(layout, precision), reference(layout)["ids"]
    one_by_one = teacher_forced(open_model, runtime, layout, precision)
    state = model.decoder.start(text_of(model, runtime), ids.shape[1])
    near = 1e-4 if precision == "exact" else 0.1  # a rounding step of int8 more or less
    np.testing.assert_allclose(model.decoder.prefill(state, ids[:, :30]), one_by_one[:, :, 29], atol=near)
    np.testing.assert_allclose(model.decoder.step(state, ids[:, 30]), one_by_one[:, :, 30], atol=near)


@pytest.mark.parametrize("frames", [1, 10, 37, 90])
def test_streamed_decoding_is_the_whole_decoding_of_transformers(open_model: OpenModel, frames: int) -> None:
    codec = open_model("mono", "exact").codec
    codes, whole = reference("mono")["codes"], reference("mono")["samples"]
    stream = codec.stream()
    pieces = [stream.push(codes[:, at : at + frames]) for at in range(0, codes.shape[1], frames)]
    streamed = np.concatenate([*pieces, stream.finish()])
    assert streamed.shape == whole.shape
    np.testing.assert_allclose(streamed, whole, atol=1e-5 * np.abs(whole).max())


@pytest.mark.parametrize("frames", [4, 5, 8])
def test_a_sound_of_a_few_frames_is_decoded_alike_in_one_piece_and_in_many(
    open_model: OpenModel, frames: int
) -> None:
    codec, codes = open_model("mono", "exact").codec, reference("mono")["codes"][:, :frames]
    whole, single = codec.stream(), codec.stream()
    together = np.concatenate([whole.push(codes), whole.finish()])
    pieces = np.concatenate([*(single.push(codes[:, [at]]) for at in range(frames)), single.finish()])
    assert together.shape == (frames * codec.hop,)
    np.testing.assert_allclose(pieces, together, atol=1e-6)


def test_a_stream_keeps_a_few_frames_however_long_it_is(open_model: OpenModel) -> None:
    codec = open_model("mono", "exact").codec
    assert isinstance(codec, StreamingCodec)
    stream, codes = codec.stream(), reference("mono")["codes"]
    for _ in range(5):
        stream.push(codes)
    assert stream.frames_kept < 10


def test_an_export_that_only_decodes_whole_is_decoded_in_pieces_nearly_alike(
    open_model: OpenModel, runtime: Runtime
) -> None:
    model = open_model("split")
    codec = ForeignCodec(DATA / "exported" / "encodec_decode.onnx", model.config.codec, runtime)
    codes, whole = reference("mono")["codes"], reference("mono")["samples"]
    stream = codec.stream()
    pieces = [stream.push(codes[:, at : at + 25]) for at in range(0, codes.shape[1], 25)]
    streamed = np.concatenate([*pieces, stream.finish()])
    assert codec.approximate
    np.testing.assert_allclose(streamed, whole, atol=1e-3 * np.abs(whole).max())
