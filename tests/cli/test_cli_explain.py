"""Does `generate --explain` tell what was understood, and make nothing?"""

import json
from pathlib import Path

import pytest

from lofi_core import Explanation, Schedule, Stage
from lofi_core.tracks.recipes import read_recipe
from tests.cli.conftest import Run

PROMPT = "rainy xyzzy rhodes, 75 bpm, no drums"


def test_it_tells_what_was_understood_and_what_not(run: Run, environ: Path) -> None:
    exit_status, out, err = run("generate", PROMPT, "--explain", "--seed", "3", "-O", "swing=0.55")
    assert (exit_status, err) == (0, "")
    understood, _, rest = out.partition("not understood:")
    unknown, _, choices = rest.partition("so it makes:")
    assert "rainy     -2 BPM, minor 0.2, texture rain 0.6" in understood
    assert "no drums  without drums" in understood
    assert unknown.split() == ["xyzzy"]
    assert {"tempo_bpm    75", "swing        0.55", "without      drums"} <= set(
        map(str.strip, choices.splitlines())
    )
    assert not (environ / "data").exists()


def test_as_json_it_is_what_the_recipe_of_the_track_keeps(run: Run) -> None:
    request = ("generate", PROMPT, "--seed", "3", "-d", "5", "--json")
    told = json.loads(run(*request, "--explain").out)
    assert told["seed"] == 3
    assert told["music"]["tempo_bpm"] == 75.0
    assert told["explanation"]["unknown"] == ["xyzzy"]
    made = json.loads(run(*request, "--no-daemon").out)
    assert read_recipe(Path(made["path"])).extra["explanation"] == told["explanation"]


def test_a_request_that_would_be_refused_is_refused(run: Run) -> None:
    exit_status, out, err = run("generate", "rain", "--explain", "-O", "key=h minor")
    assert (exit_status, out) == (1, "")
    assert "'h minor'" in err


@pytest.mark.parametrize("option", [("--play",), ("--output", "x.flac")])
def test_nothing_can_be_asked_of_what_is_not_made(run: Run, option: tuple[str, ...]) -> None:
    exit_status, _, err = run("generate", "rain", "--explain", *option)
    assert exit_status == 2
    assert "makes nothing" in err


def test_an_explanation_is_text_and_numbers() -> None:
    with pytest.raises(TypeError, match="must be text"):
        Explanation({"rain": 1})  # type: ignore[dict-item]
    with pytest.raises(TypeError, match="must be an Explanation"):
        Schedule((Stage("a", 1),), explanation="rain")  # type: ignore[arg-type]
