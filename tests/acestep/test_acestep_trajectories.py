"""Whole tracks of the reference's own loop, with a small analytic network in place of the transformer."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from lofi_acestep.denoise import denoise
from lofi_acestep.guidance import make_guidance
from lofi_acestep.guidance.double import combine_double
from lofi_acestep.guidance.interval import Interval, make_interval
from lofi_acestep.latents import frame_length
from lofi_acestep.noise import ReferenceNoise
from lofi_acestep.schedulers import Scheduler, make_scheduler
from lofi_core import InferenceFailed
from tests.acestep.golden import Vectors, worst

if TYPE_CHECKING:
    from numpy.typing import NDArray

VECTORS = Vectors("setA_trajectories.npz")
WEIGHTS = {
    which: (VECTORS[f"A_{which}"], VECTORS[f"c_{which}"], VECTORS[f"h_{which}"])
    for which in ("cond", "uncond")
}
DURATION_SEC, FRAMES = float(VECTORS["duration_seconds"]), int(VECTORS["frame_length"])
CASES = [key.removesuffix(".x0") for key in VECTORS.keys(r".*\.x0")]
GUIDED_VELOCITIES = VECTORS.keys(r".*\.v_guided")
DRAWN = VECTORS.keys(r".*\.noise")
SEEDS = (101, 202)  # of the batch's items, in order
SCALE = 15.0
TOLERANCE = 5e-4


def velocity(which: str, latents: NDArray[np.float32], timestep: float) -> NDArray[np.float32]:
    a, c, h = WEIGHTS[which]
    inner = np.einsum("ij,bjhf->bihf", a, latents) + (c * np.float32(timestep / 1000))[None, :, None, None]
    made: NDArray[np.float32] = np.tanh(inner + h[None, None, :, None]).astype(np.float32)
    return made


def evaluate(latents: Any, timestep: float, *, guided: bool) -> tuple[Any, Any]:
    against = velocity("uncond", latents, timestep) if guided else None
    return velocity("cond", latents, timestep), against


@dataclass
class Recorded:
    """A guidance, and what it answered."""

    cfg_type: str

    def __post_init__(self) -> None:
        self.guidance = make_guidance(self.cfg_type)
        self.answers: dict[int, NDArray[np.float32]] = {}

    def combine(self, index: int, scale: float, cond: Any, uncond: Any) -> NDArray[np.float32]:
        self.answers[index] = self.guidance.combine(index, scale, cond, uncond)
        return self.answers[index]


class Listened(ReferenceNoise):
    """Noise, and what was drawn of it."""

    def __init__(self, seed: int) -> None:
        super().__init__(seed)
        self.drawn: list[NDArray[np.float32]] = []

    def normal(self, shape: tuple[int, ...]) -> NDArray[np.float32]:
        self.drawn.append(super().normal(shape))
        return self.drawn[-1]


@dataclass
class Track:
    scheduler: Scheduler
    interval: Interval
    start: NDArray[np.float32]
    latents: list[NDArray[np.float32]]
    answers: dict[int, NDArray[np.float32]]
    drawn: list[NDArray[np.float32]]


def follow(case: str) -> Track:
    """Make the track that a case stands for."""
    name, cfg_type, *rest = case.split(".")
    variant = rest[0] if rest else ""
    batch = 2 if variant == "batch2" else 1
    steps = len(VECTORS[f"{case}.timesteps"])
    steps = (steps + 1) // 2 if name == "heun" else steps
    scheduler = make_scheduler(name, steps, omega=0 if variant == "omega0" else 10)
    interval = make_interval(
        steps,
        1 if variant == "scale1" else SCALE,
        interval=1.0 if variant == "interval1" else 0.5,
        decay=1 if variant == "decay" else 0,
    )
    guidance = Recorded("apg" if cfg_type == "none" else cfg_type)
    noises = [Listened(seed) for seed in SEEDS[:batch]]
    start = np.concatenate([noise.normal((1, 8, 16, FRAMES)) for noise in noises])
    made = list(denoise(start, scheduler, guidance, interval, evaluate, noises[0]))
    assert [index for index, _ in made] == list(range(scheduler.evaluations))
    latents = [each for _, each in made]
    return Track(scheduler, interval, start, latents, guidance.answers, noises[0].drawn[1:])


@pytest.mark.parametrize("case", CASES)
def test_the_latents_after_each_evaluation_are_the_references(case: str) -> None:
    assert worst(np.stack(follow(case).latents), VECTORS[f"{case}.x"]) < TOLERANCE


@pytest.mark.parametrize("case", CASES)
def test_a_track_begins_with_the_noise_of_its_seeds(case: str) -> None:
    assert worst(follow(case).start, VECTORS[f"{case}.x0"]) < 1e-5


@pytest.mark.parametrize("case", CASES)
def test_the_reference_asks_at_the_same_timesteps_and_guides_the_same_evaluations(case: str) -> None:
    track = follow(case)
    assert worst(np.array(track.scheduler.timesteps), VECTORS[f"{case}.timesteps"]) < 1e-3  # of 1000
    guided = [track.interval.guides(index) for index in range(track.scheduler.evaluations)]
    assert guided == (VECTORS[f"{case}.guided"] > 0).tolist()


@pytest.mark.parametrize("key", GUIDED_VELOCITIES)
def test_guided_velocities_are_the_references(key: str) -> None:
    track = follow(key.removesuffix(".v_guided"))
    before = [track.start, *track.latents]
    for index, timestep in enumerate(track.scheduler.timesteps):
        followed = track.answers.get(index, velocity("cond", before[index], timestep))
        assert worst(followed, VECTORS[key][index]) < TOLERANCE


@pytest.mark.parametrize("key", DRAWN)
def test_ping_pong_goes_on_drawing_from_the_first_seed(key: str) -> None:
    drawn = follow(key.removesuffix(".noise")).drawn
    assert worst(np.stack(drawn), VECTORS[key]) < 1e-5


def test_the_frames_are_those_of_the_duration() -> None:
    assert frame_length(DURATION_SEC) == FRAMES


def test_a_track_can_be_left_after_any_evaluation() -> None:
    asked: list[float] = []

    def counted(latents: Any, timestep: float, *, guided: bool) -> tuple[Any, Any]:
        asked.append(timestep)
        return evaluate(latents, timestep, guided=guided)

    noise = ReferenceNoise(1)
    start = noise.normal((1, 8, 16, 3))
    track = denoise(start, make_scheduler("euler", 8), make_guidance("apg"), make_interval(8), counted, noise)
    for index, _ in track:
        if index == 2:
            break
    assert len(asked) == 3


@pytest.mark.parametrize("which", [0, 1], ids=["for", "against"])
@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_a_velocity_that_is_not_finite_ends_the_track_and_says_what_to_try(bad: float, which: int) -> None:
    def broken(latents: Any, timestep: float, *, guided: bool) -> tuple[Any, Any]:
        answers = np.zeros_like(latents), np.zeros_like(latents)
        if timestep < 940:
            answers[which][0, 3, 2, 1] = bad
        return answers

    noise = ReferenceNoise(1)
    start = noise.normal((1, 8, 16, 3))
    scheduler = make_scheduler("euler", 8)
    with pytest.raises(InferenceFailed, match="not finite in evaluation 3 of 8") as failed:
        list(denoise(start, scheduler, make_guidance("apg"), make_interval(8), broken, noise))
    assert "another seed, a lower guidance scale, or the fp32 files" in str(failed.value.hint)


def test_double_condition_guidance_comes_as_a_velocity_that_is_combined_already() -> None:
    def doubly(latents: Any, timestep: float, *, guided: bool) -> tuple[Any, Any]:
        made, against = evaluate(latents, timestep, guided=guided)
        return (made if against is None else combine_double(5, 1.5, made, against, against)), None

    noise = ReferenceNoise(1)
    start = noise.normal((1, 8, 16, 3))
    scheduler = make_scheduler("euler", 8)
    doubled = list(denoise(start, scheduler, make_guidance("apg"), make_interval(8), doubly, noise))
    # Of two scales for one and the same negative, the second is the scale of plain guidance.
    plain = list(denoise(start, scheduler, make_guidance("cfg"), make_interval(8, 1.5), evaluate, noise))
    assert worst(doubled[-1][1], plain[-1][1]) < 1e-4


def test_every_vector_is_checked() -> None:
    claimed = {f"{case}.{part}" for case in CASES for part in ("timesteps", "guided", "x")}
    assert VECTORS.unclaimed - claimed == set()
