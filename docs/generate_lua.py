# ruff: noqa: INP001 - a script, run by docs/generate.py
"""Write what the Neovim plugin knows of the wire: its types, and the names of methods and events.

`lua/lofi/types.lua` has one LuaCATS class for each struct of params, results and events, for the editors of
those who write Lua; no Neovim loads it. `lua/lofi/protocol.lua` has what the plugin itself goes by. `--check`
writes nothing and fails when one of them is not what it would be written as.
"""

from __future__ import annotations

import json
import sys
from inspect import cleandoc
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from lofi_core.events import EVENTS
from lofi_core.rpc.methods import METHODS, PROTOCOL

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from msgspec import Struct

LUA = Path(__file__).parents[1] / "lua" / "lofi"
NOTICE = "Written by docs/generate.py from the daemon's own tables: do not edit."
# A struct whose fields the plugin fills in itself.
FIELDS_OF = ("generation_complete",)
PLAIN = {"string": "string", "integer": "integer", "number": "number", "boolean": "boolean", "null": "nil"}


def main(arguments: list[str]) -> int:
    """Write or check both files. Returns the exit status."""
    wanted = {LUA / "types.lua": types(), LUA / "protocol.lua": protocol()}
    stale = {
        file: text for file, text in wanted.items() if not file.exists() or file.read_text("utf-8") != text
    }
    if "--check" in arguments:
        for file in stale:
            sys.stderr.write(f"{file} is out of date: run python docs/generate_lua.py\n")
        return 1 if stale else 0
    for file, text in stale.items():
        file.write_text(text, "utf-8")
    return 0


def types() -> str:
    """Every struct as a class, as text of Lua."""
    taken = shapes(method.params for method in METHODS.values())
    answered = shapes([*(method.result for method in METHODS.values()), *EVENTS.values()])
    lines = [f"--- {NOTICE}", "---@meta", ""]
    for name, shape in sorted((answered | taken).items()):
        lines += [*class_of(name, shape, given=name in taken), ""]
    return "\n".join(lines)


def shapes(structs: Iterable[type[Struct]]) -> dict[str, Any]:
    """JSON Schema of structs and their parts, by name."""
    return msgspec.json.schema_components(structs, ref_template="{name}")[1]


def protocol() -> str:
    """Version and names, as a module of Lua."""
    fields = {name: EVENTS[name].__struct_encode_fields__ for name in FIELDS_OF}
    return "\n".join(
        [
            "--- Which methods and events does the daemon have that this plugin was made for?",
            "---",
            f"--- {NOTICE}",
            "return {",
            f"  version = {PROTOCOL},",
            *listed("methods", METHODS),
            *listed("events", EVENTS),
            "  fields = {",
            *[f"  {line}" for name, names in fields.items() for line in listed(name, names)],
            "  },",
            "}",
            "",
        ]
    )


def listed(name: str, values: Any) -> Iterator[str]:
    """A list of texts as a field of a table, one line each."""
    yield f"  {name} = {{"
    for value in values:
        yield f'    "{value}",'
    yield "  },"


def class_of(name: str, shape: dict[str, Any], *, given: bool) -> Iterator[str]:
    """One LuaCATS class. What is `given` by a user may leave out whatever has a default."""
    summary = " ".join(cleandoc(shape.get("description", "")).partition("\n\n")[0].split())
    yield f"---@class (exact) lofi.{name} {summary}".rstrip()
    for field, schema in shape["properties"].items():
        described = type_of(schema)
        # Null never reaches a user of the plugin: what is null there is absent.
        is_sent = field in shape["required"] or (not given and schema.get("default") is not None)
        absent = not is_sent or "nil" in described
        kinds = "|".join(kind for kind in described if kind != "nil")
        note = " ".join(note_of(schema))
        yield f"---@field {field}{'?' if absent else ''} {kinds} {note}".rstrip()


def type_of(schema: dict[str, Any]) -> list[str]:
    """The alternatives of a JSON Schema type, in LuaCATS' words; `nil` last."""
    match schema:
        case {"$ref": str(name)}:
            found = [f"lofi.{name}"]
        case {"anyOf": list(choices)}:
            found = [kind for choice in choices for kind in type_of(choice)]
        case {"enum": list(values)}:
            found = ["nil" if value is None else json.dumps(value) for value in values]
        case {"type": "array", "items": dict(item)}:
            inner = "|".join(type_of(item))
            found = [f"({inner})[]" if "|" in inner else f"{inner}[]"]
        case {"type": "object"}:
            found = ["table<string, any>"]
        case _:
            found = [PLAIN.get(str(schema.get("type")), "any")]
    return sorted(set(found), key=lambda kind: (kind == "nil", found.index(kind)))


def note_of(schema: dict[str, Any]) -> Iterator[str]:
    """Bounds, description and default of a field, for its reader."""
    for part in (schema, *schema.get("anyOf", [])):
        if "description" in part:
            yield str(part["description"])
        elif "maximum" in part:
            yield f"{part['minimum']:g} … {part['maximum']:g}"
        elif "minimum" in part:
            yield f"at least {part['minimum']:g}"
    if schema.get("default"):
        yield f"(default {json.dumps(schema['default'])})"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
