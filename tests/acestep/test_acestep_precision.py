"""Half and 8-bit weights: how far from fp32, what stays in fp32, and how much memory making them takes."""

from __future__ import annotations

import tracemalloc
from typing import TYPE_CHECKING

import numpy as np
import onnx
import pytest

from lofi_acestep.forms import stored_precision
from lofi_acestep.precision import to_fp16, to_int8
from lofi_acestep.precision.int8 import quantise
from lofi_acestep.surgery.affine import INTO_DCAE, OUT_OF_DCAE, at_input, at_output
from lofi_acestep.surgery.erg import DENOISER, ERG_INPUT, add_weakening
from lofi_acestep.surgery.graph import Graph
from lofi_acestep.surgery.skim import read_graph, weight_files
from tests.acestep import graphs
from tests.acestep.running import denoiser_feeds, run, run_changed

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

FEEDS = denoiser_feeds(graphs.WIDTH)
CONVERTERS = {"fp16": to_fp16, "int8": to_int8}


@pytest.fixture
def source(tmp_path: Path) -> Path:
    file = tmp_path / "transformer_decoder.onnx"
    graphs.save_outside(graphs.denoiser(), file, "weights.bin")
    return file


def far(given: NDArray[np.float32], wanted: NDArray[np.float32]) -> float:
    """Relative to the size of what is wanted, root mean square."""
    return float(np.sqrt(np.square(given - wanted).mean() / np.square(wanted).mean()))


@pytest.mark.parametrize(("form", "most"), [("fp16", 2e-3), ("int8", 2.5e-2)])
def test_the_result_is_near_fp32(source: Path, form: str, most: float) -> None:
    target = source.with_name("converted.onnx")
    CONVERTERS[form](source, target)
    made = run(target, FEEDS)
    assert made.dtype == np.float32
    assert 0 < far(made, run(source, FEEDS)) < most
    assert stored_precision(target) == form


@pytest.mark.parametrize(("form", "share"), [("fp16", 0.51), ("int8", 0.35)])
def test_the_weights_take_less(source: Path, form: str, share: float) -> None:
    target = source.with_name("converted.onnx")
    CONVERTERS[form](source, target)
    full = source.with_name("weights.bin").stat().st_size
    assert target.with_suffix(".weights").stat().st_size < share * full


@pytest.mark.parametrize("form", CONVERTERS)
def test_in_another_directory_nothing_of_the_source_is_needed(
    source: Path, form: str, tmp_path: Path
) -> None:
    target = tmp_path / "other" / "transformer_decoder.onnx"
    target.parent.mkdir()
    CONVERTERS[form](source, target)
    beside = source.with_name("converted.onnx")
    CONVERTERS[form](source, beside)
    wanted = run(beside, FEEDS)
    for file in (source, source.with_name("weights.bin")):
        file.unlink()
    assert weight_files(read_graph(target)) == ["transformer_decoder.weights"]
    np.testing.assert_array_equal(run(target, FEEDS), wanted)


@pytest.mark.parametrize("form", CONVERTERS)
def test_how_far_it_is_is_told(source: Path, form: str) -> None:
    told: list[float] = []
    CONVERTERS[form](source, source.with_name("converted.onnx"), told.append)
    assert told == sorted(told)
    assert 0 <= told[0] < 0.1
    assert 0.9 < told[-1] <= 1


@pytest.mark.parametrize("form", CONVERTERS)
def test_a_converted_network_can_still_be_weakened(source: Path, form: str) -> None:
    target, factor = source.with_name("converted.onnx"), {ERG_INPUT: np.full((1, 1, 1), 0.01, np.float32)}
    CONVERTERS[form](source, target)
    converted, exact = Graph(read_graph(target)), Graph(read_graph(source))
    assert add_weakening(converted, DENOISER)
    assert add_weakening(exact, DENOISER)
    wanted = run_changed(exact.finish(), source, {**FEEDS, **factor})
    assert far(run_changed(converted.finish(), target, {**FEEDS, **factor}), wanted) < 2e-2


@pytest.mark.parametrize("form", CONVERTERS)
def test_one_tensor_at_a_time_is_in_memory(tmp_path: Path, form: str) -> None:
    make, x = graphs.Builder(0), "x"
    for layer in range(12):
        x = make.linear(x, f"layer.{layer}", 512, 512)
    file = tmp_path / "network.onnx"
    onnx.save(make.model({"x": (graphs.FLOAT, [1, 512])}, {"y": [1, 512]}, [x]), str(file))
    tensor_bytes = 512 * 512 * 4
    tracemalloc.start()
    CONVERTERS[form](file, file.with_name("converted.onnx"))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 5 * tensor_bytes


def linear_attention(scale: float, directory: Path) -> Path:
    make = graphs.Builder(0)
    q, k, v = (make.linear("x", f"to_{part}", 16, 16) for part in "qkv")
    q, k, v = (make.op("Mul", part, make.const(scale, np.float32)) for part in (q, k, v))
    attended = graphs.linear_attention(make, q, k, v, epsilon=True)
    file = directory / "attention.onnx"
    onnx.save(make.model({"x": (graphs.FLOAT, [1, "T", 16])}, {"y": [1, "T", 16]}, [attended]), str(file))
    return file


@pytest.mark.parametrize("scale", [1.0, 40.0])
def test_sums_over_many_frames_do_not_overflow_in_half_precision(tmp_path: Path, scale: float) -> None:
    file = linear_attention(scale, tmp_path)
    to_fp16(file, target := tmp_path / "converted.onnx")
    feeds = {"x": np.random.default_rng(0).standard_normal((1, 2583, 16)).astype(np.float32)}
    assert far(run(target, feeds), run(file, feeds)) < 2e-3


def test_the_epsilon_survives_half_precision(tmp_path: Path) -> None:
    file = linear_attention(0.0, tmp_path)
    to_fp16(file, target := tmp_path / "converted.onnx")
    feeds = {"x": np.ones((1, 3, 16), np.float32)}
    np.testing.assert_array_equal(run(target, feeds), np.zeros((1, 3, 16)))


def test_feed_forward_parts_are_8_bit_and_the_ends_are_not(source: Path) -> None:
    target = source.with_name("converted.onnx")
    to_int8(source, target)
    kinds = {node.name: node.op_type for node in read_graph(target).graph.node}
    assert kinds["/transformer_blocks.3/ff/inverted_conv/conv/Conv/gemm"] == "MatMulNBits"
    assert kinds["/transformer_blocks.3/attn/to_v/MatMul"] == "MatMulNBits"
    assert kinds["/timestep_embedder/linear_1/MatMul"] == "MatMul"
    assert kinds["/final_layer/linear/MatMul"] == "MatMul"


@pytest.mark.parametrize("inputs", [64, 72])  # whole blocks, and one that is not
@pytest.mark.parametrize("turned", [False, True])
def test_a_weight_is_quantised_as_it_is_used(tmp_path: Path, turned: bool, inputs: int) -> None:
    make = graphs.Builder(0)
    weight = make.weight("w", 96, inputs) if turned else make.weight("w", inputs, 96)
    if turned:
        weight = make.op("Transpose", weight, perm=[1, 0])
    product = make.op("MatMul", "x", weight)
    file = tmp_path / "network.onnx"
    onnx.save(make.model({"x": (graphs.FLOAT, [2, inputs])}, {"y": [2, 96]}, [product]), str(file))
    to_int8(file, target := tmp_path / "converted.onnx")
    feeds = {"x": np.random.default_rng(0).standard_normal((2, inputs)).astype(np.float32)}
    assert stored_precision(target) == "int8"
    assert far(run(target, feeds), run(file, feeds)) < 1e-2


def test_blocks_are_off_by_half_a_step_at_most() -> None:
    rows = np.random.default_rng(0).standard_normal((6, 96)).astype(np.float32)
    rows[2] = 0
    blocks, scales = quantise(rows)
    back = (blocks.astype(np.float32) - 128) * scales[:, :, None]
    assert (np.abs(back - rows.reshape(6, 3, 32)) <= scales[:, :, None] * 0.5001).all()


def test_the_maps_at_the_ends_of_the_dcae_stay_exact_and_are_seen(tmp_path: Path) -> None:
    file = tmp_path / "dcae_decoder.onnx"
    onnx.save(graphs.latent_decoder(before=(1 / 0.1786, -1.9091), after=(7.0, -4.0)), str(file))
    to_fp16(file, target := tmp_path / "converted.onnx")
    graph = Graph(read_graph(target))
    assert at_input(graph).near(INTO_DCAE)
    assert at_output(graph).near(OUT_OF_DCAE)
    feeds = {"latents": np.random.default_rng(0).standard_normal((1, 8, 16, 5)).astype(np.float32)}
    assert far(run(target, feeds), run(file, feeds)) < 2e-3
