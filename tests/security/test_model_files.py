"""A model directory that somebody prepared cannot make a backend read elsewhere, or run anything."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from onnx import TensorProto, helper

from lofi_acestep.surgery.skim import read_graph, weight_files
from lofi_core import ModelLoadFailed, Runtime
from lofi_musicgen.weights import Checkpoint

if TYPE_CHECKING:
    from pathlib import Path

OUTSIDE = ["../secret", "x/../../secret", "/etc/passwd", "..", "/dev/zero"]
FLOATS = 512
RIGHT = {"dtype": "F32", "shape": [2, 2], "data_offsets": [0, 16]}


@pytest.fixture
def model_dir(tmp_path: Path) -> Path:
    """A model's directory, beside something that is no business of the model's."""
    (tmp_path / "secret").write_bytes(bytes(4 * FLOATS))
    directory = tmp_path / "model"
    directory.mkdir()
    return directory


def graph_with_weights_at(location: str, file: Path) -> Path:
    """A graph that says its weights lie there."""
    weights = TensorProto(name="w", data_type=1, dims=[FLOATS], data_location=TensorProto.EXTERNAL)
    for key, value in (("location", location), ("offset", "0"), ("length", str(4 * FLOATS))):
        weights.external_data.add(key=key, value=value)
    values = [helper.make_tensor_value_info(name, 1, [FLOATS]) for name in "xy"]
    graph = helper.make_graph(
        [helper.make_node("Add", ["x", "w"], ["y"])], "g", values[:1], values[1:], [weights]
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    file.write_bytes(model.SerializeToString())
    return file


def checkpoint(model_dir: Path, header: Any, data: bytes = bytes(64)) -> Path:
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    (model_dir / "model.safetensors").write_bytes(len(text).to_bytes(8, "little") + text + data)
    return model_dir


@pytest.mark.parametrize("location", OUTSIDE)
def test_onnx_runtime_opens_no_weights_outside_the_directory(model_dir: Path, location: str) -> None:
    with pytest.raises(ModelLoadFailed, match="cannot be opened"):
        Runtime(threads=1).session(graph_with_weights_at(location, model_dir / "a.onnx"))


@pytest.mark.parametrize("location", OUTSIDE)
def test_a_graph_that_is_read_for_its_weights_names_none_outside(model_dir: Path, location: str) -> None:
    graph = read_graph(graph_with_weights_at(location, model_dir / "a.onnx"))
    with pytest.raises(ModelLoadFailed, match="outside"):
        weight_files(graph)


def test_weights_in_a_directory_below_are_no_danger(model_dir: Path) -> None:
    graph = read_graph(graph_with_weights_at("./parts/w.bin", model_dir / "a.onnx"))
    assert weight_files(graph) == ["./parts/w.bin"]


@pytest.mark.parametrize("shard", [*OUTSIDE, "", "a/b.safetensors", 7, None, ["x"], "a\0b"])
def test_an_index_names_no_shard_outside(model_dir: Path, shard: object) -> None:
    (model_dir / "model.safetensors.index.json").write_text(json.dumps({"weight_map": {"t": shard}}))
    with pytest.raises(ModelLoadFailed, match=r"no file beside it|is missing"):
        Checkpoint(model_dir)


@pytest.mark.parametrize(
    "fields",
    [
        {"data_offsets": [-16, 0]},
        {"data_offsets": [16, 0]},
        {"data_offsets": [0, 2**62]},
        {"data_offsets": [0]},
        {"data_offsets": ["0", "16"]},
        {"shape": [2**40, 2**40]},
        {"shape": [-2, -2]},
        {"shape": [4, 4]},
        {"shape": ["4"]},
        {"shape": 4},
        {"dtype": ["F32"]},
        {"dtype": None},
    ],
)
def test_a_tensor_lies_within_its_file_and_is_as_large_as_it_says(
    model_dir: Path, fields: dict[str, Any]
) -> None:
    with pytest.raises(ModelLoadFailed):
        Checkpoint(checkpoint(model_dir, {"t": RIGHT | fields})).tensor("t")


@pytest.mark.parametrize("header", [b"[" * 100_000, b"null", b'{"t": 1}', b"\xff\xfe", b'{"t": {}}', b"[]"])
def test_a_header_that_is_none_is_refused(model_dir: Path, header: bytes) -> None:
    with pytest.raises(ModelLoadFailed):
        Checkpoint(checkpoint(model_dir, header))


def test_a_sound_checkpoint_is_read(model_dir: Path) -> None:
    read = Checkpoint(checkpoint(model_dir, {"t": RIGHT, "__metadata__": {"format": "pt"}}))
    np.testing.assert_array_equal(read.tensor("t"), np.zeros((2, 2)))
