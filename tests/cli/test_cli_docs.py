"""Do the pages about commands and keys say what the code does?"""

import json
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import click
import pytest

from lofi_core.cli.main import cli
from lofi_core.settings.keys import allowed, table

DOCS = Path(__file__).parents[2] / "docs"
PAGES = [DOCS.parent / "README.md", *sorted(DOCS.glob("*.md"))]
SHARED = {"--socket", "--config", "--data-dir", "--verbose", "--json"}


def _commands(group: click.Group, name: str) -> Iterator[tuple[str, click.Command]]:
    context = click.Context(group)
    for child in group.list_commands(context):
        command = group.get_command(context, child)
        assert command is not None
        yield f"{name} {child}", command
        if isinstance(command, click.Group):
            yield from _commands(command, f"{name} {child}")


COMMANDS = dict(_commands(cli, "lofi-core"))


def _sections() -> dict[str, str]:
    """Heading → text of the page about the command line."""
    page = (DOCS / "cli.md").read_text("utf-8")
    parts = re.split(r"^#{2,3} (.*)$", page, flags=re.MULTILINE)
    return dict(zip(parts[1::2], parts[2::2], strict=True))


def _own_options(command: click.Command) -> set[str]:
    names = (param.opts + param.secondary_opts for param in command.params if isinstance(param, click.Option))
    return {name for opts in names for name in opts} - SHARED


def test_the_page_has_a_section_for_each_command_and_no_other() -> None:
    documented = [heading.strip("`") for heading in _sections() if heading.startswith("`")]
    assert sorted(documented) == sorted(COMMANDS)
    in_help = [f"lofi-core {name}" for name in cli.list_commands(click.Context(cli))]
    assert [name for name in documented if name in in_help] == in_help


@pytest.mark.parametrize("name", COMMANDS)
def test_a_commands_section_names_its_options_and_no_others(name: str) -> None:
    rows = [line.split("|")[1] for line in _sections()[f"`{name}`"].splitlines() if line.startswith("| `")]
    documented = {word for row in rows for word in re.findall(r"(?<![\w-])--?[A-Za-z-]+", row)}
    assert documented == _own_options(COMMANDS[name])


def test_the_page_names_the_shared_options() -> None:
    section = _sections()["For all commands"]
    assert all(f"`{name}" in section for name in SHARED | {"--version"})


def test_the_page_names_every_exit_status() -> None:
    statuses = re.findall(r"^\| (\d+) \|", _sections()["Exit status"], flags=re.MULTILINE)
    assert statuses == ["0", "1", "2", "3", "130"]


def test_every_command_and_option_has_a_help_text() -> None:
    for name, command in COMMANDS.items():
        assert command.help, name
        options = [param for param in command.params if isinstance(param, click.Option)]
        assert [option.name for option in options if not option.help] == [], name


def test_the_configuration_page_has_a_row_for_each_key_and_no_other() -> None:
    page = (DOCS / "configuration.md").read_text("utf-8").partition("## Places")[0]
    rows = [
        [cell.strip() for cell in line.split(" | ")] for line in page.splitlines() if line.startswith("| `")
    ]
    expected = [
        [
            f"| `{key.name}`",
            "" if key.default is None else f"`{json.dumps(key.default)}`",
            allowed(key.name),
            f"`{key.variable}`" if key.variable else "",
        ]
        for key in table().values()
    ]
    assert [row[:4] for row in rows] == expected


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_link_of_a_page_leads_to_a_page_and_a_heading(page: Path) -> None:
    for place, anchor in re.findall(r"\]\(([^):#]*)(?:#([^)]*))?\)", page.read_text("utf-8")):
        target = page.parent / place if place else page
        assert target.exists(), place
        assert not anchor or anchor in _anchors(target), f"{place}#{anchor}"


def _anchors(page: Path) -> set[str]:
    """What a page's headings are called in links, as code hosts write them."""
    headings = re.findall(r"^#+ (.*)$", page.read_text("utf-8"), flags=re.MULTILINE)
    return {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("name", [name for name in COMMANDS if not isinstance(COMMANDS[name], click.Group)])
def test_every_command_is_run_by_a_test(name: str) -> None:
    words = ", ".join(f'"{word}"' for word in name.split()[1:])
    assert re.search(rf"[\[(]{words}[\]),]", _code_of_the_tests())


@cache
def _code_of_the_tests() -> str:
    return "\n".join(file.read_text("utf-8") for file in (DOCS.parent / "tests").rglob("*.py"))
