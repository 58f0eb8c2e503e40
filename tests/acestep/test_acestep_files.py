"""Which files make a model, and reading their graphs without their weights."""

from __future__ import annotations

import errno
import threading
from typing import TYPE_CHECKING

import numpy as np
import onnx
import pytest

from lofi_acestep.built import build, building, built_file, read_tensor, write_graph
from lofi_acestep.files import find_files
from lofi_acestep.precision import to_int8
from lofi_acestep.surgery.skim import read_graph, weight_files
from lofi_core import ModelLoadFailed, ModelNotFound
from tests.acestep import graphs

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def model_dir(tmp_path: Path) -> Path:
    return graphs.write_model(tmp_path / "model")


def test_a_whole_model_is_found(model_dir: Path) -> None:
    files = find_files(model_dir)
    assert files.denoiser == model_dir / "transformer_decoder.onnx"
    assert files.tokenizer.is_file()


@pytest.mark.parametrize("name", ["tokenizer.json", "vocoder.onnx", "transformer_decoder_weights.bin"])
def test_a_missing_file_is_named_with_the_remedy(model_dir: Path, name: str) -> None:
    (model_dir / name).unlink()
    with pytest.raises(ModelNotFound, match=name) as caught:
        find_files(model_dir)
    assert caught.value.hint == "lofi-core pull ace_step"


def test_an_empty_directory_lacks_the_weights_as_well(tmp_path: Path) -> None:
    with pytest.raises(ModelNotFound, match=r"transformer_decoder\.onnx.*transformer_decoder_weights\.bin"):
        find_files(tmp_path)


def test_the_weights_may_have_the_name_that_the_graph_says(model_dir: Path) -> None:
    (model_dir / "transformer_decoder_weights.bin").unlink()
    graphs.save_outside(graphs.denoiser(), model_dir / "transformer_decoder.onnx", "other.onnx.data")
    find_files(model_dir)
    (model_dir / "other.onnx.data").unlink()
    with pytest.raises(ModelNotFound, match=r"other\.onnx\.data"):
        find_files(model_dir)


@pytest.mark.parametrize("content", [b"", b"<!DOCTYPE html>", bytes(200)])
def test_a_file_that_is_no_onnx_is_refused_by_name(model_dir: Path, content: bytes) -> None:
    (model_dir / "vocoder.onnx").write_bytes(content)
    with pytest.raises(ModelLoadFailed, match=r"vocoder\.onnx"):
        find_files(model_dir)


def test_a_file_that_ends_too_early_is_refused(model_dir: Path) -> None:
    file = model_dir / "text_encoder.onnx"
    file.write_bytes(file.read_bytes()[:-1000])
    with pytest.raises(ModelLoadFailed, match=r"text_encoder\.onnx"):
        read_graph(file)


def test_a_graph_is_read_without_its_weights_and_they_are_where_it_says(model_dir: Path) -> None:
    file = model_dir / "text_encoder.onnx"
    whole = {
        tensor.name: onnx.numpy_helper.to_array(tensor) for tensor in onnx.load(str(file)).graph.initializer
    }
    graph = read_graph(file)
    assert len(graph.SerializeToString()) < file.stat().st_size / 5
    assert weight_files(graph) == ["text_encoder.onnx"]
    for tensor in graph.graph.initializer:
        np.testing.assert_array_equal(read_tensor(tensor, model_dir), whole[tensor.name])


def test_what_is_built_is_kept_until_its_source_changes(model_dir: Path) -> None:
    source, made = model_dir / "vocoder.onnx", []

    def make(file: Path, target: Path) -> None:
        made.append(target)
        write_graph(read_graph(file), target)

    first = build(source, "form", make)
    assert build(source, "form", make) == first
    source.write_bytes(graphs.text_encoder().SerializeToString())
    second = build(source, "form", make)
    assert made == [first, second]
    assert not first.exists()


def test_what_lost_its_weights_is_built_again(model_dir: Path) -> None:
    source = model_dir / "vocoder.onnx"
    made = build(source, "int8", to_int8)
    weights = made.with_suffix(".weights")
    weights.unlink()
    assert build(source, "int8", to_int8) == made
    assert weights.is_file()


def test_a_disk_that_is_full_gets_everything_back(model_dir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_given: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    before = sorted(model_dir.iterdir())
    monkeypatch.setattr("lofi_acestep.precision.int8.write_graph", full)  # the weights are there by then
    with pytest.raises(ModelLoadFailed, match="No space left on device") as caught:
        build(model_dir / "vocoder.onnx", "int8", to_int8)
    assert caught.value.hint == "make room there"
    assert sorted(model_dir.iterdir()) == before


def test_who_comes_second_waits_until_the_first_has_built(model_dir: Path) -> None:
    order: list[str] = []
    waits = threading.Event()

    def second() -> None:
        with building(model_dir, waits.set):
            order.append("second")

    thread = threading.Thread(target=second)
    with building(model_dir, pytest.fail):
        thread.start()
        assert waits.wait(10)
        order.append("first")
    thread.join(10)
    assert order == ["first", "second"]


def test_what_fails_halfway_leaves_nothing(model_dir: Path) -> None:
    source = model_dir / "vocoder.onnx"

    def fail(_source: Path, target: Path) -> None:
        target.with_name("missing").joinpath("file").touch()

    before = sorted(model_dir.iterdir())
    with pytest.raises(ModelLoadFailed, match="cannot be written"):
        build(source, "form", fail)
    assert sorted(model_dir.iterdir()) == before
    assert not built_file(source, "form").exists()
