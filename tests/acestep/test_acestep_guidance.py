"""Guided velocities, against the reference's."""

import numpy as np
import pytest

from lofi_acestep.guidance import CFG_TYPES, make_guidance
from lofi_acestep.guidance.apg import AdaptiveProjectedGuidance, project
from lofi_acestep.guidance.cfg_star import CfgZeroStar
from lofi_acestep.guidance.double import combine_double, is_double
from lofi_acestep.guidance.interval import make_interval
from lofi_core import InvalidOption
from tests.acestep.golden import Vectors, worst

VECTORS = Vectors("setA_guidance.npz")
COND, UNCOND, SCALE = VECTORS["cond"], VECTORS["uncond"], float(VECTORS["guidance_scale"])
APG = [(VECTORS[f"apg.{i}"], VECTORS[f"apg.{i}.momentum"]) for i in range(len(COND))]
DOUBLE = VECTORS["cfg_double"]
TABLE = Vectors("setA_misc.npz")["interval_table"]
TOLERANCE = 2e-5


def test_apg_is_the_references_over_successive_evaluations() -> None:
    guidance = AdaptiveProjectedGuidance()
    for i, (guided, momentum) in enumerate(APG):
        assert worst(guidance.combine(i, SCALE, COND[i], UNCOND[i]), guided) < TOLERANCE
        assert guidance.running is not None
        assert worst(guidance.running, momentum) < TOLERANCE


@pytest.mark.parametrize("key", VECTORS.keys(r"apg_nomomentum\.0"))
def test_apg_without_momentum_is_the_references(key: str) -> None:
    guidance = AdaptiveProjectedGuidance(momentum=0)
    guidance.combine(0, SCALE, COND[1], UNCOND[1])
    assert worst(guidance.combine(1, SCALE, COND[0], UNCOND[0]), VECTORS[key]) < TOLERANCE


@pytest.mark.parametrize("key", VECTORS.keys(r"apg_eta\.0"))
def test_apg_that_keeps_some_of_the_parallel_is_the_references(key: str) -> None:
    guidance = AdaptiveProjectedGuidance(eta=0.25, norm_threshold=7.5)
    assert worst(guidance.combine(0, SCALE, COND[0], UNCOND[0]), VECTORS[key]) < TOLERANCE


@pytest.mark.parametrize("key", VECTORS.keys(r"project\.(parallel|orthogonal)"))
def test_a_projection_is_the_references(key: str) -> None:
    made = project(UNCOND[0], COND[0])[key == "project.orthogonal"]
    assert worst(made, VECTORS[key]) < TOLERANCE


@pytest.mark.parametrize("key", VECTORS.keys(r"cfg\.0"))
def test_cfg_is_the_references(key: str) -> None:
    assert worst(make_guidance("cfg").combine(0, SCALE, COND[0], UNCOND[0]), VECTORS[key]) < TOLERANCE


@pytest.mark.parametrize("key", VECTORS.keys(r"cfg_star\.i\d(\.nozero)?"))
def test_cfg_star_is_the_references(key: str) -> None:
    guidance = CfgZeroStar(zero_init=not key.endswith("nozero"))
    index = int(key.split(".")[1][1:])
    assert worst(guidance.combine(index, SCALE, COND[0], UNCOND[0]), VECTORS[key]) < TOLERANCE


def test_double_condition_guidance_is_the_references() -> None:
    assert worst(combine_double(5, 1.5, COND[0], COND[1], UNCOND[0]), DOUBLE) < TOLERANCE


def test_double_condition_guidance_takes_both_scales() -> None:
    assert is_double(5, 1.5)
    assert not is_double(5, 1)
    assert not is_double(0, 0)


@pytest.mark.parametrize("cfg_type", CFG_TYPES)
def test_nothing_to_push_away_from_leaves_the_velocity_as_it_is(cfg_type: str) -> None:
    guided = make_guidance(cfg_type).combine(2, SCALE, COND[0], COND[0])
    assert worst(guided, COND[0]) < 1e-4


@pytest.mark.parametrize("cfg_type", CFG_TYPES)
def test_velocities_of_nothing_are_guided_without_a_division_by_zero(cfg_type: str) -> None:
    nothing = np.zeros_like(COND[0])
    guided = make_guidance(cfg_type).combine(2, SCALE, nothing, nothing)
    assert guided.dtype == np.float32
    assert not guided.any()


def test_an_unknown_guidance_is_refused_with_those_there_are() -> None:
    with pytest.raises(InvalidOption) as refused:
        make_guidance("cgf")
    assert refused.value.hint == "choose one of apg, cfg, cfg_star"


@pytest.mark.parametrize("row", [tuple(row) for row in TABLE.tolist()])
def test_the_interval_is_the_references(row: tuple[float, ...]) -> None:
    steps, share, first, end = row
    made = make_interval(int(steps), interval=round(share, 6))  # stored as float32
    assert (made.first, made.end) == (first, end)


@pytest.mark.parametrize("scale", [0, 1])
def test_a_scale_of_nothing_guides_nothing(scale: float) -> None:
    made = make_interval(8, scale, interval=1)
    assert not any(made.guides(index) for index in range(8))


def test_a_decaying_scale_ends_at_its_minimum() -> None:
    made = make_interval(8, 15, decay=1, minimum=3)
    assert [made.scale_at(index) for index in range(2, 6)] == [15, 11, 7, 3]


def test_an_interval_of_one_evaluation_has_its_full_scale() -> None:
    made = make_interval(3, 15, decay=1)
    assert [index for index in range(3) if made.guides(index)] == [0, 1]
    alone = make_interval(2, 15, interval=0.9, decay=1)
    assert (alone.first, alone.end, alone.scale_at(0)) == (0, 1, 15)


def test_every_vector_is_checked() -> None:
    assert not VECTORS.unclaimed
