"""Convolutions of width 1 as matrix products."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import onnx

from lofi_acestep.surgery.graph import Graph
from lofi_acestep.surgery.linear import add_linear
from lofi_acestep.surgery.skim import read_graph
from tests.acestep import graphs
from tests.acestep.running import denoiser_feeds, run, run_changed

if TYPE_CHECKING:
    from pathlib import Path


def test_the_feed_forward_parts_become_products_that_give_the_same(tmp_path: Path) -> None:
    file = tmp_path / "network.onnx"
    graphs.save_outside(graphs.denoiser(), file, "weights.bin")
    before = (tmp_path / "weights.bin").read_bytes()
    graph = Graph(read_graph(file))
    assert add_linear(graph) == 2 * graphs.DENOISER_LAYERS
    changed = graph.finish()
    kinds = [node.op_type for node in changed.graph.node]
    assert kinds.count("Conv") == graphs.DENOISER_LAYERS, "the convolutions over time stay"
    for rows in (1, 2):
        feeds = denoiser_feeds(graphs.WIDTH, rows=rows)
        np.testing.assert_allclose(
            run_changed(changed, file, feeds), run(file, feeds), rtol=0, atol=3e-5
        )  # of 18
    assert (tmp_path / "weights.bin").read_bytes() == before


def test_no_weights_are_copied(tmp_path: Path) -> None:
    file = tmp_path / "network.onnx"
    onnx.save(graphs.denoiser(), str(file))
    graph = Graph(read_graph(file))
    add_linear(graph)
    assert len(graph.finish().SerializeToString()) < file.stat().st_size / 5


def test_wider_grouped_and_two_dimensional_convolutions_stay(tmp_path: Path) -> None:
    file = tmp_path / "network.onnx"
    make = graphs.Builder(0)
    x = make.op("Conv", "x", make.weight("grouped", 8, 4, 1), group=2, kernel_shape=[1])
    x = make.op("Conv", x, make.weight("wide", 8, 8, 3), pads=[1, 1], kernel_shape=[3])
    x = make.op("Conv", x, make.weight("strided", 8, 8, 1), strides=[2], kernel_shape=[1])
    onnx.save(make.model({"x": (graphs.FLOAT, [1, 8, "T"])}, {"y": [1, 8, "N"]}, [x]), str(file))
    assert add_linear(Graph(read_graph(file))) == 0
