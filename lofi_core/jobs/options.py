"""Are these options ones the backend has, with values it takes?"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import msgspec

from lofi_core.calls import guarded
from lofi_core.errors import (
    InvalidGuidanceScale,
    InvalidInferenceSteps,
    InvalidOption,
    InvalidScheduler,
    LofiError,
)
from lofi_core.settings.keys import in_words
from lofi_core.suggest import suggestion

if TYPE_CHECKING:
    from collections.abc import Mapping

# What `in_words` can tell of an option's schema. A text with a pattern or a bound is better told by msgspec.
TELLABLE = {"type", "enum", "minimum", "maximum"}
SIMPLE = {"number", "integer", "boolean", "string"}

# Options that also have a place of their own in `generate`, and errors of their own.
ALIASED: dict[str, type[LofiError]] = {
    "inference_steps": InvalidInferenceSteps,
    "scheduler": InvalidScheduler,
    "guidance_scale": InvalidGuidanceScale,
}


def merged_aliases(options: Mapping[str, Any], aliases: Mapping[str, Any]) -> dict[str, Any]:
    """Put top-level aliases into `options`.

    Raises:
        InvalidOption: both are given and differ.
    """
    merged = dict(options)
    for name, value in aliases.items():
        if value is None:
            continue
        if name in merged and merged[name] != value:
            raise InvalidOption(
                f"{name} is given twice: {value!r}, and {merged[name]!r} in options", "give it once"
            )
        merged[name] = value
    return merged


def validated_options(
    backend: str,
    declared: type[msgspec.Struct] | None,
    given: Mapping[str, Any],
    configured: Mapping[str, Any],
) -> msgspec.Struct | None:
    """The backend's options struct, complete. None when the backend has no options.

    Args:
        backend: its name.
        declared: what it can be told.
        given: what the request says.
        configured: what the configuration says, where the request says nothing.

    Raises:
        InvalidOption: naming the option and the value; the aliased options have errors of their own.
        InferenceFailed: a check of the backend's own (`__post_init__`) raised what no check should.
    """
    known = declared.__struct_encode_fields__ if declared else ()
    chosen = {**configured, **given}
    # Who made no mistake in the request must be told where to look.
    origin = f" (from the configuration: [backends.{backend}.options])"
    for name, value in chosen.items():
        where = "" if name in given else origin
        if name not in known:
            expected = f"it has: {', '.join(known)}" if known else "it has no options"
            hint = suggestion(name, known) or expected
            raise InvalidOption(f"{backend} has no option {name!r}{where}", hint)
        if not _is_finite(value):
            raise ALIASED.get(name, InvalidOption)(f"{name} is {value!r}; must be finite{where}")
        chosen[name] = _as_whole(declared, name, value)
    if declared is None:
        return None

    def converted() -> msgspec.Struct:
        try:
            return msgspec.convert(chosen, declared)
        except msgspec.ValidationError as error:
            name = _name_in(error)
            if name not in chosen:
                raise InvalidOption(f"{backend}: {error}") from error
            where = "" if name in given else origin
            raise _refusal(backend, declared, error, name, chosen[name], where) from error

    options: msgspec.Struct = guarded(backend, "options", converted)
    return options


def _as_whole(declared: type[msgspec.Struct] | None, name: str, value: object) -> object:
    """60.0 as 60 where the option is a whole number: some languages have one kind of number only."""
    if not (isinstance(value, float) and value.is_integer() and declared):
        return value
    takes = {kind.get("type") for kind in _kinds(declared, name)}
    return int(value) if "integer" in takes and "number" not in takes else value


def _name_in(error: msgspec.ValidationError) -> str:
    path = str(error).partition(" - at `$.")[2]
    return path.rstrip("`").partition(".")[0].partition("[")[0]


def _refusal(
    backend: str,
    declared: type[msgspec.Struct],
    error: msgspec.ValidationError,
    name: str,
    value: object,
    where: str,
) -> LofiError:
    hint = f"`lofi-core backends --json` has the schema of {backend}'s options"
    expected = _range_of(declared, name)
    if expected is None:  # of several parts, and one of them is wrong
        text = str(error).partition(" - at `$.")[0]
        problem = f"{name} is {value!r:.80}: {text[0].lower()}{text[1:]}{where}"
    else:
        problem = f"{name} is {value!r:.80}; must be {expected}{where}"
    return ALIASED.get(name, InvalidOption)(problem, hint)


def _range_of(declared: type[msgspec.Struct], name: str) -> str | None:
    """What an option takes, in words; None when it has parts, or rules that words would not tell."""
    kinds = _kinds(declared, name)
    about = {"description", "title", "examples", "default"}
    simple = all(
        set(kind) - about <= TELLABLE and ("enum" in kind or kind.get("type") in SIMPLE) for kind in kinds
    )
    return " or ".join(map(in_words, kinds)) if kinds and simple else None


def _kinds(declared: type[msgspec.Struct], name: str) -> list[dict[str, Any]]:
    """JSON Schemas of what an option takes, but for null."""
    (field,) = (field for field in msgspec.structs.fields(declared) if field.encode_name == name)
    schema = msgspec.json.schema(field.type)
    return [kind for kind in schema.get("anyOf", [schema]) if kind.get("type") != "null"]


def _is_finite(value: object) -> bool:
    match value:
        case float():
            return math.isfinite(value)
        case list():
            return all(map(_is_finite, value))
        case dict():
            return all(map(_is_finite, value.values()))
        case _:
            return True
