"""The 1e-15 of linear attention, which some exports have lost."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import onnx
import pytest

from lofi_acestep.surgery.epsilon import add_epsilon, linear_attention_divisions
from lofi_acestep.surgery.graph import Graph
from lofi_acestep.surgery.skim import read_graph
from tests.acestep import graphs
from tests.acestep.running import denoiser_feeds, dynamo_graph, run, run_changed

if TYPE_CHECKING:
    from pathlib import Path

SILENCE = {"latents": np.zeros((1, 8, 16, 5), np.float32)}


def saved(model: onnx.ModelProto, directory: Path) -> Path:
    file = directory / "network.onnx"
    onnx.save(model, str(file))
    return file


def test_nothing_divided_by_nothing_is_nothing_again(tmp_path: Path) -> None:
    file = saved(graphs.latent_decoder(epsilon=False), tmp_path)
    assert np.isnan(run(file, SILENCE)).any(), "without the repair it should show"
    graph = Graph(read_graph(file))
    assert add_epsilon(graph) == 1
    whole = tmp_path / "whole.onnx"
    onnx.save(graphs.latent_decoder(), str(whole))
    np.testing.assert_array_equal(run_changed(graph.finish(), file, SILENCE), run(whole, SILENCE))


def test_every_layer_is_repaired_and_the_rest_stays_exact(tmp_path: Path) -> None:
    file = saved(graphs.denoiser(epsilon=False), tmp_path)
    graph, feeds = Graph(read_graph(file)), denoiser_feeds(graphs.WIDTH)
    assert add_epsilon(graph) == graphs.DENOISER_LAYERS
    np.testing.assert_array_equal(run_changed(graph.finish(), file, feeds), run(file, feeds))


@pytest.mark.parametrize("make", [graphs.denoiser, graphs.latent_decoder])
def test_an_epsilon_that_is_there_is_seen(tmp_path: Path, make: type[onnx.ModelProto]) -> None:
    graph = Graph(read_graph(saved(make(), tmp_path)))
    assert linear_attention_divisions(graph)
    assert add_epsilon(graph) == 0
    assert not graph.changed


@pytest.mark.parametrize("make", [graphs.text_encoder, graphs.context_encoder, graphs.vocoder])
def test_other_divisions_are_left_alone(tmp_path: Path, make: type[onnx.ModelProto]) -> None:
    assert not linear_attention_divisions(Graph(read_graph(saved(make(), tmp_path))))


def test_sums_that_are_a_product_of_their_own_are_seen_too(tmp_path: Path) -> None:
    """As in our exporter: q·(kᵀv) / q·Σk."""
    make = graphs.Builder(0)
    q, k = make.op("Relu", "q"), make.op("Relu", "q")
    state = make.op("MatMul", make.op("Transpose", k, perm=[0, 2, 1]), "v")
    total = make.op("Unsqueeze", make.op("ReduceSum", k, make.const([1]), keepdims=0), make.const([2]))
    mean = make.op("Div", make.op("MatMul", q, state), make.op("MatMul", q, total))
    shape = (graphs.FLOAT, ["B", "T", 4])
    file = saved(make.model({"q": shape, "v": shape}, {"mean": ["B", "T", 4]}, [mean]), tmp_path)
    feeds = {"q": np.full((1, 3, 4), -1, np.float32), "v": np.ones((1, 3, 4), np.float32)}
    assert np.isnan(run(file, feeds)).all()
    graph = Graph(read_graph(file))
    assert add_epsilon(graph) == 1
    np.testing.assert_array_equal(run_changed(graph.finish(), file, feeds), np.zeros((1, 3, 4)))


@pytest.mark.parametrize(
    ("name", "lost"), [("dcae_decoder", 1), ("transformer_decoder", 20), ("text_encoder", 0)]
)
def test_what_the_newer_exporter_lost_is_found(name: str, lost: int) -> None:
    assert add_epsilon(dynamo_graph(name)) == lost
