"""Is `make_schedule` cheap and pure, and does it refuse in words that help?"""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Any

from lofi_core.errors import LofiError
from lofi_core.testing.checks.description import HEAVY, LATER
from lofi_core.testing.conformance import NotAsked, Unfit

if TYPE_CHECKING:
    from collections.abc import Iterator

    from lofi_core.testing.kit import Kit

MOST_PLANNING_SEC = 0.05
OUTSIDE = 10**6
PURE = "compute it from the request alone, and keep nothing in module globals"


def planning_is_cheap(kit: Kit) -> None:
    """Every client waits for it, on the event loop: no model, no heavy import, a few milliseconds."""
    _ = kit.record
    kit.planned()
    # numpy is there in every daemon before the first request.
    if heavy := sorted((HEAVY - {"numpy"}).intersection(kit.fresh.modules_planned)):
        raise Unfit(
            f"make_schedule imports {', '.join(heavy)}", f"the daemon answers nobody meanwhile: {LATER}"
        )
    if kit.fresh.planning_sec > MOST_PLANNING_SEC:
        raise Unfit(
            f"make_schedule took {kit.fresh.planning_sec * 1000:.0f} ms of processor time at best, more than"
            f" {MOST_PLANNING_SEC * 1000:.0f}",
            "the daemon answers nobody meanwhile: leave what takes time to generate, as its first stage",
        )


def planning_twice_gives_the_same_plan(kit: Kit) -> None:
    """The same request has the same stages, weights and bars, whatever was planned in between."""
    plans = [kit.plan.schedule]
    with suppress(LofiError):  # another check asks whether it takes that
        kit.prepare(seed=99, duration_sec=kit.spec.max_duration_sec)
    plans.append(kit.planned().schedule)
    for name in ("stages", "weights", "music"):
        one, other = (getattr(plan, name) for plan in plans)
        same = list(one) == list(other) if name == "stages" else one == other
        if not same:
            raise Unfit(
                f"make_schedule answered {name} {one!r}, and then {other!r} for the same request", PURE
            )


def it_takes_its_shortest_and_its_longest_duration(kit: Kit) -> None:
    """Both ends of the range it declares can be planned."""
    _ = kit.plan
    for name in ("min_duration_sec", "max_duration_sec"):
        seconds = getattr(kit.spec, name)
        try:
            kit.prepare(duration_sec=seconds)
        except LofiError as error:
            raise Unfit(
                f"{name} is {seconds:g}, and a request of that length is refused: {error.text()}",
                f"make {name} what it takes",
            ) from error


def it_takes_or_refuses_what_its_options_allow(kit: Kit) -> None:
    """Each option's extremes are planned, or refused with an `INVALID_…` error that says why."""
    for name, value in _each_option(kit, _allowed):
        try:
            kit.prepare(options={name: value})
        except LofiError as error:
            _must_help(error, name, value, refused_by="make_schedule")


def it_refuses_a_bad_option_in_words_that_help(kit: Kit) -> None:
    """A value outside an option's constraints, or of another type, is refused with its name and the value."""
    for name, value in _each_option(kit, _forbidden):
        try:
            kit.prepare(options={name: value})
        except LofiError as error:
            _must_help(error, name, value, refused_by="the check of the options")
        else:
            raise Unfit(
                f"{name}={value!r} is taken, though its schema forbids it",
                "declare what it takes with Meta(ge=…, le=…) or Literal; `extra_json_schema` only tells",
            )


def _each_option(kit: Kit, choose: Any) -> Iterator[tuple[str, Any]]:
    _ = kit.plan
    properties = (kit.record.options_schema or {}).get("properties", {})
    values = [(name, value) for name, schema in properties.items() for value in choose(schema)]
    if not values:
        raise NotAsked("it has no options that say so")
    yield from values


def _kinds(schema: dict[str, Any]) -> list[dict[str, Any]]:
    return [kind for kind in schema.get("anyOf", [schema]) if kind.get("type") != "null"]


def _allowed(schema: dict[str, Any]) -> list[Any]:
    values: list[Any] = []
    for kind in _kinds(schema):
        values += kind.get("enum", [])
        values += [kind[name] for name in ("minimum", "maximum") if name in kind]
        values += [True, False] if kind.get("type") == "boolean" else []
    return values


def _forbidden(schema: dict[str, Any]) -> list[Any]:
    kinds = _kinds(schema)
    if len(kinds) != 1:  # what one of several forbids may be what another allows
        return []
    kind = kinds[0]
    values: list[Any] = [kind["minimum"] - OUTSIDE] if "minimum" in kind else []
    values += [kind["maximum"] + OUTSIDE] if "maximum" in kind else []
    values += ["no such value"] if "enum" in kind else []
    values += ["a word"] if kind.get("type") in {"integer", "number", "boolean"} else []
    return values + ([3] if kind.get("type") == "string" else [])


def _must_help(error: LofiError, name: str, value: Any, *, refused_by: str) -> None:
    """An error about an option names it, the value and what would be right."""
    if not error.code.startswith("INVALID_"):
        raise Unfit(
            f"{name}={value!r} made {refused_by} fail with {error.text()}",
            f'raise InvalidOption(f"{name} is {{value!r}}; must be …", "what to do") there',
        ) from error
    if name not in error.message or not _names(error.message, value):
        raise Unfit(
            f"{name}={value!r} is refused with {error.message!r}, which names not both option and value",
            f'say InvalidOption(f"{name} is {{value!r}}; must be …", "what to do")',
        ) from error
    if not error.hint:
        raise Unfit(
            f"{name}={value!r} is refused with {error.message!r}, and no word about what to do",
            'give InvalidOption a second argument, the hint: InvalidOption("…", "what to do")',
        ) from error


def _names(message: str, value: Any) -> bool:
    """Whether a message has the value in it, as Python or as JSON writes it."""
    return str(value) in message or str(value).lower() in message
