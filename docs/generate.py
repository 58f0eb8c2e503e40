# ruff: noqa: INP001 - a script, run as `python docs/generate.py`
"""Write what the pages say about the code: the reference in `rpc.md`, and quoted files in every page.

`--check` writes nothing and fails when a page is not what it would be written as.

In `rpc.md` everything below a marker is made from the METHODS, EVENTS and ERRORS tables. In any page the code
block after `<!-- quote: PATH -->` is that file, and the table after `<!-- lexicon: NAME -->` is made from the
embedded backend's file of that name. What follows `<!-- pieces -->` is told by `pieces.py`; `pictures.py`
draws it. What the Neovim plugin knows of the wire, and its help, come along.
"""

from __future__ import annotations

import re
import subprocess
import sys
from inspect import cleandoc
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pieces

from lofi_core.errors import wire_type
from lofi_core.jobs.history import MAX_ENDED
from lofi_core.jobs.queue import TURN_AFTER
from lofi_core.jobs.request import MAX_PROMPT_CHARACTERS
from lofi_core.jobs.restore import MAX_INTERRUPTIONS
from lofi_core.rpc import connection, decode, frames, outbox, room
from lofi_core.rpc.describe import describe
from lofi_core.tracks.words import MAX_TITLE_CHARACTERS
from lofi_procedural.words.lexicon import lexicon

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

DOCS = Path(__file__).parent
MARKER = "<!-- Everything below is written by docs/generate.py. -->"
QUOTE = re.compile(r"(<!-- quote: (\S+) -->\n```\w*\n).*?(```)", re.DOTALL)
LEXICON = re.compile(r"(<!-- lexicon: (\w+) -->\n).*?(?=\n[^|\n]|\Z)", re.DOTALL)
SHOWN = re.compile(r"(<!-- pieces -->\n).*?(?=\n## |\Z)", re.DOTALL)
GRAMMAR = {
    "negations": "what follows is not wanted",
    "bridges": "between a negation and what it means: nothing",
    "links": "keep a negation open for the next word",
    "solo": "only what is named plays",
    "beside": "the same, beside an instrument",
    "casual": "the same, right before one",
    "absent": "nobody sings anyway: understood after a negation",
    "ignored": "nothing",
}
PARAM_HEAD = ("name", "type", "default", "constraints", "required")
FIELD_HEAD = ("name", "type", "always there")
MEBIBYTE = 1024 * 1024


def main(arguments: list[str]) -> int:
    """Write or check every page. Returns the exit status."""
    others = [run(script, arguments) for script in ("generate_lua.py", "generate_help.py")]
    stale = {page: new for page in sorted(DOCS.glob("*.md")) if (new := written(page)) != page.read_text()}
    if "--check" in arguments:
        for page in stale:
            sys.stderr.write(f"{page} is out of date: run python docs/generate.py\n")
        return 1 if stale else max(others)
    for page, text in stale.items():
        page.write_text(text)
    return max(others)


def run(script: str, arguments: list[str]) -> int:
    """Run one that writes other files. Returns its exit status."""
    return subprocess.run([sys.executable, DOCS / script, *arguments], check=False).returncode  # noqa: S603


def written(page: Path) -> str:
    """A page as it should be."""
    text = SHOWN.sub(shown, LEXICON.sub(words, QUOTE.sub(quoted, page.read_text())))
    head, marker, _ = text.partition(MARKER)
    return f"{head}{MARKER}\n\n{reference()}" if marker else head


def quoted(block: re.Match[str]) -> str:
    """A code block with the file that the comment before it names."""
    return block[1] + (DOCS.parent / block[2]).read_text() + block[3]


def shown(block: re.Match[str]) -> str:
    """What is told of the pieces that are shown."""
    return "\n".join([block[1], *pieces.page()])


def words(block: re.Match[str]) -> str:
    """What the words of a file ask for, or how those of the grammar bear on others."""
    if block[2] == "grammar":
        return "\n".join([block[1].rstrip(), *table(("Words", "How they bear on others"), grammar())])
    rows = [(", ".join(term.words), term.meaning()) for term in lexicon().terms[block[2]]]
    return "\n".join([block[1].rstrip(), *table(("Words", "Effect"), rows)])


def grammar() -> Iterator[tuple[str, str]]:
    """The words that mean nothing alone, by what they do."""
    known = lexicon().grammar
    for kind, does in GRAMMAR.items():
        yield ", ".join(sorted(getattr(known, kind))), does
    strengths = sorted(known.strengths.items(), key=lambda item: (-item[1], item[0]))
    told = ", ".join(f"{word} {amount:g}" for word, amount in strengths)
    yield told, "how much of the texture or the drums named next, 0 to 1"


def reference() -> str:
    """Limits, methods, shapes, events and errors, as Markdown."""
    return "\n".join([*limits(), *methods(), *shapes(), *events(), *errors()])


def limits() -> Iterator[str]:
    """What one client may cost, with the value in force."""
    yield from ("## Limits", "")
    yield from table(
        ("limit", "value"),
        [
            ("clients at once, where as many files may be open", f"{room.MAX_CLIENTS:,}"),
            ("one message to the daemon", f"{frames.MAX_MESSAGE_BYTES // MEBIBYTE} MiB"),
            ("unsent bytes for a client that does not read", f"{outbox.MAX_BACKLOG_BYTES // MEBIBYTE} MiB"),
            ("unsent messages for such a client", f"{outbox.MAX_BACKLOG_MESSAGES:,}"),
            ("how long its full socket may stay so", f"{connection.STALL_SEC:g} s"),
            ("requests of one client that are being worked on", str(connection.MAX_REQUESTS_IN_FLIGHT)),
            ("values in the parameters of one request", f"{decode.MAX_VALUES:,}"),
            ("its messages served before others have a turn", str(connection.MAX_MESSAGES_PER_TURN)),
            ("characters in a prompt (NFC)", f"{MAX_PROMPT_CHARACTERS:,}"),
            ("characters in a title", str(MAX_TITLE_CHARACTERS)),
            ("high-priority jobs in a row while a normal one waits", str(TURN_AFTER)),
            ("ended jobs that `job_get` still knows, after a restart too", f"{MAX_ENDED:,}"),
            ("times the daemon may die while one job runs", str(MAX_INTERRUPTIONS)),
        ],
    )


def methods() -> Iterator[str]:
    """Each method with its params and result."""
    yield from ("## Methods", "")
    for method in describe().methods:
        yield from (f"### `{method.name}`", "", method.doc, "")
        if method.params["properties"]:
            yield from ("Params:", "")
            yield from table(PARAM_HEAD, params(method.params))
        else:
            yield from ("Takes nothing.", "")
        yield from ("Result:", "")
        yield from table(FIELD_HEAD, fields(method.result))


def shapes() -> Iterator[str]:
    """The structs that occur inside params and results, once each."""
    sent: dict[str, Any] = {}
    answered: dict[str, Any] = {}
    for method in describe().methods:
        sent |= method.params.get("$defs", {})
        answered |= method.result.get("$defs", {})
    answered.pop("Track")  # it is the result of `tracks_get`, and described there
    yield from ("## Shapes", "")
    for name, shape in sorted(sent.items()):
        yield from (f"### {name}", "", summary(shape), "")
        yield from table(PARAM_HEAD, params(shape))
    for name, shape in sorted(answered.items()):
        yield from (f"### {name}", "", summary(shape), "")
        yield from table(FIELD_HEAD, fields(shape))


def events() -> Iterator[str]:
    """Each event with its fields."""
    yield from ("## Events", "")
    for event in describe().events:
        yield from (f"### `{event.name}`", "", event.doc[0].upper() + event.doc[1:], "")
        yield from table(FIELD_HEAD, fields(event.fields))


def errors() -> Iterator[str]:
    """Each error code."""
    yield from ("## Errors", "")
    rows = [(f"`{code}`", str(wire_type(code)), doc) for code, doc in describe().errors.items()]
    yield from table(("code", "type", "meaning"), rows)


def params(schema: dict[str, Any]) -> Iterator[tuple[str, ...]]:
    """One row per param."""
    for name, field in schema["properties"].items():
        required = name in schema["required"]
        default = "" if required or field["default"] is None else f"`{as_json(field['default'])}`"
        yield f"`{name}`", type_of(field), default, constraints(field), "yes" if required else ""


def fields(schema: dict[str, Any]) -> Iterator[tuple[str, ...]]:
    """One row per field of a result or event."""
    for name, field in schema["properties"].items():
        # A default of null is one that is left out.
        always = name in schema["required"] or field.get("default") is not None
        yield f"`{name}`", type_of(field), "yes" if always else ""


def type_of(field: dict[str, Any]) -> str:
    """A JSON Schema type in words."""
    match field:
        case {"$ref": str(reference)}:
            name = reference.rpartition("/")[2]
            return "[Track](#tracks_get)" if name == "Track" else f"[{name}](#{name.lower()})"
        case {"anyOf": list(choices)}:
            # Null last: the order is not the same in all versions of msgspec.
            choices.sort(key=lambda choice: choice.get("type") == "null")
            return " or ".join(type_of(choice) for choice in choices)
        case {"enum": list(values)}:
            return " or ".join(f"`{as_json(value)}`" for value in values)
        case {"type": "array", "items": dict(item)}:
            return f"array of {type_of(item)}"
        case {"type": "object"}:
            return "map"
        case _:
            return str(field["type"])


def constraints(field: dict[str, Any]) -> str:
    """Bounds and description of a param."""
    for part in (field, *field.get("anyOf", [])):
        if "description" in part:
            return str(part["description"])
        if "maximum" in part:
            return f"{part['minimum']} … {part['maximum']}"
        if "minimum" in part:
            return f"at least {part['minimum']}"
    return ""


def summary(shape: dict[str, Any]) -> str:
    """The first paragraph of a struct's docstring, in one line."""
    return " ".join(cleandoc(shape.get("description", "")).partition("\n\n")[0].split())


def as_json(value: object) -> str:
    """A default or an enum's value as a client would write it."""
    import json

    return json.dumps(value)


def table(head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> Iterator[str]:
    """A Markdown table and the empty line after it."""
    yield f"| {' | '.join(head)} |"
    yield f"|{'---|' * len(head)}"
    for row in rows:
        yield "|" + "|".join(f" {cell} " if cell else " " for cell in row) + "|"
    yield ""


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
