"""Is what a plugin says of itself sound, and which options does that come to?"""

from __future__ import annotations

import logging
from dataclasses import replace
from typing import Any

import msgspec

from lofi_core.backend import BackendSpec

log = logging.getLogger("lofi.plugins")


def checked_spec(name: str, spec: object) -> BackendSpec:
    """What `describe_backend` answered, under its entry point's name.

    Raises:
        TypeError: it is no spec.
    """
    if not isinstance(spec, BackendSpec):
        raise TypeError(f"describe_backend answered {type(spec).__name__}, not a BackendSpec")
    if spec.name != name:
        log.warning("backend %s calls itself %r; its entry point's name counts", name, spec.name)
        return replace(spec, name=name)
    return spec


def options_schema(spec: BackendSpec) -> dict[str, Any]:
    """JSON Schema of what users may set.

    Raises:
        TypeError: it is no struct with names, an option has no default, or one that cannot be sent.
    """
    if spec.options is None:
        return {"type": "object", "properties": {}}
    if not (isinstance(spec.options, type) and issubclass(spec.options, msgspec.Struct)):
        raise TypeError(f"options is {spec.options!r}; must be a msgspec.Struct")
    if spec.options.__struct_config__.array_like:
        raise TypeError("options is an array_like struct; options have names")
    try:
        spec.options()
    except TypeError as error:  # it names the option
        raise TypeError(f"options: {error}; each needs a default") from None
    (schema,), components = msgspec.json.schema_components([spec.options], ref_template="#/$defs/{name}")
    own = components.pop(spec.options.__name__, schema)
    complete = {**own, **({"$defs": components} if components else {})}
    msgspec.msgpack.encode(complete)  # raises for what could not be sent when somebody lists the backends
    return complete
