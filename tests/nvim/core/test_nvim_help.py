"""Does `:help lofi` tell of all there is, of nothing that is not, and does every link lead somewhere?"""

from __future__ import annotations

import json
import re
import subprocess
from functools import cache
from typing import TYPE_CHECKING, Any

import pytest

from lofi_core.errors import ERRORS
from tests.nvim.core.driver import ROOT, nvim

if TYPE_CHECKING:
    from pathlib import Path

    from tests.nvim.core.driver import Editor

HELP = (ROOT / "doc" / "lofi.txt").read_text("utf-8")
TAG = re.compile(r"(?:^|(?<=\s))\*([^*\s|]+)\*(?=\s|$)", re.MULTILINE)
LINK = re.compile(r"(?<!\S)\(?\|([^|\s]+)\|")
EXAMPLE = re.compile(r">(\w+)\n(.*?)\n<", re.DOTALL)
CODE = re.compile(r"(?:errors\.new\(\s*|code = )\"([A-Z_]+)\"")


def without_examples(text: str) -> str:
    """The prose: in examples bars and stars are something else."""
    return EXAMPLE.sub("", text)


TAGS = TAG.findall(without_examples(HELP))


@cache
def plugin() -> dict[str, Any]:
    """What the plugin has, out of a Neovim that has loaded it."""
    script = ROOT / "docs" / "generate_help.lua"
    command = [nvim(), "--clean", "-n", "--headless", "-l", str(script), str(ROOT)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def tagged(pattern: str) -> set[str]:
    """What stands in the group of a pattern that tags match as a whole."""
    return {found[1] for tag in TAGS if (found := re.fullmatch(pattern, tag))}


def keys_of(rules: dict[str, Any], prefix: str = "") -> set[str]:
    """The keys of `setup()`, those of tables with dots."""
    found = {prefix + key for key in rules}
    for key, rule in rules.items():
        found |= keys_of(rule.get("keys", {}), f"{prefix}{key}.")
    return found


def own_options(module: str) -> set[str]:
    """The options that a subcommand looks for by itself."""
    source = (ROOT / "lua" / "lofi" / "commands" / f"{module}.lua").read_text("utf-8")
    return set(re.findall(r"name == \"(\w+)\"", source))


def test_every_subcommand_is_documented_and_no_other() -> None:
    assert tagged(r":Lofi-(\w+)") == set(plugin()["subcommands"])


def test_every_command_is_documented_and_no_other() -> None:
    assert tagged(r":(Lofi\w*)") == set(plugin()["commands"])


def test_every_option_is_documented_and_no_other() -> None:
    options = set(plugin()["flags"]) | own_options("radio") | own_options("queue")
    assert tagged(r"lofi-option-(\w+)") == options


def test_every_map_is_documented_and_no_other() -> None:
    assert tagged(r"(<Plug>.*)") == set(plugin()["maps"])


def test_every_setting_is_documented_and_no_other() -> None:
    assert tagged(r"lofi-config-([\w.]+)") == keys_of(plugin()["rules"])


def test_every_function_is_documented_and_no_other() -> None:
    assert tagged(r"lofi\.(\w+)\(\)") == set(plugin()["functions"])


def test_every_function_says_what_it_does() -> None:
    for name in plugin()["functions"]:
        _, _, behind = HELP.partition(f"*lofi.{name}()*\n")
        assert re.match(r" {4}[A-Z]", behind), f"lofi.{name}() has no line of its own"


def test_every_event_and_its_autocommand_is_documented_and_no_other() -> None:
    assert tagged(r"lofi-event-(\w+)") == set(plugin()["autocommands"])
    assert tagged(r"(Lofi\w+)") == set(plugin()["autocommands"].values())


def test_every_highlight_is_documented_and_no_other() -> None:
    assert tagged(r"hl-(\w+)") == set(plugin()["highlights"])


def test_every_error_code_is_documented() -> None:
    _, _, section = HELP.partition("*lofi-errors*\n")
    ours = {code for file in (ROOT / "lua").rglob("*.lua") for code in CODE.findall(file.read_text("utf-8"))}
    documented = set(re.findall(r"^ *([A-Z]+_[A-Z_]+|[A-Z]{5,})(?= {3,}|$)", section, re.MULTILINE))
    assert documented == ours | set(ERRORS)


def test_the_tags_of_the_help_are_unique(calculator: Editor, home: Path) -> None:
    (home / "doc").mkdir()
    (home / "doc" / "lofi.txt").write_text(HELP)
    calculator.nvim.command(f"helptags {home / 'doc'}")  # raises E154 for one that is there twice
    made = {line.split("\t")[0] for line in (home / "doc" / "tags").read_text().splitlines()}
    assert made == set(TAGS)


def test_every_link_leads_somewhere(calculator: Editor) -> None:
    runtime = calculator.lua("return vim.fn.readfile(vim.env.VIMRUNTIME .. '/doc/tags')")
    known = set(TAGS) | {line.split("\t")[0] for line in runtime}
    links = LINK.findall(without_examples(HELP))
    assert len(links) > 40
    assert [link for link in links if link not in known] == []


def test_help_lofi_opens_it(calculator: Editor, home: Path) -> None:
    (home / "doc").mkdir()
    (home / "doc" / "lofi.txt").write_text(HELP)
    calculator.nvim.command(f"helptags {home / 'doc'}")
    calculator.nvim.command(f"set runtimepath^={home}")
    calculator.nvim.command("help lofi")
    assert calculator.lua("return vim.api.nvim_get_current_line()").startswith("1. Introduction")
    calculator.nvim.command("helpclose")


@pytest.mark.parametrize("example", [code for kind, code in EXAMPLE.findall(HELP) if kind == "lua"])
def test_the_examples_are_lua(calculator: Editor, example: str) -> None:
    code = "local code = ...; return load(code) ~= nil or load('return ' .. code) ~= nil"
    assert calculator.lua(code, example)


def test_no_line_is_wider_than_a_help_window() -> None:
    assert [line for line in HELP.splitlines() if len(line) > 78] == []


def test_the_generated_tags_stay_out_of_the_repository() -> None:
    assert "doc/tags" in (ROOT / ".gitignore").read_text().splitlines()
