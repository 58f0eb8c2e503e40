"""What a generation goes through, and which share of the time each part takes."""

from __future__ import annotations

from typing import Any

import pytest

from lofi_acestep import latents, make_schedule
from lofi_acestep.guidance.interval import make_interval
from lofi_acestep.options import ACEStepOptions
from lofi_acestep.plan import Plan, make_plan
from lofi_acestep.schedulers import make_scheduler
from lofi_core import GenerateRequest, Schedule
from lofi_core.jobs.progress import Progress


def plan(duration_sec: float = 30.0, **options: Any) -> Plan:
    return make_plan(ACEStepOptions(**options), duration_sec)


def schedule(duration_sec: float = 30.0, **options: Any) -> Schedule:
    made: Schedule = make_schedule(GenerateRequest("rain", duration_sec, 1, ACEStepOptions(**options)))
    return made


@pytest.mark.parametrize(("seconds", "frames"), [(5, 53), (30, 322), (60, 645), (120, 1291), (240, 2583)])
def test_a_duration_is_rounded_down_to_whole_latent_frames(seconds: float, frames: int) -> None:
    assert plan(seconds).frames == frames
    assert seconds - 0.1 < plan(seconds).duration_sec <= seconds


@pytest.mark.parametrize(
    ("scheduler", "steps", "rows"),
    [
        *[("euler", 60, 90), ("euler", 27, 41), ("euler", 8, 12), ("euler", 2, 3), ("euler", 1, 1)],
        *[("pingpong", 60, 90), ("heun", 60, 149), ("heun", 27, 67), ("heun", 8, 19)],
    ],
)
def test_only_the_middle_of_the_steps_takes_two_rows(scheduler: str, steps: int, rows: int) -> None:
    assert plan(scheduler=scheduler, inference_steps=steps).rows == rows


@pytest.mark.parametrize(("steps", "first", "behind"), [(60, 15, 45), (27, 6, 20), (8, 2, 6)])
def test_the_guided_evaluations_are_the_references(steps: int, first: int, behind: int) -> None:
    for scheduler in ("euler", "heun", "pingpong"):
        made = plan(scheduler=scheduler, inference_steps=steps)
        guided = [i for i in range(made.evaluations) if made.is_guided(i)]
        assert guided == list(range(first, behind)), scheduler


@pytest.mark.parametrize("options", [{"guidance_scale": 1}, {"guidance_interval": 0}])
def test_what_does_not_guide_takes_one_row_an_evaluation(options: dict[str, float]) -> None:
    assert plan(**options).rows == 60


def test_an_interval_of_one_guides_every_step() -> None:
    assert plan(guidance_interval=1).rows == 120


def test_the_progress_of_the_steps_is_in_rows_and_frames() -> None:
    assert [(stage.name, stage.steps) for stage in schedule(preset="fast").stages] == [
        *[("encode", 2), ("denoise", 41), ("decode", 322), ("vocode", 644)]
    ]


@pytest.mark.parametrize(
    ("seconds", "preset", "denoise_share"),
    # 57 TFLOP of 67 and 126 of 136 at 30 s, 456 of 535 at 240 s: acestep.md, cost model
    [(30, "fast", 0.85), (30, None, 0.927), (240, "fast", 0.852), (240, None, 0.927)],
)
def test_the_shares_of_the_time_are_those_of_the_arithmetic(
    seconds: float, preset: str | None, denoise_share: float
) -> None:
    weights = {stage.name: stage.weight for stage in schedule(seconds, preset=preset).stages}
    assert weights["denoise"] / sum(weights.values()) == pytest.approx(denoise_share, abs=0.01)
    assert weights["vocode"] / weights["decode"] == pytest.approx(2 * 116.1 / 96.9)


def test_half_way_through_the_work_the_estimate_is_right() -> None:
    made = schedule(30, preset="fast")
    progress = Progress(made, loads=False)
    progress.start_clock(0.0)
    total = sum(stage.weight for stage in made.stages)
    progress.advance("denoise", 20)
    denoise = next(stage for stage in made.stages if stage.name == "denoise")
    taken = made.stages[0].weight + denoise.weight * 20 / 41
    assert progress.eta_sec(taken) == pytest.approx(total - taken, rel=0.1)


def test_the_precision_asked_for_is_which_weights_are_loaded() -> None:
    assert schedule().weights == "auto"
    assert schedule(precision="int8").weights == "int8"


@pytest.mark.parametrize("steps", [1, 2, 3, 7, 8, 27, 60, 200])
@pytest.mark.parametrize("share", [0.0, 0.1, 0.5, 1.0])
@pytest.mark.parametrize("scheduler", ["euler", "heun", "pingpong"])
def test_the_plan_counts_as_those_who_do_the_work(scheduler: str, steps: int, share: float) -> None:
    made = plan(scheduler=scheduler, inference_steps=steps, guidance_interval=share)
    interval = make_interval(steps, interval=share)
    assert made.evaluations == make_scheduler(scheduler, steps).evaluations
    for index in range(made.evaluations):
        assert made.is_guided(index) == interval.guides(index)


@pytest.mark.parametrize("milliseconds", range(5_000, 6_000, 7))
def test_the_plan_measures_as_the_latents_do(milliseconds: int) -> None:
    assert plan(milliseconds / 1000).frames == latents.frame_length(milliseconds / 1000)
