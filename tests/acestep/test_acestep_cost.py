"""What ACE-Step costs at least, and what the page says of it."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks import acestep_cost
from lofi_acestep.options import ACEStepOptions
from lofi_acestep.plan import make_plan

PAGE = Path(__file__).parents[2] / "docs" / "performance.md"


def test_the_page_has_the_table_of_costs() -> None:
    assert acestep_cost.table() in PAGE.read_text()


def test_a_short_evaluation_is_bound_by_the_weights_and_a_long_one_by_its_work() -> None:
    short, long, guided = (
        acestep_cost.evaluation_bound_sec(frames, rows, acestep_cost.H200)
        for frames, rows in ((100, 1), (322, 1), (322, 2))
    )
    assert short == pytest.approx(4.99e9 / 4.3e12)
    assert long == pytest.approx(1.41e12 / 790e12, rel=1e-2)
    assert guided == pytest.approx(2 * long)


@pytest.mark.parametrize(("steps", "singles", "pairs"), [(27, 13, 14), (60, 30, 30)])
def test_steps_take_what_the_plan_counts(steps: int, singles: int, pairs: int) -> None:
    plan = make_plan(ACEStepOptions(inference_steps=steps), 30.0)
    taken = acestep_cost.evaluations_sec(plan, 0.010, 0.016)
    assert taken == pytest.approx(singles * 0.010 + pairs * 0.016)
    assert plan.rows == singles + 2 * pairs
