"""Codes in the delay pattern, and out of it."""

import numpy as np
import pytest

from lofi_core import InferenceFailed
from lofi_musicgen.delay import apply_delay_pattern, column_of, revert_delay_pattern

SPECIAL = 99


def test_each_codebook_of_a_mono_model_comes_a_column_later() -> None:
    codes = np.array([[1, 2, 3], [4, 5, 6]])
    assert apply_delay_pattern(codes, 1, SPECIAL).tolist() == [[99, 1, 2, 3, 99], [99, 99, 4, 5, 6]]


def test_left_and_right_of_a_stereo_model_come_together() -> None:
    codes = np.array([[1, 2], [3, 4], [5, 6], [7, 8]])
    wanted = [[99, 1, 2, 99], [99, 3, 4, 99], [99, 99, 5, 6], [99, 99, 7, 8]]
    assert apply_delay_pattern(codes, 2, SPECIAL).tolist() == wanted


@pytest.mark.parametrize(("codebooks", "channels"), [(4, 1), (8, 2)])
def test_reverting_gives_the_codes_back(codebooks: int, channels: int) -> None:
    codes = np.random.default_rng(1).integers(0, 64, (codebooks, 17))
    sequence = apply_delay_pattern(codes, channels, SPECIAL)
    assert (revert_delay_pattern(sequence, channels, SPECIAL) == codes).all()


@pytest.mark.parametrize(("codebooks", "channels"), [(4, 1), (8, 2)])
def test_single_columns_are_those_of_the_whole(codebooks: int, channels: int) -> None:
    codes = np.random.default_rng(1).integers(0, 64, (codebooks, 9))
    sequence = apply_delay_pattern(codes, channels, SPECIAL)
    made = [column_of(codes, column, channels, SPECIAL) for column in range(sequence.shape[1])]
    assert (np.stack(made, axis=1) == sequence).all()


def test_a_hole_in_the_codes_is_an_error_that_says_where() -> None:
    sequence = apply_delay_pattern(np.arange(8).reshape(2, 4), 1, SPECIAL)
    sequence[1, 3] = SPECIAL
    with pytest.raises(InferenceFailed, match="codebook 1 has no code for frame 1"):
        revert_delay_pattern(sequence, 1, SPECIAL)
