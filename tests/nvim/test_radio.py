"""What `:Lofi radio` asks of the daemon, what it says of the answer, and the prompt of `:Lofi here`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from tests.nvim.conftest import Lua

# The daemon's side of the radio is tested where it lives; here its requests are noted.
ASKED = """
    local asked, before = {}, package.loaded["lofi"]
    package.loaded["lofi"] = {
      request = function(method, params) table.insert(asked, { method, params }) end,
      get_backends = function(go_on) go_on(nil, { default_backend = "b", backends = { {
        type = "b", options = { properties = { tempo = { type = "number" } } },
      } } }) end,
    }
    require("lofi.commands").run("radio " .. ..., false)
    package.loaded["lofi"] = before
    return asked
"""


@pytest.mark.parametrize(
    ("line", "method", "params"),
    [
        ("", "radio_start", []),
        ("rainy night", "radio_start", {"prompts": ["rainy night"]}),
        ("rainy night | warm {rain|wind}", "radio_start", {"prompts": ["rainy night", "warm {rain|wind}"]}),
        ("--preset=focus --sleep=30", "radio_start", {"preset": "focus", "sleep_min": 30}),
        (
            "rain --backend=b --tempo=82",
            "radio_start",
            {"prompts": ["rain"], "backend": "b", "options": {"tempo": 82}},
        ),
        ("like", "radio_like", []),
        ("dislike", "radio_dislike", []),
        ("more", "radio_more", []),
        ("stop", "radio_stop", []),
        ("status", "radio_status", []),
        ("stop the rain", "radio_start", {"prompts": ["stop the rain"]}),
    ],
)
def test_the_radio_is_asked_for_what_the_line_says(lua: Lua, line: str, method: str, params: Any) -> None:
    assert lua(ASKED, line) == [[method, params]]


@pytest.mark.parametrize(
    ("status", "said"),
    [
        ({"state": "off"}, "radio: off"),
        (
            {"state": "playing", "now": {"prompt": "rain", "liked": True}, "making": {"percent": 40}},
            "radio: playing · rain ♥ · makes the next, 40%",
        ),
        (
            {"state": "paused", "held": "on battery", "sleep_in_sec": 90},
            "radio: paused · makes nothing: on battery · sleeps in 1:30",
        ),
    ],
)
def test_the_radio_is_said_in_one_line(lua: Lua, status: dict[str, Any], said: str) -> None:
    assert lua("return require('lofi.commands.radio').summary(...)", status) == said


@pytest.mark.parametrize(
    ("filetype", "hour", "here", "prompt"),
    [
        ("lua", 3, {}, "lofi hip hop, late at night, steady focus, writing lua"),
        ("markdown", 10, {"weather": "fog"}, "lofi hip hop, morning, fog, writing, soft and spacious"),
        ("", 15, {"style": ["dusty jazz"]}, "dusty jazz, afternoon, quiet focus"),
        ("gitcommit", 23, {"weather": ""}, "lofi hip hop, late at night, unhurried"),
        ("rust", 20, {"filetypes": {"rust": "warm tape"}}, "lofi hip hop, evening, warm tape"),
    ],
)
def test_the_surroundings_make_a_prompt(
    lua: Lua, filetype: str, hour: int, here: dict[str, Any], prompt: str
) -> None:
    assert lua("return require('lofi.here').prompt(...)", filetype, hour, here) == prompt


def test_a_weather_function_that_throws_leaves_the_weather_out(lua: Lua) -> None:
    code = "return require('lofi.here').words(function() error('no weather') end) == nil"
    assert lua(code)
