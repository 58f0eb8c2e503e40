"""The same seed draws the same noise as PyTorch's CPU generator."""

import numpy as np
import pytest

from lofi_acestep.noise import ReferenceNoise
from tests.acestep.golden import Vectors, worst

MISC = Vectors("setA_misc.npz")
SEEDS = [int(seed) for seed in MISC["noise_seeds"]]
# One `torch.Generator().manual_seed(77)`, torch 2.13: the last numbers of each `torch.randn(count)` in turn.
STREAM = [
    (17, [-0.15772484242916107, -1.5703402757644653, -0.4813339114189148]),
    (3, [0.9822579026222229, -0.8374626636505127, 0.5870145559310913]),
    (2, [1.362146019935608, -0.2238135188817978]),
    (33, [-1.4015921354293823, 0.7030386924743652, -0.3811785876750946]),
    (1, [1.493710994720459]),
]


@pytest.mark.parametrize("key", MISC.keys(r"noise\.\d+"))
def test_a_seed_draws_what_torch_draws(key: str) -> None:
    wanted = MISC[key]
    made = ReferenceNoise(int(key.split(".")[1])).normal(wanted.shape)
    assert made.dtype == np.float32
    assert worst(made, wanted) < 1e-5


def test_there_is_noise_for_every_seed() -> None:
    assert {f"noise.{seed}" for seed in SEEDS} == set(MISC.keys(r"noise\.\d+"))


def test_later_draws_go_on_where_the_last_one_ended_whatever_their_sizes() -> None:
    noise = ReferenceNoise(77)
    for count, last in STREAM:
        assert noise.normal((count,))[-3:] == pytest.approx(last, abs=1e-6)


def test_only_the_low_32_bits_of_a_seed_count() -> None:
    assert (ReferenceNoise(2**40 + 5).normal((16,)) == ReferenceNoise(5).normal((16,))).all()


def test_the_numbers_are_normal() -> None:
    drawn = ReferenceNoise(3).normal((1, 8, 16, 645))
    assert abs(drawn.mean()) < 0.01
    assert abs(drawn.std() - 1) < 0.01
    assert abs(np.mean(np.abs(drawn) < 1) - 0.6827) < 0.01
