"""ERG: a factor on the queries of some layers, put into a graph that has none."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import onnx
import pytest

from lofi_acestep.surgery.erg import DENOISER, ERG_INPUT, LYRICS, TEXT, Queries, add_weakening
from lofi_acestep.surgery.graph import Graph
from lofi_acestep.surgery.skim import read_graph
from tests.acestep import graphs
from tests.acestep.running import context_feeds, denoiser_feeds, dynamo_graph, run, run_changed, text_feeds

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

TAU = np.full((1, 1, 1), 0.01, np.float32)
NETWORKS: dict[str, tuple[Callable[[], onnx.ModelProto], Queries, dict[str, Any]]] = {
    "text": (graphs.text_encoder, TEXT, text_feeds()),
    "lyrics": (graphs.context_encoder, LYRICS, context_feeds(graphs.TEXT_WIDTH)),
    "denoiser": (graphs.denoiser, DENOISER, denoiser_feeds(graphs.WIDTH)),
}


def by_hand(model: onnx.ModelProto, queries: Queries) -> onnx.ModelProto:
    """The same network with the query weights and biases of those layers made smaller."""
    used = {
        node.input[1] if node.op_type == "MatMul" else node.input[0]: node.name
        for node in model.graph.node
        if len(node.input) > 1
    }
    for tensor in model.graph.initializer:
        match = queries.name.search(used.get(tensor.name, ""))
        if match and int(match[1]) in queries.layers:
            tensor.CopyFrom(
                onnx.numpy_helper.from_array(
                    onnx.numpy_helper.to_array(tensor) * np.float32(0.01), tensor.name
                )
            )
    return model


@pytest.mark.parametrize("network", NETWORKS)
@pytest.mark.parametrize("names", ["legacy", "none"])
def test_the_factor_does_what_smaller_query_weights_do(tmp_path: Path, network: str, names: str) -> None:
    make, queries, feeds = NETWORKS[network]
    file, weak = tmp_path / "network.onnx", tmp_path / "weak.onnx"
    onnx.save(make() if names == "legacy" else graphs.anonymous(make()), str(file))
    onnx.save(by_hand(make(), queries), str(weak))
    graph = Graph(read_graph(file))
    assert add_weakening(graph, queries)
    changed = graph.finish()
    wanted = run(weak, feeds)
    assert np.abs(wanted - run(file, feeds)).max() > 1e-2, "the factor should make a difference"
    np.testing.assert_allclose(run_changed(changed, file, {**feeds, ERG_INPUT: TAU}), wanted, atol=2e-5)
    np.testing.assert_array_equal(run_changed(changed, file, feeds), run(file, feeds))


def test_the_layers_are_found_by_the_names_of_their_weights(tmp_path: Path) -> None:
    model = graphs.denoiser()
    for number, node in enumerate(model.graph.node):
        node.name = f"node_{number}"
        # Softmax would give the layers away.
        if node.op_type == "Softmax":
            node.op_type = "Identity"
            del node.attribute[:]
    onnx.save(model, str(tmp_path / "network.onnx"))
    assert add_weakening(Graph(read_graph(tmp_path / "network.onnx")), DENOISER)


def test_rows_of_a_batch_can_be_weakened_differently(tmp_path: Path) -> None:
    file = tmp_path / "network.onnx"
    onnx.save(graphs.denoiser(), str(file))
    graph = Graph(read_graph(file))
    add_weakening(graph, DENOISER)
    feeds = denoiser_feeds(graphs.WIDTH, rows=2)
    one = {name: array[1:] for name, array in feeds.items()}
    factors = np.array([1, 0.01], np.float32).reshape(2, 1, 1)
    changed = graph.finish()
    both = run_changed(changed, file, {**feeds, ERG_INPUT: factors})
    np.testing.assert_allclose(both[1:], run_changed(changed, file, {**one, ERG_INPUT: TAU}), atol=1e-5)


def test_a_network_that_has_the_input_already_gets_no_second_one(tmp_path: Path) -> None:
    file = tmp_path / "network.onnx"
    onnx.save(graphs.denoiser(), str(file))
    graph = Graph(read_graph(file))
    add_weakening(graph, DENOISER)
    onnx.save(graph.finish(), str(file))
    again = Graph(read_graph(file))
    assert add_weakening(again, DENOISER)
    assert not again.changed


def test_a_number_for_all_rows_becomes_one_a_row(tmp_path: Path) -> None:
    """Our own exporter's `erg_tau` is a scalar."""
    file = tmp_path / "network.onnx"
    onnx.save(graphs.denoiser(), str(file))
    graph = Graph(read_graph(file))
    add_weakening(graph, DENOISER)
    model = graph.finish()
    del next(tensor for tensor in model.graph.initializer if tensor.name == ERG_INPUT).dims[:]
    declared = next(value for value in model.graph.input if value.name == ERG_INPUT)
    declared.type.tensor_type.shape.ClearField("dim")
    exported = tmp_path / "exported.onnx"
    onnx.save(model, str(exported))
    again = Graph(read_graph(exported))
    assert add_weakening(again, DENOISER)
    feeds = denoiser_feeds(graphs.WIDTH)
    scalar = run(exported, {**feeds, ERG_INPUT: np.array(0.01, np.float32)})
    np.testing.assert_array_equal(run_changed(again.finish(), exported, {**feeds, ERG_INPUT: TAU}), scalar)


def test_a_network_without_those_layers_is_left_alone(tmp_path: Path) -> None:
    file = tmp_path / "network.onnx"
    onnx.save(graphs.vocoder(), str(file))
    graph = Graph(read_graph(file))
    assert not add_weakening(graph, DENOISER)
    assert not graph.changed


@pytest.mark.parametrize(
    ("name", "queries", "weight"),
    [
        ("text_encoder", TEXT, None),
        ("transformer_encoder", LYRICS, "lyric_encoder.encoders.{}.self_attn.linear_q.bias"),
        ("transformer_decoder", DENOISER, "transformer_blocks.{}.cross_attn.to_q.bias"),
    ],
)
def test_the_layers_are_found_in_what_the_newer_exporter_makes(
    name: str, queries: Queries, weight: str | None
) -> None:
    graph = dynamo_graph(name)
    assert add_weakening(graph, queries)
    weakened = [node for node in graph.finish().graph.node if node.name.startswith("erg/")]
    assert len(weakened) == len(queries.layers)
    for layer, node in zip(queries.layers, weakened, strict=True):
        source = graph.producer(node.input[0])
        assert source is not None
        # UMT5's queries have no bias, and the exporter gives their weights numbers for names.
        assert weight.format(layer) in source.input if weight else source.op_type == "MatMul"
