"""What the pages say is what the code does, and what the code has is named in a page and in a test."""

from __future__ import annotations

import ast
import inspect
import os
import re
import subprocess
import sys
import tomllib
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from lofi_core import hookspecs
from lofi_core.errors import ERRORS
from lofi_core.events import EVENTS
from lofi_core.rpc.methods import METHODS
from lofi_procedural.words.lexicon import FILES

if TYPE_CHECKING:
    from tests.conftest import DaemonProcess

ROOT = Path(__file__).parents[1]
DOCS = ROOT / "docs"
HOOKS = [name for name, value in vars(hookspecs).items() if hasattr(value, f"{hookspecs.PROJECT}_spec")]
DEPENDENCIES = [
    re.split(r"[<>=~!\[; ]", line)[0]
    for line in tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["dependencies"]
]


@cache
def page(name: str) -> str:
    return (DOCS / name).read_text()


@cache
def code_of_the_tests() -> str:
    """All tests but this one, which names everything."""
    files = [file for file in (ROOT / "tests").rglob("*.py") if file != Path(__file__)]
    return "\n".join(file.read_text() for file in files)


@cache
def used_names() -> set[str]:
    """Every name that occurs in the code, but for the table of errors: those that are raised among them."""
    names: set[str] = set()
    for file in [*ROOT.glob("lofi_core/**/*.py"), *ROOT.glob("plugins/**/*.py")]:
        if file.name not in {"errors.py", "__init__.py"}:
            names |= {node.id for node in ast.walk(ast.parse(file.read_text())) if isinstance(node, ast.Name)}
    return names


def example(name: str, language: str) -> str:
    """The first code block of a language in a page."""
    block = re.search(rf"```{language}\n(.*?)```", page(name), re.DOTALL)
    assert block
    return block[1]


def test_the_generated_parts_are_up_to_date() -> None:
    command = [sys.executable, str(DOCS / "generate.py"), "--check"]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=ROOT)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("name", [*FILES, "grammar"])
def test_every_file_of_the_lexicon_is_shown(name: str) -> None:
    assert re.search(rf"<!-- lexicon: {name} -->\n\| Words \|", page("procedural.md"))


def test_every_picture_is_there_says_what_it_shows_and_is_small() -> None:
    pictures = re.findall(r"!\[(.*?)\]\((\S+?)\)", page("procedural.md"))
    sizes = [(DOCS / path).stat().st_size for _, path in pictures]
    assert len(pictures) == 6
    assert all(text for text, _ in pictures)
    assert max(sizes) <= 150_000


def test_the_example_client_makes_a_track(daemon: DaemonProcess) -> None:
    environ = os.environ | {"LOFI_SOCKET": str(daemon.socket)}
    command = [sys.executable, "-c", example("rpc.md", "python")]
    done = subprocess.run(command, env=environ, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 0, done.stderr
    assert Path(done.stdout.splitlines()[-1]).suffix == ".flac"


@pytest.mark.parametrize("name", [*METHODS, *EVENTS])
def test_every_method_and_event_is_in_the_reference(name: str) -> None:
    assert f"### `{name}`\n" in page("rpc.md")


@pytest.mark.parametrize("code", ERRORS)
def test_every_error_code_is_in_the_reference(code: str) -> None:
    assert re.search(rf"^\| `{code}` \| -?\d+ \| [^ |]", page("rpc.md"), re.MULTILINE)


@pytest.mark.parametrize("hook", HOOKS)
def test_every_hook_is_documented_with_its_arguments(hook: str) -> None:
    arguments = ", ".join(inspect.signature(getattr(hookspecs, hook)).parameters)
    assert f"### `{hook}({arguments})`" in page("writing-a-backend.md")


@pytest.mark.parametrize("name", [*METHODS, *EVENTS, *HOOKS])
def test_every_method_event_and_hook_is_in_a_test(name: str) -> None:
    assert re.search(rf"\b{name}\b", code_of_the_tests())


@pytest.mark.parametrize("code", [code for code in ERRORS if ERRORS[code].__name__ in used_names()])
def test_every_error_that_can_occur_is_in_a_test(code: str) -> None:
    name = ERRORS[code].__name__
    assert re.search(rf"\b({code}|{name})\b", code_of_the_tests())


@pytest.mark.parametrize("dependency", DEPENDENCIES)
def test_every_dependency_is_justified_with_what_it_costs(dependency: str) -> None:
    assert re.search(rf"^\| \[?{dependency}\b.* \| .+ \| .+ \| \d+ ms", page("dependencies.md"), re.MULTILINE)


def test_no_dependency_is_justified_that_is_not_one() -> None:
    core = page("dependencies.md").partition("## The core")[2].partition("\n## ")[0]
    listed = set(re.findall(r"^\| ([\w-]+) \|", core, re.MULTILINE))
    assert listed - {"package"} == set(DEPENDENCIES)
