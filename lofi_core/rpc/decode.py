"""Turn a request's params into its typed struct, whatever dialect the client speaks.

A Lua client cannot tell `{}` from `[]`, pynvim may send `bin` for text, and many languages have only one kind
of number. The strict decoder is tried first; only what it refuses is read leniently.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any, NoReturn, TypeVar

import msgpack
import msgspec

from lofi_core.errors import InvalidParams
from lofi_core.rpc.describe import schema
from lofi_core.suggest import suggestion

if TYPE_CHECKING:
    from lofi_core.rpc.params import Params

P = TypeVar("P", bound="Params")


# More than any request needs, and little enough to be looked at between two turns of other clients.
MAX_VALUES = 10_000

# What "no parameters" is in msgpack: an array of nothing, of an empty map, of an empty array.
_NOTHING = frozenset({b"\x90", b"\x91\x80", b"\x91\x90"})


@cache
def _decoder(params_type: type[P]) -> msgspec.msgpack.Decoder[tuple[P, ...]]:
    return msgspec.msgpack.Decoder(tuple[params_type, ...])  # type: ignore[valid-type]


def decode_params(raw: bytes | msgspec.Raw, params_type: type[P]) -> P:
    """Decode `params`: an array of zero or one map.

    Raises:
        InvalidParams: naming the field, what was wrong with it, and what it should be.
    """
    if len(raw) > 2 or bytes(raw) not in _NOTHING:
        if (count := _items(raw)) > 1:
            _too_many(count)
        try:
            items: tuple[P, ...] = _decoder(params_type).decode(raw)
        except (msgspec.MsgspecError, RecursionError, ValueError):
            return _decode_leniently(raw, params_type)
        if items:
            return items[0]
    defaults: P = _without_fields(params_type)
    return defaults


@cache  # they are frozen
def _without_fields(params_type: type[P]) -> P:
    return _convert({}, params_type)


def normalise(value: Any) -> Any:
    """Text for bytes, and integers for whole floats, at any depth: what a dynamic client meant.

    An integer is accepted wherever a float is asked for, so this loses nothing.

    Raises:
        UnicodeDecodeError: bytes that are no UTF-8.
        InvalidParams: there are too many values.
    """
    return _normalised(value, [MAX_VALUES])


def _normalised(value: Any, left: list[int]) -> Any:
    if isinstance(value, dict | list | tuple):
        left[0] -= len(value)
        if left[0] < 0:
            raise InvalidParams(
                f"params hold more than {MAX_VALUES:,} values", "no method needs more than a few"
            )
    match value:
        case bytes():
            return value.decode()
        case float() if value.is_integer() and abs(value) < 2**63:
            return int(value)
        case dict():
            return {_normalised(key, left): _normalised(item, left) for key, item in value.items()}
        case list() | tuple():
            return [_normalised(item, left) for item in value]
        case _:
            return value


def _decode_leniently(raw: bytes | msgspec.Raw, params_type: type[P]) -> P:
    try:
        value = normalise(msgpack.unpackb(bytes(raw), raw=True, strict_map_key=False))
    except UnicodeDecodeError as error:
        raise InvalidParams(f"text in params is no UTF-8: {error.reason} {error.object!r:.60}") from error
    except (msgpack.UnpackException, ValueError, TypeError, RecursionError) as error:
        raise InvalidParams(f"params cannot be read: {error or type(error).__name__}") from error
    match value:
        case [] | [[]]:
            return _convert({}, params_type)
        case [dict() as fields]:
            return _convert(fields, params_type)
        case [other]:
            raise InvalidParams(f"params must hold a map, not {type(other).__name__}: {other!r:.80}")
        case list():
            _too_many(len(value))
    raise InvalidParams(f"params must be an array, not {type(value).__name__}", "send [] or [{…}]")


def _items(raw: bytes | msgspec.Raw) -> int:
    """How many items the array has that a value is; 0 for what is no array."""
    head = bytes(memoryview(raw)[:5])
    match head[0]:
        case first if first & 0xF0 == 0x90:
            return first & 0x0F
        case 0xDC:
            return int.from_bytes(head[1:3])
        case 0xDD:
            return int.from_bytes(head[1:5])
        case _:
            return 0


def _too_many(count: int) -> NoReturn:
    raise InvalidParams(f"params must be an array of zero or one map; this one has {count} items")


def _convert(fields: dict[Any, Any], params_type: type[P]) -> P:
    known = params_type.__struct_encode_fields__
    for name in fields:
        if name not in known:
            expected = f"known: {', '.join(known)}" if known else "the method takes no parameters"
            hint = suggestion(str(name)[:100], known) or expected
            raise InvalidParams(f"unknown parameter {name!r:.100}", hint)
    no_map = [name for name in _maps(params_type) if fields.get(name) == []]
    try:
        return msgspec.convert(fields | {key: {} for key in no_map}, params_type)
    except msgspec.ValidationError as error:
        raise _refusal(error, fields, params_type) from error


@cache
def _maps(params_type: type[Params]) -> frozenset[str]:
    """The fields that hold a map, and so may be sent as an empty array."""
    kinds = (msgspec.inspect.DictType, msgspec.inspect.StructType)
    info = msgspec.inspect.type_info(params_type)
    assert isinstance(info, msgspec.inspect.StructType)  # noqa: S101 - params are structs
    return frozenset(
        field.name
        for field in info.fields
        if any(isinstance(kind, kinds) for kind in getattr(field.type, "types", (field.type,)))
    )


def _refusal(
    error: msgspec.ValidationError, fields: dict[str, Any], params_type: type[Params]
) -> InvalidParams:
    """Msgspec's message, with the parameter's name in front, its value behind, and what the schema says."""
    text, _, path = str(error).partition(" - at `$.")
    if not path:
        return InvalidParams(text.replace("Object missing required field", "missing parameter"))
    name = path.rstrip("`").partition(".")[0].partition("[")[0]
    shown = f"{path.rstrip('`')}: {text[0].lower()}{text[1:]} (is {fields.get(name)!r:.80})"
    return InvalidParams(shown, _description(params_type, name))


def _description(params_type: type[Params], name: str) -> str | None:
    """What a parameter's own schema says of it, where it says anything."""
    found = schema(params_type)["properties"].get(name, {})
    described = (part.get("description") for part in (found, *found.get("anyOf", ())))
    return next(filter(None, described), None)
