"""Noise levels and single steps, against the reference's."""

import re

import numpy as np
import pytest

from lofi_acestep.noise import ReferenceNoise
from lofi_acestep.schedulers import SCHEDULERS, Scheduler, make_scheduler
from lofi_acestep.schedulers.euler import omega_factor
from lofi_acestep.schedulers.sigmas import make_sigmas
from lofi_core import InvalidOption
from tests.acestep.golden import Vectors, worst

SCHEDULES = Vectors("setA_schedules.npz")
STEPS = Vectors("setA_steps.npz")
CUSTOM = [int(step) for step in SCHEDULES["euler.oss.steps"]]
X, V = STEPS["x"], STEPS["v"]
OMEGAS = STEPS["omegas"].tolist()
FACTORS = STEPS["omega_factor"].tolist()
HEUN = {key: STEPS[key] for key in STEPS.keys(r"heun\.N27\.(first|v2|second)\.omega\d")}
PINGPONG = STEPS.keys(r"pingpong\.N27\.i5")
FRESH = {key: STEPS[f"{key}.noise"] for key in PINGPONG}
UNUSED = ReferenceNoise(0)


class Fixed(ReferenceNoise):
    """Draws what it is told to."""

    def __init__(self, drawn: np.ndarray) -> None:
        super().__init__(0)
        self.drawn = drawn

    def normal(self, shape: tuple[int, ...]) -> np.ndarray:
        return self.drawn.reshape(shape)


def scheduled(key: str) -> Scheduler:
    name, steps, _ = key.split(".")
    return (
        make_scheduler(name, 60, custom_steps=CUSTOM) if steps == "oss" else make_scheduler(name, int(steps))
    )


@pytest.mark.parametrize("key", SCHEDULES.keys(r".*\.timesteps"))
def test_timesteps_are_the_references(key: str) -> None:
    assert worst(np.array(scheduled(key).timesteps), SCHEDULES[key]) < 1e-3  # of 1000


@pytest.mark.parametrize("key", SCHEDULES.keys(r".*\.sigmas"))
def test_sigmas_are_the_references(key: str) -> None:
    assert worst(np.array(scheduled(key).sigmas), SCHEDULES[key]) < 1e-6


@pytest.mark.parametrize("key", SCHEDULES.keys(r".*\.num_inference_steps"))
def test_steps_are_what_the_user_calls_steps(key: str) -> None:
    scheduler = scheduled(key)
    assert scheduler.steps == SCHEDULES[key]
    assert scheduler.evaluations == len(scheduler.timesteps) == len(scheduler.sigmas) - 1


@pytest.mark.parametrize("key", STEPS.keys(r"euler\.N\d+\.i\d+\.omega\d"))
def test_an_euler_step_is_the_references(key: str) -> None:
    steps, index, omega = (int(number) for number in re.findall(r"\d+", key))
    stepper = make_scheduler("euler", steps, omega=OMEGAS[omega]).begin(UNUSED)
    assert worst(stepper.step(index, X, V), STEPS[key]) < 2e-6


@pytest.mark.parametrize(("number", "omega"), list(enumerate(OMEGAS)))
def test_a_heun_step_is_the_references(number: int, omega: float) -> None:
    first, v2, second = (HEUN[f"heun.N27.{part}.omega{number}"] for part in ("first", "v2", "second"))
    stepper = make_scheduler("heun", 27, omega=omega).begin(UNUSED)
    predicted = stepper.step(0, X, V)
    assert worst(predicted, first) < 2e-6
    assert worst(stepper.step(1, predicted, v2), second) < 2e-6


def test_there_are_heun_steps_for_every_omega() -> None:
    assert len(HEUN) == 3 * len(OMEGAS)


@pytest.mark.parametrize("key", PINGPONG)
def test_a_ping_pong_step_is_the_references(key: str) -> None:
    stepper = make_scheduler("pingpong", 27).begin(Fixed(FRESH[key]))
    assert worst(stepper.step(5, X, V), STEPS[key]) < 2e-6


def test_the_factor_of_an_omega_is_the_references() -> None:
    assert [omega_factor(omega) for omega in OMEGAS] == pytest.approx(FACTORS, abs=1e-6)


def test_an_omega_as_low_as_you_like_has_a_factor() -> None:
    assert omega_factor(-1e6) == pytest.approx(0.9)


def test_without_a_shift_the_levels_are_evenly_spaced_down_to_the_last_trained_one() -> None:
    assert make_sigmas(4, 1.0) == pytest.approx(np.linspace(1, 0.001, 4), abs=1e-6)


@pytest.mark.parametrize("name", SCHEDULERS)
def test_following_the_velocity_to_the_end_leaves_what_it_points_at(name: str) -> None:
    """With the velocity of a straight path from noise to music, any number of steps arrives at the music."""
    noise = ReferenceNoise(5)
    wanted, latents = noise.normal((1, 8, 16, 3)), noise.normal((1, 8, 16, 3))
    scheduler = make_scheduler(name, 6, omega=0)
    stepper = scheduler.begin(noise)
    for index, sigma in enumerate(scheduler.sigmas[:-1]):
        latents = stepper.step(index, latents, (latents - wanted) / np.float32(sigma))
    assert worst(latents, wanted) < 1e-4


def test_ping_pong_draws_once_a_step_even_on_the_last() -> None:
    noise, other = ReferenceNoise(9), ReferenceNoise(9)
    stepper = make_scheduler("pingpong", 2).begin(noise)
    for index in range(2):
        stepper.step(index, X, V)
        other.normal(X.shape)
    assert (noise.normal((16,)) == other.normal((16,))).all()


def test_custom_steps_may_be_all_of_them_and_are_shifted_once_more() -> None:
    custom = make_scheduler("pingpong", 1, custom_steps=[1, 2, 3])
    assert custom.steps == 3
    assert custom.sigmas[1] > make_scheduler("pingpong", 3).sigmas[1]


@pytest.mark.parametrize(
    ("name", "steps", "custom", "says"),
    [
        ("ddim", 8, (), "no scheduler 'ddim'"),
        ("heun", 8, (1, 2), "takes no custom steps"),
        ("euler", 0, (), "1 step or more, not 0"),
        ("euler", 8, (0, 4), "count from 1 and rise"),
        ("pingpong", 8, (4, 4), "count from 1 and rise"),
    ],
)
def test_what_cannot_be_scheduled_is_said(name: str, steps: int, custom: tuple[int, ...], says: str) -> None:
    with pytest.raises(InvalidOption, match=says):
        make_scheduler(name, steps, custom_steps=custom)


def test_latents_stay_float32() -> None:
    for name in SCHEDULERS:
        assert make_scheduler(name, 4).begin(ReferenceNoise(1)).step(0, X, V).dtype == np.float32


def test_every_vector_is_checked() -> None:
    assert not SCHEDULES.unclaimed | STEPS.unclaimed
