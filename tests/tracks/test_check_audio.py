"""What a backend may yield as audio, and what it is told otherwise."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from lofi_core.errors import InferenceFailed
from lofi_core.tracks.audio import check_audio


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_floats_of_either_width_become_float32(dtype: Any) -> None:
    audio = check_audio(np.array([[0.25, -1.0], [0.5, 1.0]], dtype), 2)
    assert audio.dtype == np.float32
    assert audio.tolist() == [[0.25, -1.0], [0.5, 1.0]]


def test_a_flat_array_is_mono() -> None:
    assert check_audio(np.zeros(5, np.float32), 1).shape == (1, 5)


def test_an_empty_chunk_is_fine() -> None:
    assert check_audio(np.zeros((2, 0), np.float32), 2).shape == (2, 0)


def test_a_peak_within_rounding_is_clipped() -> None:
    assert check_audio(np.array([1.00005, -1.00005], np.float32), 1).tolist() == [[1.0, -1.0]]


def test_the_backend_may_reuse_its_buffer() -> None:
    buffer = np.full((2, 3), 0.5, np.float32)
    audio = check_audio(buffer, 2)
    buffer[:] = 0
    assert (audio == 0.5).all()


@pytest.mark.parametrize(
    ("audio", "fact"),
    [
        ([[0.0]], "list"),
        (np.zeros((1, 4), np.int16), "int16"),
        (np.zeros((1, 4), np.float16), "float16"),
        (np.zeros((3, 4), np.float32), r"\[3, 4\], not \[2, N\]"),
        (np.zeros(4, np.float32), r"\[4\], not \[2, N\]"),
        (np.zeros((1, 2, 4), np.float32), r"\[1, 2, 4\]"),
        (np.array([[0, np.nan], [0, np.inf]], np.float32), "2 samples of 4 that are NaN or infinite"),
        (np.array([[0, -np.inf], [0, 0]], np.float32), "1 samples of 4"),
        (np.array([[0, -1.25], [0, 0]], np.float32), "up to 1.25"),
    ],
)
def test_anything_else_is_refused_with_the_fact_and_a_remedy(audio: Any, fact: str) -> None:
    with pytest.raises(InferenceFailed, match=fact) as caught:
        check_audio(audio, 2)
    assert caught.value.hint
