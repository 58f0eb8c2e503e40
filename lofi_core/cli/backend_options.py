"""What do `-O key=value` pairs mean to the backend that gets them?"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from lofi_core.errors import InvalidOption

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping


def parsed_options(given: Iterable[str], schema: Mapping[str, Any] | None) -> dict[str, Any]:
    """Give each value the type its option has.

    Args:
        given: `key=value`, as typed.
        schema: JSON Schema of the backend's options; None when it has none or is unknown.

    Raises:
        InvalidOption: no `=`, or a key given twice. What the backend does not have is left to the daemon,
            whose refusal knows the backend.
    """
    properties = (schema or {}).get("properties", {})
    options: dict[str, Any] = {}
    for pair in given:
        key, equals, text = pair.partition("=")
        if not equals or not key:
            raise InvalidOption(f"-O {pair!r} is no KEY=VALUE", f"write -O {key or 'key'}=value")
        if key in options:
            raise InvalidOption(f"option {key!r} is given twice", "give it once")
        options[key] = _value(text, _types(properties.get(key, {}), schema or {}))
    return options


def _value(text: str, types: set[str]) -> Any:
    if "string" in types and not (text == "null" and "null" in types):
        return text
    try:
        return json.loads(text)
    except ValueError:
        return text


def _types(field: Mapping[str, Any], schema: Mapping[str, Any]) -> set[str]:
    """The JSON types a field may have. Empty when it says nothing."""
    if "$ref" in field:
        name = field["$ref"].rpartition("/")[2]
        return _types(schema.get("$defs", {}).get(name, {}), schema)
    if "anyOf" in field:
        return {kind for choice in field["anyOf"] for kind in _types(choice, schema)}
    if "enum" in field:
        return {"string" if isinstance(choice, str) else "other" for choice in field["enum"]}
    kind = field.get("type", [])
    return {kind} if isinstance(kind, str) else set(kind)
