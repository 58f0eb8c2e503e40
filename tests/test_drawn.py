"""The weights that benchmarks run with, where the true ones are not needed."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from benchmarks.drawn import ONES, ZEROS, Fill, write_safetensors

if TYPE_CHECKING:
    from pathlib import Path

    from benchmarks.drawn import Shape


def test_drawn_weights_are_there_by_name_and_shape_and_repeat_themselves(tmp_path: Path) -> None:
    fills = {"a": Fill(0.0, 0.5), "b.bias": ZEROS, "norm": ONES}
    shapes: dict[str, Shape] = {"a": (30, 100), "b.bias": (3,), "norm": (5,)}
    file = tmp_path / "model.safetensors"
    write_safetensors(file, shapes, lambda name, _shape: fills[name], drawn=1000)
    content = file.read_bytes()
    assert [each.name for each in tmp_path.iterdir()] == [file.name]
    assert int.from_bytes(content[:8], "little") % 8 == 0
    numbers = np.frombuffer(content, np.float32, offset=8 + int.from_bytes(content[:8], "little"))
    assert numbers[:3000].std() == pytest.approx(0.5, rel=0.1)
    np.testing.assert_array_equal(numbers[:1000], numbers[1000:2000])
    np.testing.assert_array_equal(numbers[3000:], [0, 0, 0, 1, 1, 1, 1, 1])
