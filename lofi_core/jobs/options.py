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
from lofi_core.suggest import suggestion

if TYPE_CHECKING:
    from collections.abc import Mapping

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
            raise _refusal(backend, error, name, chosen[name], where) from error

    options: msgspec.Struct = guarded(backend, "options", converted)
    return options


def _name_in(error: msgspec.ValidationError) -> str:
    path = str(error).partition(" - at `$.")[2]
    return path.rstrip("`").partition(".")[0].partition("[")[0]


def _refusal(backend: str, error: msgspec.ValidationError, name: str, value: object, where: str) -> LofiError:
    text = str(error).partition(" - at `$.")[0]
    expected = text[0].lower() + text[1:]
    hint = f"`lofi-core backends --json` has the schema of {backend}'s options"
    return ALIASED.get(name, InvalidOption)(f"{name} is {value!r:.80}: {expected}{where}", hint)


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
