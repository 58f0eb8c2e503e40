"""Where is the socket, and what may a user set?"""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.nvim.core.driver import ROOT

if TYPE_CHECKING:
    from tests.nvim.core.driver import Editor

# The Python side is tested from the same file.
CASES = json.loads((ROOT / "tests" / "data" / "socket_paths.json").read_text("utf-8"))
CONFIG = (ROOT / "lua" / "lofi" / "config.lua").read_text("utf-8")

DECLARED = re.compile(r"^---@(?:class|alias)(?: \(exact\))? (lofi\.\w+)", re.MULTILINE)


def named(case: dict[str, Any]) -> str:
    return str(case["name"])


def ask(editor: Editor, case: dict[str, Any]) -> tuple[str | None, dict[str, Any] | None]:
    """The path and the error for one case of the table."""
    question = {key: case[key] for key in ("env", "home", "flag", "limit") if key in case}
    path, err = editor.lua(
        "local path, err = require('lofi.socket').rule(...); return { path or vim.NIL, err or vim.NIL }",
        question,
    )
    return path, err


@pytest.mark.parametrize("case", [case for case in CASES if "path" in case], ids=named)
def test_the_socket_lies_where_the_shared_table_says(calculator: Editor, case: dict[str, Any]) -> None:
    assert ask(calculator, case) == (case["path"], None)


@pytest.mark.parametrize("case", [case for case in CASES if "path" not in case], ids=named)
def test_a_socket_path_over_the_limit_is_an_error_that_says_both_lengths(
    calculator: Editor, case: dict[str, Any]
) -> None:
    path, err = ask(calculator, case)
    assert path is None
    assert err is not None
    assert f"{case['error_length']} bytes long, and this system takes {case['limit']}" in err["message"]
    assert err["hint"].startswith("choose a shorter one")


def test_a_relative_socket_starts_where_the_editor_is(calculator: Editor) -> None:
    here = calculator.lua("return vim.uv.cwd()")
    case = {"env": {}, "home": "/home/kim", "flag": "run/./lofi.sock", "limit": 4096}
    assert ask(calculator, case) == (f"{here}/run/lofi.sock", None)


def test_the_configured_socket_is_the_flag(calculator: Editor) -> None:
    setup(calculator, {"socket": "~/s.sock"})
    home = calculator.lua("return vim.uv.os_homedir()")
    assert calculator.lua("return (require('lofi.socket').path())") == f"{home}/s.sock"


def setup(editor: Editor, settings: Any) -> list[str]:
    """What is wrong with settings."""
    problems: list[str] = editor.lua("return require('lofi.config').setup(...)", settings)
    return problems


def in_force(editor: Editor, key: str) -> Any:
    return editor.lua("return require('lofi.config').get()[...]", key)


def test_settings_are_laid_over_the_defaults(calculator: Editor) -> None:
    assert setup(calculator, {"duration_sec": 60, "notify": {"level": "warn"}, "cmd": ["lofi-core"]}) == []
    assert in_force(calculator, "duration_sec") == 60
    assert in_force(calculator, "notify") == {"level": "warn"}
    assert in_force(calculator, "progress") == "float"


def test_each_setup_begins_with_the_defaults(calculator: Editor) -> None:
    setup(calculator, {"timeout_ms": 5})
    setup(calculator, {})
    assert in_force(calculator, "timeout_ms") == 30000


@pytest.mark.parametrize(
    ("settings", "problem"),
    [
        ({"sokcet": "/x"}, "unknown key 'sokcet'; did you mean 'socket'?"),
        ({"durationsec": 5}, "unknown key 'durationsec'; did you mean 'duration_sec'?"),
        ({"model_path": "/x"}, "unknown key 'model_path'"),
        ({"notify": {"levle": "warn"}}, "unknown key 'notify.levle'; did you mean 'level'?"),
        ({"autostart": "yes"}, "autostart is a string, and takes boolean"),
        (
            {"progress_position": "botom"},
            "progress_position is 'botom', and takes one of bottom, top; did you mean 'bottom'?",
        ),
        ({"log": {"level": "loud"}}, "log.level is 'loud', and takes one of debug, info, warn, error, off"),
        ({"timeout_ms": -1}, "timeout_ms is -1, and takes a number above 0"),
        ({"duration_sec": float("inf")}, "duration_sec is inf, and takes a number above 0"),
        ("lofi", "takes a table, and was given a string"),
    ],
)
def test_a_mistake_is_named_and_the_default_holds(calculator: Editor, settings: Any, problem: str) -> None:
    assert setup(calculator, settings) == [problem]
    assert in_force(calculator, "progress") == "float"
    assert in_force(calculator, "timeout_ms") == 30000


def test_one_mistake_spoils_nothing_else(calculator: Editor) -> None:
    assert len(setup(calculator, {"sokcet": "/x", "play": False, "backend": 7})) == 2
    assert in_force(calculator, "play") is False


def test_a_mistake_in_setup_is_told_and_raises_nothing(editor: Editor) -> None:
    editor.lua("require('lofi').setup({ sokcet = '/x' })")
    editor.wait("#test.told == 1")
    (told,) = editor.lua("return test.told")
    assert told["title"] == "lofi"
    assert "unknown key 'sokcet'; did you mean 'socket'?" in told["text"]


def test_every_key_has_a_type_and_a_line_for_its_reader(calculator: Editor) -> None:
    rules, defaults = calculator.lua("return { require('lofi.config').schema() }")
    described = re.search(r"@class lofi\.Config .*\n((?:---@field .*\n)+)", CONFIG)
    assert described
    assert set(re.findall(r"@field (\w+)\? \S+.* \w", described[1])) == set(rules)
    assert set(defaults) <= set(rules)


def test_setup_takes_less_than_a_millisecond(calculator: Editor) -> None:
    """A bound of the plugin's own promise; it takes about a tenth of that, and is done once."""
    code = """
        require("lofi")
        local best = math.huge
        for _ = 1, 20 do
          package.loaded["lofi.config"] = nil
          local start = vim.uv.hrtime()
          require("lofi").setup({ duration_sec = 60, notify = { level = "warn" } })
          best = math.min(best, vim.uv.hrtime() - start)
        end
        return best / 1e6
    """
    assert calculator.lua(code) <= 1


def test_a_name_of_an_event_becomes_one_of_an_autocommand(calculator: Editor) -> None:
    code = "return require('lofi.events').autocommand(...)"
    assert calculator.lua(code, "generation_complete") == "LofiGenerationComplete"
    assert calculator.lua(code, "shutting_down") == "LofiShuttingDown"


def test_lofi_nvims_names_of_events_are_there(calculator: Editor) -> None:
    assert calculator.lua("return require('lofi').EVENTS.GENERATION_PROGRESS") == "generation_progress"
    assert calculator.lua("return require('lofi').EVENTS.NO_SUCH") is None


def test_no_type_is_declared_twice() -> None:
    declared = [
        name
        for file in Path(ROOT / "lua").rglob("*.lua")
        for name in DECLARED.findall(file.read_text("utf-8"))
    ]
    assert sorted(declared) == sorted(set(declared))


def test_no_module_makes_globals(calculator: Editor) -> None:
    code = """
        local before = vim.tbl_keys(_G)
        for _, file in ipairs(vim.fn.glob(... .. "/lua/lofi/*.lua", true, true)) do
          local name = vim.fs.basename(file):gsub("%.lua$", "")
          if name ~= "types" then
            require("lofi." .. name)
          end
        end
        return vim.tbl_filter(function(key) return not vim.tbl_contains(before, key) end, vim.tbl_keys(_G))
    """
    assert calculator.lua(code, str(ROOT)) == []


def test_what_happens_is_noted_as_far_as_the_user_wants(editor: Editor) -> None:
    editor.lua("require('lofi').setup({ log = { level = 'info' } })")
    editor.call("status")
    path = Path(editor.lua("return require('lofi.log').path()"))
    editor.wait("vim.uv.fs_stat(a[1])", str(path))
    assert "info  off → starting\n" in path.read_text("utf-8")


def test_nothing_is_noted_while_all_goes_well(editor: Editor) -> None:
    editor.call("status")
    assert not Path(editor.lua("return require('lofi.log').path()")).exists()


PROMISED = """
    setup generate get_backends is_generating current_track on cancel play pause toggle stop skip volume radio
    status statusline tracks download request
"""


def test_the_functions_are_those_that_users_were_promised(calculator: Editor) -> None:
    code = "local found = {} for name, f in pairs(require('lofi')) do found[name] = type(f) end return found"
    kinds = calculator.lua(code)
    assert {name for name, kind in kinds.items() if kind == "function"} == set(PROMISED.split())
