"""The live contract as JSON Schema: what `describe` answers and `docs/rpc.md` is made of."""

from __future__ import annotations

import inspect
from functools import cache
from typing import TYPE_CHECKING, Any

import msgspec

from lofi_core.errors import ERRORS
from lofi_core.events import EVENTS
from lofi_core.rpc.methods import METHODS, PROTOCOL
from lofi_core.rpc.results import Description, EventDescription, MethodDescription

if TYPE_CHECKING:
    from msgspec import Struct


@cache
def describe() -> Description:
    """Every method, event and error code of this version."""
    return Description(
        protocol=PROTOCOL,
        methods=[
            MethodDescription(m.name, m.doc, schema(m.params), schema(m.result)) for m in METHODS.values()
        ],
        events=[EventDescription(name, doc_of(event), schema(event)) for name, event in EVENTS.items()],
        errors={code: doc_of(error) for code, error in ERRORS.items()},
    )


def schema(struct: type[Struct]) -> dict[str, Any]:
    """JSON Schema of a struct, its parts inlined under `$defs`."""
    (reference,), parts = msgspec.json.schema_components([struct], ref_template="#/$defs/{name}")
    own = parts.pop(struct.__name__, reference)
    own.pop("description", None)  # the struct's docstring is for readers of the code
    return {**own, "$defs": parts} if parts else own


def doc_of(thing: type) -> str:
    """The docstring in one line, without the wire name that opens an event's."""
    text = " ".join((inspect.getdoc(thing) or "").split())
    _name, is_named, rest = text.partition("`: ")
    return rest if is_named and text.startswith("`") else text
