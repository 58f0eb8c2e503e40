"""The codec at the edges: sounds shorter than its padding, every way to pad, empty pieces."""

import json
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from numpy.typing import NDArray
from onnx import helper, numpy_helper

from lofi_core import ModelLoadFailed, Runtime
from lofi_musicgen import load_model
from lofi_musicgen.codec import Codec, ForeignCodec
from lofi_musicgen.config import read_config
from lofi_musicgen.graph.cut import cut_codec
from tests.musicgen.conftest import DATA, put_layout, reference


@cache
def short_sounds() -> dict[str, NDArray[Any]]:
    """What transformers computed; codec/make_short.py says what the arrays are."""
    with np.load(DATA / "codec" / "short.npz") as arrays:
        return dict(arrays)


@pytest.fixture(scope="module", params=["reflect", "constant", "replicate"])
def padded(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, runtime: Runtime
) -> tuple[str, Codec]:
    """A padding mode, and the codec of the small checkpoint when it asks for it."""
    directory = put_layout("mono", tmp_path_factory.mktemp(request.param))
    set_pad_mode(directory, request.param)
    return request.param, load_model(directory, runtime, "exact").codec


def set_pad_mode(directory: Path, pad_mode: str) -> None:
    config = json.loads((directory / "config.json").read_text())
    config["audio_encoder"]["pad_mode"] = pad_mode
    (directory / "config.json").write_text(json.dumps(config))


def decode(codec: Codec, codes: NDArray[np.int64], frames: int) -> NDArray[np.float32]:
    """Samples of codes [K, T] that come in pieces of `frames`."""
    stream = codec.stream()
    pieces = [stream.push(codes[:, at : at + frames]) for at in range(0, codes.shape[1], frames)]
    return np.concatenate([*pieces, stream.finish()])


@pytest.mark.parametrize("frames", [1, 2, 90])
def test_a_sound_shorter_than_the_padding_is_that_of_transformers(
    padded: tuple[str, Codec], frames: int
) -> None:
    pad_mode, codec = padded
    for name, expected in short_sounds().items():
        mode, length = name.split("_")
        if mode == pad_mode:
            samples = decode(codec, reference("mono")["codes"][:, : int(length)], frames)
            assert samples.shape == expected.shape, name
            np.testing.assert_allclose(samples, expected, atol=1e-5 * np.abs(expected).max(), err_msg=name)


def test_every_way_to_pad_is_the_same_in_pieces_as_whole(padded: tuple[str, Codec]) -> None:
    codec, codes = padded[1], reference("mono")["codes"]
    whole = decode(codec, codes, codes.shape[1])
    for frames in (1, 10, 37):
        np.testing.assert_allclose(decode(codec, codes, frames), whole, atol=1e-5 * np.abs(whole).max())


def test_an_empty_piece_changes_nothing(padded: tuple[str, Codec]) -> None:
    codec, codes = padded[1], reference("mono")["codes"][:, :12]
    stream = codec.stream()
    pieces = [stream.push(codes[:, :0]), stream.push(codes), stream.push(codes[:, :0]), stream.finish()]
    np.testing.assert_array_equal(np.concatenate(pieces), decode(codec, codes, 12))


def test_no_codes_are_no_samples(padded: tuple[str, Codec]) -> None:
    stream = padded[1].stream()
    assert stream.push(np.zeros((4, 0), np.int64)).shape == (0,)
    assert stream.finish().shape == (0,)


def remember_longer(file: Path) -> None:
    """Give the LSTM of an export a memory that outlasts any context: forget nearly nothing."""
    model = onnx.load(file)
    arrays = {tensor.name: tensor for tensor in model.graph.initializer}
    for node in model.graph.node:
        if node.op_type == "LSTM" and node.input[3] in arrays:  # equal ones are shared
            bias = numpy_helper.to_array(arrays[node.input[3]]).copy()
            width = bias.shape[1] // 8
            bias[:, 2 * width : 3 * width] += 4.0  # the gates lie in the order i, o, f, c
            arrays[node.input[3]].CopyFrom(numpy_helper.from_array(bias, node.input[3]))
    onnx.save(model, file)


def test_an_overlapped_piece_fades_into_the_one_before(tmp_path: Path, runtime: Runtime) -> None:
    directory, codes = put_layout("split", tmp_path), np.tile(reference("mono")["codes"], 2)
    remember_longer(directory / "encodec_decode.onnx")
    codec = ForeignCodec(directory / "encodec_decode.onnx", read_config(directory).codec, runtime)
    stream, hop = codec.stream(), codec.hop
    # 5 frames late: the seams lie at 75, 100 and so on. A piece has 50 frames before it and 5 after.
    pieces = [stream.push(codes[:, :80])] + [stream.push(codes[:, at : at + 25]) for at in (80, 105)]
    made = np.concatenate(pieces)[100 * hop : 101 * hop]
    before = codec.decode(codes[:, 25:105])[75 * hop : 76 * hop]
    after = codec.decode(codes[:, 50:130])[50 * hop : 51 * hop]
    assert distance(before, after, slice(None)) > 1e-4, "the memory is not long enough to tell"
    assert distance(made, before, slice(16)) < 0.05 * distance(after, before, slice(16))
    assert distance(made, after, slice(-16, None)) < 0.05 * distance(after, before, slice(-16, None))


def distance(one: NDArray[np.float32], other: NDArray[np.float32], part: slice) -> float:
    return float(np.abs(one - other)[part].mean())


def test_an_export_is_cut_at_its_lstm_and_streams_exactly_however_long_its_memory(
    tmp_path: Path, runtime: Runtime
) -> None:
    directory, codes = put_layout("split", tmp_path), np.tile(reference("mono")["codes"], 2)
    file = directory / "encodec_decode.onnx"
    remember_longer(file)
    codec = load_model(directory, runtime, "").codec
    whole = ForeignCodec(file, read_config(directory).codec, runtime).decode(codes)
    assert not codec.approximate
    np.testing.assert_allclose(decode(codec, codes, 25), whole, atol=1e-6 * np.abs(whole).max())


def test_an_export_that_cannot_be_cut_is_decoded_in_overlapping_pieces(
    tmp_path: Path, runtime: Runtime, caplog: pytest.LogCaptureFixture
) -> None:
    directory = put_layout("split", tmp_path)
    model = onnx.load(directory / "encodec_decode.onnx")
    last = [node for node in model.graph.node if node.op_type == "LSTM"][-1].output[0]
    squeeze = next(node for node in model.graph.node if last in node.input)
    at = list(model.graph.node).index(squeeze) + 1
    model.graph.node.insert(at, helper.make_node("Identity", ["between"], [squeeze.output[0]]))
    squeeze.output[0] = "between"
    onnx.save(model, directory / "encodec_decode.onnx")
    codec = load_model(directory, runtime, "").codec
    assert codec.approximate
    assert "overlapping pieces" in caplog.text


def test_what_has_no_lstm_cannot_be_cut(tmp_path: Path) -> None:
    directory = put_layout("split", tmp_path)
    with pytest.raises(ModelLoadFailed, match="cannot be cut at its LSTM"):
        cut_codec(directory / "text_encoder.onnx", tmp_path)


def test_what_is_no_onnx_file_cannot_be_cut(tmp_path: Path) -> None:
    (tmp_path / "encodec_decode.onnx").write_bytes(b"no protobuf at all")
    with pytest.raises(ModelLoadFailed, match="no ONNX file"):
        cut_codec(tmp_path / "encodec_decode.onnx", tmp_path)
