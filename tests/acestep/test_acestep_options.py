"""What may be set, what is refused, and by which code a client learns of it."""

from __future__ import annotations

from typing import Any

import pytest

from lofi_acestep.options import ACEStepOptions
from lofi_core.backend import BackendSpec
from lofi_core.described import options_schema
from lofi_core.errors import LofiError
from lofi_core.jobs.options import validated_options


def options(**given: Any) -> ACEStepOptions:
    """As the core makes them of a request."""
    made = validated_options("ace_step", ACEStepOptions, given, {})
    assert isinstance(made, ACEStepOptions)
    return made


def refusal(**given: Any) -> tuple[str, str]:
    with pytest.raises(LofiError) as caught:
        options(**given)
    return caught.value.code, caught.value.message


def test_the_defaults_are_the_references() -> None:
    default = options()
    assert (default.inference_steps, default.scheduler, default.cfg_type) == (60, "euler", "apg")
    assert (default.scale, default.guidance_interval, default.guidance_interval_decay) == (15, 0.5, 0)
    assert (default.min_guidance_scale, default.omega_scale, default.shift) == (3, 10, 3)
    assert (default.lyrics, default.negative) == ("[inst]", "auto")


@pytest.mark.parametrize(
    ("given", "code", "message"),
    [
        (
            {"inference_steps": 0},
            "INVALID_INFERENCE_STEPS",
            "inference_steps is 0; must be a whole number from 1 to 200",
        ),
        (
            {"inference_steps": 201},
            "INVALID_INFERENCE_STEPS",
            "inference_steps is 201; must be a whole number from 1 to 200",
        ),
        (
            {"inference_steps": 27.5},
            "INVALID_INFERENCE_STEPS",
            "inference_steps is 27.5; must be a whole number from 1 to 200",
        ),
        (
            {"scheduler": "ddim"},
            "INVALID_SCHEDULER",
            "scheduler is 'ddim'; must be 'euler' or 'heun' or 'pingpong'",
        ),
        (
            {"guidance_scale": 30.5},
            "INVALID_GUIDANCE_SCALE",
            "guidance_scale is 30.5; must be a number from 1 to 30",
        ),
        (
            {"guidance_scale": 0},
            "INVALID_GUIDANCE_SCALE",
            "guidance_scale is 0; must be a number from 1 to 30",
        ),
        (
            {"guidance_interval": 1.1},
            "INVALID_OPTION",
            "guidance_interval is 1.1; must be a number from 0 to 1",
        ),
        (
            {"omega_scale": -101},
            "INVALID_OPTION",
            "omega_scale is -101; must be a number from -100 to 100",
        ),
        (
            {"cfg_type": "cfg++"},
            "INVALID_OPTION",
            "cfg_type is 'cfg++'; must be 'apg' or 'cfg' or 'cfg_star'",
        ),
        ({"negative": "none"}, "INVALID_OPTION", "negative is 'none'; must be 'auto' or 'erg' or 'zero'"),
        ({"steps": 8}, "INVALID_OPTION", "ace_step has no option 'steps'"),
    ],
)
def test_what_is_out_of_range_has_its_code_its_value_and_its_range(
    given: dict[str, Any], code: str, message: str
) -> None:
    assert refusal(**given) == (code, message)


def test_a_float_will_do_for_steps_if_it_is_whole() -> None:
    assert options(inference_steps=27.0).inference_steps == 27


def test_a_whole_number_will_do_for_a_scale() -> None:
    assert options(guidance_scale=7).guidance_scale == 7.0


@pytest.mark.parametrize("cfg_type", ["cfg", "cfg_star"])
def test_what_multiplies_without_a_bound_has_a_smaller_scale(cfg_type: str) -> None:
    assert options(cfg_type=cfg_type).scale == 7
    assert options(cfg_type=cfg_type, guidance_scale=3).scale == 3


@pytest.mark.parametrize("given", [{}, {"inference_steps": 60}, {"inference_steps": 27}])
def test_the_fast_preset_is_27_steps_and_says_so(given: dict[str, int]) -> None:
    assert options(preset="fast", **given).inference_steps == 27


def test_the_fast_preset_is_the_same_track_as_its_steps() -> None:
    assert options(preset="fast") == options(inference_steps=27)


def test_the_fast_preset_with_other_steps_is_a_contradiction() -> None:
    code, message = refusal(preset="fast", inference_steps=40)
    assert code == "INVALID_OPTION"
    assert message == "preset is 'fast', of 27 steps, but inference_steps is 40"


@pytest.mark.parametrize("lyrics", ["[inst]", "[instrumental]", "", " [Inst] "])
def test_a_piece_may_be_called_instrumental_in_any_way(lyrics: str) -> None:
    assert options(lyrics=lyrics).lyrics == lyrics


def test_words_to_sing_are_refused_in_words() -> None:
    code, message = refusal(lyrics="[verse]\nrain on the roof")
    assert code == "INVALID_OPTION"
    assert message.endswith("this version sings none")


def test_the_schema_tells_every_option_its_default_and_what_it_is_for() -> None:
    spec = BackendSpec("ace_step", "x", 48_000, 2, 5, 240, "1", options=ACEStepOptions)
    properties = options_schema(spec)["properties"]
    assert set(properties) == set(ACEStepOptions.__struct_fields__)
    for name, schema in properties.items():
        told = [schema, *schema.get("anyOf", [])]
        assert any("description" in part for part in told), name
        assert "default" in schema, name
    steps = properties["inference_steps"]
    assert (steps["minimum"], steps["maximum"], steps["default"]) == (1, 200, 60)
