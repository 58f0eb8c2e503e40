"""What do the `LOFI_*` environment variables say, key by key?"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

import msgspec

from lofi_core.config import BackendConfig
from lofi_core.errors import InvalidParams
from lofi_core.names import canonical_name
from lofi_core.settings.keys import IN_FILE_ONLY, bad_value, table, type_of, variable_of
from lofi_core.suggest import suggestion

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

# These say where things are, and are no keys: see `lofi_core.paths`, and `lofi_core.player.tap` for the last.
PLACES = frozenset({"LOFI_SOCKET", "LOFI_CONFIG", "LOFI_DATA_DIR", "LOFI_PLAYER_TAP"})
MODEL_DIR = "LOFI_MODEL_DIR"  # the short name of LOFI_MODELS_DIR
_FIELDS = "|".join(name.upper() for name in BackendConfig.__struct_fields__ if name != "options")
_OF_BACKEND = re.compile(rf"LOFI_BACKENDS_(?P<backend>.+?)_(?:OPTIONS_(?P<option>.+)|(?P<field>{_FIELDS}))")


def variable_values(environ: Mapping[str, str]) -> Iterator[tuple[str, Any, str]]:
    """Dotted key, value and variable of every `LOFI_*` variable about a key. An empty one counts as unset.

    Raises:
        InvalidParams: a variable nobody knows, or one whose text is no value of its key.
    """
    known = {key.variable: key.name for key in table().values() if key.variable} | {MODEL_DIR: "models.dir"}
    in_file_only = {variable_of(key): key for key in IN_FILE_ONLY}
    for variable, text in sorted(environ.items()):
        if not variable.startswith("LOFI_") or variable in PLACES:
            continue
        if text and (table_key := in_file_only.get(variable)):
            problem = f"{variable} is set, and {table_key} has no variable"
            raise InvalidParams(problem, f"write it in config.toml: {IN_FILE_ONLY[table_key]}")
        key = known.get(variable) or _key_of_backend(variable)
        if key is None:
            close = suggestion(variable, [*known, *PLACES], prefix="LOFI_")
            problem = f"unknown variable {variable} (is {text!r:.80})"
            raise InvalidParams(problem, close or "docs/configuration.md lists the known ones")
        if text:
            yield key, from_text(key, text, variable), variable


def _key_of_backend(variable: str) -> str | None:
    """`LOFI_BACKENDS_X_ENABLED` is `backends.x.enabled`: names of backends are lower case."""
    match = _OF_BACKEND.fullmatch(variable)
    if match is None:
        return None
    name = f"options.{match['option']}" if match["option"] else match["field"]
    return f"backends.{canonical_name(match['backend'])}.{name.lower()}"


def from_text(key: str, text: str, source: str) -> Any:
    """What a text means for its key: numbers and booleans are read, text stays text.

    Raises:
        InvalidParams: it is no value of the key.
    """
    key_type = type_of(key)
    if key_type is Any:
        return json_or_text(text)
    try:
        return msgspec.convert(text.lower() if key_type is bool else text, key_type, strict=False)
    except msgspec.ValidationError as error:
        raise bad_value(key, text, source) from error


def json_or_text(text: str) -> Any:
    """A JSON value where the text is one, else the text."""
    try:
        return json.loads(text)
    except ValueError:
        return text
