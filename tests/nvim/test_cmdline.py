"""What a command line says, and what could stand at its cursor."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from tests.nvim.conftest import Lua

BACKEND = {
    "type": "procedural",
    "status": "ready",
    "min_duration_sec": 5,
    "max_duration_sec": 600,
    "options": {
        "properties": {
            "tempo": {"anyOf": [{"type": "number", "minimum": 40, "maximum": 200}, {"type": "null"}]},
            "key": {"anyOf": [{"type": "string"}, {"type": "null"}]},
            "drums": {"anyOf": [{"type": "boolean"}, {"type": "null"}]},
            "inference_steps": {"type": "integer", "minimum": 1, "maximum": 200, "default": 60},
            "scheduler": {"enum": ["euler", "heun"], "default": "euler"},
        }
    },
}
KNOWN: dict[str, Any] = {
    "backends": {
        "default_backend": "procedural",
        "backends": [
            BACKEND,
            {"type": "ace_step", "status": "not_installed", "variants": [{"name": "v1-3.5b"}]},
        ],
    },
    "presets": {"presets": [{"name": "focus"}, {"name": "lofi"}]},
    "tracks": {"tracks": [{"track_id": "ab" * 16, "prompt": "rainy night, jazzy rhodes"}]},
    "jobs": [{"id": "cd" * 16, "prompt": "rain on a tin roof"}],
}


def parsed(lua: Lua, line: str) -> Any:
    return lua("return require('lofi.cmdline').parse(...)", line)


@pytest.mark.parametrize(
    ("line", "words", "options"),
    [
        ("jazz from 1985", ["jazz", "from", "1985"], []),
        ("rain --duration=60 night", ["rain", "night"], [{"name": "duration", "value": "60"}]),
        ("--no-play rain", ["rain"], [{"name": "no-play"}]),
        ("--title='two words' rain", ["rain"], [{"name": "title", "value": "two words"}]),
        ('--title="don\'t" rain', ["rain"], [{"name": "title", "value": "don't"}]),
        ("don't stop -- --now", ["don't", "stop", "--now"], []),
        ("rain - and - wind -5", ["rain", "-", "and", "-", "wind", "-5"], []),
        ("--key= rain", ["rain"], [{"name": "key", "value": ""}]),
        ("", [], []),
    ],
)
def test_options_may_stand_anywhere_and_all_else_is_the_prompt(
    lua: Lua, line: str, words: list[str], options: list[dict[str, str]]
) -> None:
    assert parsed(lua, line) == {"words": words, "options": options}


@pytest.mark.parametrize("words", [['"rainy', 'night"'], ["'rainy", "night'"], ["rainy", "night"]])
def test_a_prompt_may_stand_in_quotes(lua: Lua, words: list[str]) -> None:
    assert lua("return require('lofi.cmdline').prompt(...)", words) == "rainy night"


@pytest.mark.parametrize(
    ("line", "params"),
    [
        ("--duration=60 --seed=7", {"duration_sec": 60, "seed": 7}),
        ("--tempo=82.5 --no-drums", {"options": {"tempo": 82.5, "drums": False}}),
        ("--drums --scheduler=heun", {"options": {"drums": True, "scheduler": "heun"}}),
        ("--inference-steps=20", {"options": {"inference_steps": 20}}),
        ("--no-play --no-cache", {"play": False, "cache": False}),
        ("--title=1985", {"title": "1985"}),
        ("--key=d --tempo=fast", {"options": {"key": "d", "tempo": "fast"}}),  # the daemon says what it takes
        ("--tempos=80", {"options": {"tempos": "80"}}),  # and which name was meant
        ("--tempo=inf", {"options": {"tempo": "inf"}}),
    ],
)
def test_a_value_has_the_type_that_the_schema_says(lua: Lua, line: str, params: dict[str, Any]) -> None:
    code = "return (require('lofi.request').params(require('lofi.cmdline').parse(...), select(2, ...)))"
    assert lua(code, line, BACKEND) == params


def test_an_option_without_its_value_is_a_mistake(lua: Lua) -> None:
    code = "return { require('lofi.request').params(require('lofi.cmdline').parse('--tempo rain'), ...) }"
    _, mistake = lua(code, BACKEND)
    assert mistake == {"code": "INVALID_OPTION", "message": "--tempo needs a value", "hint": "--tempo=…"}


def candidates(lua: Lua, line: str, known: Any = None) -> list[str]:
    """The completion of a line whose cursor is at its end."""
    code = """
        local line, known = ...
        local subcommands = require("lofi.commands").SUBCOMMANDS
        return require("lofi.complete").candidates(line:match("%S*$"), line, subcommands, known)
    """
    found: list[str] = lua(code, line, KNOWN if known is None else known)
    return found


@pytest.mark.parametrize(
    ("line", "offered"),
    [
        ("Lofi st", ["status", "stop"]),
        ("Lofi! st", []),
        ("silent! Lofi sk", ["skip"]),
        ("Lofi rain --te", ["--tempo="]),
        ("Lofi rain --tempo=90 --te", []),
        ("Lofi rain --no-", ["--no-cache", "--no-play", "--no-drums"]),
        ("Lofi rain --scheduler=", ["--scheduler=euler", "--scheduler=heun"]),
        ("Lofi rain --drums=", ["--drums=true", "--drums=false"]),
        ("Lofi rain --inference_steps=", [f"--inference_steps={n}" for n in (1, 60, 200)]),
        ("Lofi rain --tempo=", ["--tempo=40", "--tempo=200"]),
        ("Lofi rain --backend=", ["--backend=procedural", "--backend=ace_step"]),
        ("Lofi rain --backend=ace-step --te", []),  # its options are not known
        ("Lofi rain --duration=6", ["--duration=60"]),
        ("Lofi rain --priority=", ["--priority=high", "--priority=normal"]),
        ("Lofi radio --preset=f", ["--preset=focus"]),
        ("Lofi radio li", ["like"]),
        ("Lofi radio --te", ["--tempo="]),
        ("Lofi play rai", ["rainy night, jazzy rhodes"]),
        ("Lofi play rainy ni", ["night, jazzy rhodes"]),
        ("Lofi play ab", ["ab" * 16]),
        ("Lofi queue ", ["add", "clear"]),
        ("Lofi queue add rainy night, ", ["jazzy rhodes"]),
        ("Lofi cancel rain on", ["on a tin roof"]),
        ("Lofi cancel --", ["--force"]),
        ("Lofi download ", ["procedural", "ace_step"]),
        ("Lofi download ace_step ", ["v1-3.5b"]),
        ("Lofi daemon r", ["restart"]),
        ("Lofi volume +", ["+5%"]),
        ("Lofi stop ", []),
        ("Lofi here --sc", ["--scheduler="]),
    ],
)
def test_completion_offers_what_could_stand_there(lua: Lua, line: str, offered: list[str]) -> None:
    assert candidates(lua, line) == offered


@pytest.mark.parametrize("line", ["Lofi rain --", "Lofi play ", "Lofi radio --preset=", "Lofi rain --tempo="])
def test_completion_does_without_a_daemon(lua: Lua, line: str) -> None:
    assert not {"--tempo=", "rainy"} & set(candidates(lua, line, {}))
