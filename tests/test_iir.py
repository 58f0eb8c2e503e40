"""Filters against scipy.signal.lfilter, whatever the chunks."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from scipy import signal

from lofi_core.iir import BLOCK, RecursiveFilter

if TYPE_CHECKING:
    from numpy.typing import NDArray

FILTERS: dict[str, tuple[Any, Any]] = {
    "low cut at 38 Hz": signal.butter(2, 38, "high", fs=48_000),
    "low pass of order 4": signal.butter(4, 0.3),
    "narrow resonance": signal.iirpeak(0.01, 30),
    "one pole": ([1.0], [1.0, -0.999]),
    "unnormalised": ([1.0, 2.0, 3.0], [2.0, 0.5]),
    "no recursion": ([1.0, -1.0], [1.0]),
    "plain gain": ([0.5], [1.0]),
}


def filtered(samples: NDArray[np.float64], b: Any, a: Any, chunks: list[int]) -> NDArray[np.float64]:
    recursive = RecursiveFilter(b, a, len(samples))
    pieces, start = [], 0
    for size in chunks:
        pieces.append(recursive.process(samples[:, start : start + size]))
        start += size
    return np.concatenate([*pieces, recursive.process(samples[:, start:])], axis=1)


@pytest.mark.parametrize("name", FILTERS)
def test_a_filter_equals_lfilter(name: str) -> None:
    b, a = FILTERS[name]
    samples = np.random.default_rng(0).standard_normal((2, 20_000))
    expected = signal.lfilter(b, a, samples)
    assert np.abs(filtered(samples, b, a, []) - expected).max() < 1e-10 * np.abs(expected).max()


@pytest.mark.parametrize(
    "chunks",
    [[1] * 300, [0, BLOCK, 0, BLOCK - 1, BLOCK + 1], [4097, 3, 9999]],
    ids=["singles", "edges", "odd"],
)
def test_chunks_of_any_length_give_the_same_samples(chunks: list[int]) -> None:
    b, a = FILTERS["low cut at 38 Hz"]
    samples = np.random.default_rng(1).standard_normal((1, 20_000))
    np.testing.assert_allclose(filtered(samples, b, a, chunks), signal.lfilter(b, a, samples), atol=1e-10)


def test_channels_do_not_leak_into_each_other() -> None:
    samples = np.zeros((2, 1_000))
    samples[0, 0] = 1.0
    out = filtered(samples, *FILTERS["narrow resonance"], [100])
    assert out[0].any()
    assert not out[1].any()


def test_the_tail_after_a_sound_decays_to_exact_silence() -> None:
    recursive = RecursiveFilter(*FILTERS["one pole"], 1)
    recursive.process(np.ones((1, BLOCK)))
    for _ in range(10):
        tail = recursive.process(np.zeros((1, 100_000)))
    assert not tail.any()
