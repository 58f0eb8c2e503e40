"""A request is refused before any work is done, or made canonical and named."""

import math
import sys
from pathlib import Path
from typing import Annotated, Any

import pytest
from msgspec import Meta, Struct

from lofi_core.backend import BackendSpec, Schedule, Stage
from lofi_core.config import BackendConfig, Config
from lofi_core.errors import (
    InferenceFailed,
    InvalidBackend,
    InvalidDuration,
    InvalidGuidanceScale,
    InvalidInferenceSteps,
    InvalidOption,
    InvalidPrompt,
    InvalidScheduler,
)
from lofi_core.jobs.options import merged_aliases
from lofi_core.jobs.request import Wish, prepare
from lofi_core.plugins import PluginHost, PluginRecord


class Options(Struct, forbid_unknown_fields=True):
    inference_steps: Annotated[int, Meta(ge=1, le=200)] = 60
    scheduler: str = "euler"
    guidance_scale: Annotated[float, Meta(ge=0, le=30)] = 3.0
    swing: Annotated[float, Meta(ge=0, le=1)] = 0.5
    tags: list[str] = []


class OneBackend(PluginHost):
    """A host that knows one backend, so that no package need be installed."""

    def __init__(self, version: str = "1", options: type[Struct] | None = Options) -> None:
        super().__init__()
        self._spec = BackendSpec("x", "X", 8000, 1, 5, 60, model_version=version, options=options)

    def usable(self, _name: str) -> tuple[PluginRecord, BackendSpec]:
        return PluginRecord("x", Path()), self._spec

    def make_schedule(self, _name: str, _request: object) -> Schedule:
        return Schedule([Stage("a", 1)])


def track_id(config: Config | None = None, version: str = "1", **wish: Any) -> str:
    wish = {"prompt": "rain", "seed": 1, **wish}
    return prepare(Wish(**wish), OneBackend(version), config or Config()).track_id


@pytest.mark.parametrize(
    ("options", "problem"),
    [
        ({"swng": 1}, "x has no option 'swng'"),
        ({"swing": 7}, "swing is 7; must be a number from 0 to 1"),
        ({"swing": math.nan}, "swing is nan; must be finite"),
    ],
)
def test_a_mistake_in_the_configured_options_says_where_it_stands(
    options: dict[str, Any], problem: str
) -> None:
    with pytest.raises(InvalidOption) as caught:
        track_id(Config(backends={"x": BackendConfig(options=options)}))
    assert caught.value.message == f"{problem} (from the configuration: [backends.x.options])"


def test_a_mistake_in_the_request_does_not_blame_the_configuration() -> None:
    config = Config(backends={"x": BackendConfig(options={"swing": 0.1})})
    with pytest.raises(InvalidOption) as caught:
        track_id(config, options={"swing": 7})
    assert caught.value.message == "swing is 7; must be a number from 0 to 1"


def test_a_default_backend_that_is_not_there_says_where_it_stands() -> None:
    with pytest.raises(InvalidBackend) as caught:
        prepare(Wish("rain"), PluginHost(), Config(default_backend="procedurl"))
    assert caught.value.message == (
        "no backend 'procedurl' is installed (from the configuration: default_backend)"
    )


def test_a_track_id_is_the_same_in_every_process_and_version() -> None:
    assert track_id() == "3aa6a7df6eb5023370e25e52606f416b"


@pytest.mark.parametrize(
    "change",
    [
        {"prompt": "Rain"},
        {"seed": 2},
        {"duration_sec": 30.001},
        {"version": "2"},
        {"options": {"swing": 0.6}},
    ],
)
def test_whatever_changes_the_music_changes_the_track_id(change: dict[str, Any]) -> None:
    assert track_id(**change) != track_id()


@pytest.mark.parametrize(
    "same",
    [
        {"options": {"swing": 0.5}},
        {"options": {}},
        {"duration_sec": 30},
        {"duration_sec": 30.0004},
        {"title": "another name"},
    ],
)
def test_what_does_not_change_the_music_does_not_change_the_track_id(same: dict[str, Any]) -> None:
    assert track_id(**same) == track_id()


def test_two_ways_to_write_an_umlaut_are_one_prompt() -> None:
    assert track_id(prompt="caf\u00e9") == track_id(prompt="cafe\u0301")


def test_configured_options_are_part_of_the_request_and_given_ones_win() -> None:
    configured = Config(backends={"x": BackendConfig(options={"swing": 0.6})})
    assert track_id(configured) == track_id(options={"swing": 0.6})
    assert track_id(configured, options={"swing": 0.5}) == track_id()


def test_a_seed_is_drawn_when_there_is_none() -> None:
    seeds = {prepare(Wish("rain"), OneBackend(), Config()).request.seed for _ in range(8)}
    assert len(seeds) > 1
    assert all(0 <= seed < 2**32 for seed in seeds)


def test_the_options_in_a_recipe_are_complete() -> None:
    prepared = prepare(Wish("rain", options={"swing": 1}), OneBackend(), Config())
    assert set(prepared.options) == set(Options.__struct_fields__)
    assert prepared.options["swing"] == 1


@pytest.mark.parametrize("prompt", ["", "  \n\t", "x" * 2001])
def test_an_empty_or_endless_prompt_is_refused(prompt: str) -> None:
    with pytest.raises(InvalidPrompt):
        track_id(prompt=prompt)


def test_a_prompt_of_2000_characters_is_fine() -> None:
    assert track_id(prompt="x" * 2000)


@pytest.mark.parametrize("duration", [float("nan"), float("inf"), -1, 0, 4.999, 60.001])
def test_a_duration_out_of_range_names_the_range(duration: float) -> None:
    with pytest.raises(InvalidDuration, match="5 to 60 seconds"):
        track_id(duration_sec=duration)


@pytest.mark.parametrize(
    ("options", "error", "text"),
    [
        ({"swingg": 0.5}, InvalidOption, "no option 'swingg'"),
        ({"swing": 2}, InvalidOption, "swing is 2"),
        ({"swing": "much"}, InvalidOption, "swing is 'much'"),
        ({"swing": float("nan")}, InvalidOption, "swing is nan"),
        ({"tags": [1]}, InvalidOption, "tags"),
        ({"inference_steps": 0}, InvalidInferenceSteps, "is 0; must be a whole number from 1 to 200"),
        ({"inference_steps": 9.5}, InvalidInferenceSteps, "is 9.5; must be a whole number from 1 to 200"),
        ({"inference_steps": "9"}, InvalidInferenceSteps, "is '9'; must be a whole number from 1 to 200"),
        ({"scheduler": 3}, InvalidScheduler, "scheduler is 3"),
        ({"guidance_scale": 99}, InvalidGuidanceScale, "is 99; must be a number from 0 to 30"),
    ],
)
def test_an_option_out_of_range_names_option_and_value(
    options: dict[str, Any], error: type[Exception], text: str
) -> None:
    with pytest.raises(error, match=text):
        track_id(options=options)


def test_a_whole_number_may_come_as_a_float_and_is_the_same_track() -> None:
    assert track_id(options={"inference_steps": 20.0}) == track_id(options={"inference_steps": 20})
    with pytest.raises(InvalidInferenceSteps, match=r"is 201; must be a whole number from 1 to 200"):
        track_id(options={"inference_steps": 201.0})


class Hostile(Struct):
    """Options that check themselves, in an odd way."""

    kind: str = ""

    def __post_init__(self) -> None:
        match self.kind:
            case "exit":
                sys.exit(3)
            case "key":
                raise KeyError("kind")
            case "value":
                raise ValueError("no such kind")


@pytest.mark.parametrize(
    ("kind", "error", "text"),
    [
        ("exit", InferenceFailed, "x raised SystemExit: 3"),
        ("key", InferenceFailed, "x raised KeyError"),
        ("value", InvalidOption, "no such kind"),
    ],
)
def test_options_that_check_themselves_are_the_plugins_code(
    kind: str, error: type[Exception], text: str
) -> None:
    with pytest.raises(error, match=text):
        prepare(Wish("rain", options={"kind": kind}), OneBackend(options=Hostile), Config())


def test_a_backend_without_options_takes_none() -> None:
    with pytest.raises(InvalidOption, match="no option 'swing'"):
        prepare(Wish("rain", options={"swing": 1}), OneBackend(options=None), Config())


def test_aliases_are_options_and_must_not_contradict_them() -> None:
    assert merged_aliases({"swing": 1}, {"scheduler": "heun", "guidance_scale": None}) == {
        "swing": 1,
        "scheduler": "heun",
    }
    assert merged_aliases({"scheduler": "heun"}, {"scheduler": "heun"}) == {"scheduler": "heun"}
    with pytest.raises(InvalidOption, match="given twice"):
        merged_aliases({"scheduler": "euler"}, {"scheduler": "heun"})
