"""The weights that benchmarks run with, where the true ones are not needed."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from benchmarks.drawn import ONES, ZEROS, Fill, write_safetensors
from lofi_musicgen.weights import Checkpoint

if TYPE_CHECKING:
    from pathlib import Path

    from benchmarks.drawn import Shape


def test_drawn_weights_are_there_by_name_and_shape_and_repeat_themselves(tmp_path: Path) -> None:
    fills = {"a": Fill(0.0, 0.5), "b.bias": ZEROS, "norm": ONES}
    shapes: dict[str, Shape] = {"a": (30, 100), "b.bias": (3,), "norm": (5,)}
    file = tmp_path / "model.safetensors"
    write_safetensors(file, shapes, lambda name, _shape: fills[name], drawn=1000)
    assert [each.name for each in tmp_path.iterdir()] == [file.name]
    assert int.from_bytes(file.read_bytes()[:8], "little") % 8 == 0  # else PyTorch cannot map it
    checkpoint = Checkpoint(tmp_path)
    assert {name: checkpoint.shape(name) for name in checkpoint.names()} == shapes
    numbers = checkpoint.tensor("a").reshape(-1)
    assert numbers.std() == pytest.approx(0.5, rel=0.1)
    # Longer than what is drawn: it comes round, wherever it began.
    np.testing.assert_array_equal(numbers[1000:2000], numbers[2000:])
    np.testing.assert_array_equal(checkpoint.tensor("b.bias"), np.zeros(3))
    np.testing.assert_array_equal(checkpoint.tensor("norm"), np.ones(5))
