"""What do a key and a value mean that somebody typed on a command line?"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from lofi_core.errors import InvalidParams
from lofi_core.names import canonical_name
from lofi_core.paths import absolute_from, home_dir
from lofi_core.settings.keys import (
    IN_FILE_ONLY,
    OF_BACKEND,
    OPTION,
    checked,
    is_path,
    parts,
    table,
)
from lofi_core.settings.variables import from_text
from lofi_core.suggest import suggestion

if TYPE_CHECKING:
    from collections.abc import Mapping

SOURCE = "the command line"


def assignment(key: str, text: str, environ: Mapping[str, str]) -> tuple[str, Any]:
    """The key as the file has it, and the value as its type. A relative path becomes an absolute one.

    Raises:
        InvalidParams: a key nobody knows or that one line cannot set, or a value it cannot take.
    """
    name = _known(key)
    if name in IN_FILE_ONLY:
        raise InvalidParams(
            f"{name} cannot be set in one line", f"write it in config.toml: {IN_FILE_ONLY[name]}"
        )
    value = checked(name, from_text(name, text, SOURCE), SOURCE)
    if value is None:
        problem = f"{name} is nothing, which the file cannot hold"
        raise InvalidParams(problem, "take its line out of config.toml")
    if is_path(name):
        value = str(absolute_from(value, Path.cwd(), home_dir(environ)))
    return name, value


def _known(key: str) -> str:
    """The key's dotted name, with its backend's as everyone spells it."""
    match parts(key):
        case ["backends", backend, "options", option] if backend and option:
            return OPTION.replace("NAME", canonical_name(backend)).replace("KEY", option)
        case ["backends", backend, field] if backend and OF_BACKEND + field in table():
            return f"backends.{canonical_name(backend)}.{field}"
        case _ if key in table() and not key.startswith("backends."):
            return key
    hint = suggestion(key, table()) or "lofi-core config show lists them"
    raise InvalidParams(f"unknown key {key!r:.80}", hint)
