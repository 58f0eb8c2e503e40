"""Codes are drawn from the distribution that the options ask for, and from nothing but the seed."""

import numpy as np
import pytest
from scipy.stats import chisquare

from lofi_core import InferenceFailed
from lofi_musicgen.options import MusicGenOptions
from lofi_musicgen.sampling import Sampler, distribution, guide

DRAWS, CODES = 20_000, 40


def some_logits(
    seed: int = 0, codebooks: int = 2, codes: int = CODES
) -> np.ndarray[tuple[int, ...], np.dtype[np.float32]]:
    return np.random.default_rng(seed).normal(size=(2, codebooks, codes)).astype(np.float32)


@pytest.mark.parametrize("temperature", [0.7, 1.0, 1.6])
def test_codes_are_drawn_from_the_softmax_of_the_guided_top_k(temperature: float) -> None:
    logits = some_logits()
    sampler = Sampler(MusicGenOptions(top_k=12, temperature=temperature), seed=3)
    drawn = np.stack([sampler.draw(logits) for _ in range(DRAWS)], axis=1)
    for row, codes in zip(guide(logits, 3.0), drawn, strict=True):
        kept = np.argsort(row)[-12:]
        shares = np.exp(row[kept].astype(float) / temperature)
        counts = np.array([(codes == code).sum() for code in kept])
        assert counts.sum() == DRAWS  # none from outside
        expected = shares / shares.sum() * DRAWS
        many = expected >= 5  # where the test holds
        pooled = [np.append(n[many], n[~many].sum()) for n in (counts, expected)]
        assert chisquare(*(pooled if pooled[1][-1] > 0 else [n[:-1] for n in pooled])).pvalue > 1e-4


def test_guidance_moves_from_the_unconditional_row_beyond_the_conditional() -> None:
    logits = some_logits()
    np.testing.assert_array_equal(guide(logits, 1.0), logits[1] + (logits[0] - logits[1]))
    np.testing.assert_allclose(guide(logits, 3.0), 3 * logits[0] - 2 * logits[1], atol=1e-5)


def test_top_p_keeps_the_fewest_codes_that_hold_the_share() -> None:
    scores = np.log(np.array([0.1, 0.5, 0.25, 0.15], np.float32))
    kept, shares = distribution(scores, top_k=0, top_p=0.7)
    assert kept.tolist() == [1, 2]
    np.testing.assert_allclose(shares, [2 / 3, 1 / 3], atol=1e-6)


def test_top_p_keeps_one_code_at_least() -> None:
    assert distribution(np.array([0.0, 5.0], np.float32), 0, 1e-6)[0].tolist() == [1]


@pytest.mark.parametrize(("top_k", "kept"), [(0, 4), (2, 3), (1, 1), (9, 4)])
def test_top_k_keeps_codes_that_are_equal_to_the_last(top_k: int, kept: int) -> None:
    scores = np.array([1.0, 3.0, 1.0, 0.0], np.float32)
    assert len(distribution(scores, top_k, 0.0)[0]) == kept


def test_temperature_zero_takes_the_likeliest_code() -> None:
    logits = some_logits()
    drawn = Sampler(MusicGenOptions(temperature=0.0), seed=1).draw(logits)
    assert drawn.tolist() == guide(logits, 3.0).argmax(-1).tolist()


def test_the_seed_alone_decides() -> None:
    def codes(seed: int) -> list[list[int]]:
        sampler = Sampler(MusicGenOptions(), seed)
        return [sampler.draw(some_logits(step, codes=64)).tolist() for step in range(20)]

    assert codes(5) == codes(5)
    assert codes(5) != codes(6)


def test_nan_from_the_model_is_an_error_with_a_remedy() -> None:
    logits = some_logits()
    logits[0, 1, 3] = np.nan
    with pytest.raises(InferenceFailed, match="NaN") as failure:
        Sampler(MusicGenOptions(), 0).draw(logits)
    assert "fp32" in str(failure.value.hint)
