"""Which configuration keys are there, and what may each hold?

Everything follows from the structs of `lofi_core.config`. A key is written dotted: `audio.volume`,
`backends.procedural.enabled`.
"""

from __future__ import annotations

import math
import re
from functools import cache
from typing import TYPE_CHECKING, Any, NamedTuple, get_type_hints

import msgspec

from lofi_core.config import BackendConfig, Config
from lofi_core.errors import InvalidParams

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

OF_BACKEND = "backends.NAME."  # in the table, NAME stands for any backend
OPTION = OF_BACKEND + "options.KEY"  # and KEY for any of its options
# A list of tables has a shape that only the file can hold. What to write there, by key:
IN_FILE_ONLY = {
    "radio.schedule": "for example [[radio.schedule]] and, on lines of their own, "
    'from = "08:00", to = "12:00", preset = "focus", days = ["mon", "fri"]',
}


class Key(NamedTuple):
    """One key that can be set: what it holds, and its default."""

    name: str
    type: Any
    default: Any

    @property
    def variable(self) -> str | None:
        """The environment variable that sets it, if one can."""
        return None if self.name in IN_FILE_ONLY else variable_of(self.name)


@cache
def table() -> dict[str, Key]:
    """Every key by its dotted name."""
    return {key.name: key for key in _keys_of_struct(Config, "")}


def variable_of(key: str) -> str:
    """What a key is called among the environment variables."""
    return "LOFI_" + key.replace(".", "_").upper()


def parts(key: str) -> list[str]:
    """The tables and the name that a dotted key goes through. An option's name may have dots in it."""
    return key.split(".", 3)


def is_path(key: str) -> bool:
    """Whether the key holds a path."""
    return key == "models.dir" or (key.endswith(".model_dir") and len(parts(key)) == 3)


def values_of(config: Config) -> dict[str, Any]:
    """Every key of a configuration with its value, those of the backends it names included."""
    values = {name: _value_at(config, name) for name in table() if not name.startswith(OF_BACKEND)}
    for backend, settings in config.backends.items():
        of_backend = msgspec.structs.asdict(settings)
        options = of_backend.pop("options")
        values |= {f"backends.{backend}.{name}": value for name, value in of_backend.items()}
        values |= {f"backends.{backend}.options.{name}": value for name, value in options.items()}
    return values


def checked(key: str, value: object, source: str) -> Any:
    """The value as its key's type.

    Raises:
        InvalidParams: it cannot be that.
    """
    try:
        result = msgspec.convert(value, type_of(key))
    except msgspec.ValidationError as error:
        raise (
            _bad_entry(key, error, source) if key in IN_FILE_ONLY else bad_value(key, value, source)
        ) from error
    if isinstance(result, float) and not math.isfinite(result):
        raise bad_value(key, value, source)
    return result


def type_of(key: str) -> Any:
    """What a key holds, as a type with its constraints."""
    match parts(key):
        case ["backends", _, "options", _]:
            return table()[OPTION].type
        case ["backends", _, name]:
            return table()[OF_BACKEND + name].type
        case _:
            return table()[key].type


def bad_value(key: str, value: object, source: str) -> InvalidParams:
    """The error for a value that its key cannot take."""
    return InvalidParams(f"{key} is {value!r:.80} in {source}; must be {allowed(key)}")


def _bad_entry(key: str, error: msgspec.ValidationError, source: str) -> InvalidParams:
    """The error for a list whose entries say what is wrong with them: ` - at $[1].days` is the second's."""
    problem, _, place = str(error).partition(" - at `$")
    entry = re.match(r"\[(\d+)\]\.?(\w*)", place)
    if entry is None:
        return InvalidParams(f"{key} in {source} must be a list of tables", IN_FILE_ONLY[key])
    what = f"{entry[2]}: {problem}" if entry[2] else problem
    return InvalidParams(f"{key}, entry {int(entry[1]) + 1}, in {source}: {what}", IN_FILE_ONLY[key])


def allowed(key: str) -> str:
    """What the key takes, in words: `a number from 0 to 1`."""
    if key in IN_FILE_ONLY:
        return "a list of tables"
    schema = msgspec.json.schema(type_of(key))
    choices = [choice for choice in schema.get("anyOf", [schema]) if choice.get("type") != "null"]
    return " or ".join(in_words(choice) for choice in choices)


def is_struct(hint: object) -> bool:
    """Whether a type is a table of further keys."""
    return isinstance(hint, type) and issubclass(hint, msgspec.Struct)


def _keys_of_struct(struct: type[msgspec.Struct], prefix: str) -> Iterator[Key]:
    hints = get_type_hints(struct, include_extras=True)
    for field in msgspec.structs.fields(struct):
        name = prefix + field.name
        if name == "backends":
            yield from _keys_of_struct(BackendConfig, OF_BACKEND)
        elif prefix == OF_BACKEND and field.name == "options":
            yield Key(OPTION, Any, None)
        elif is_struct(hints[field.name]):
            yield from _keys_of_struct(hints[field.name], f"{name}.")
        else:
            made = field.default_factory
            yield Key(name, hints[field.name], field.default if made is msgspec.NODEFAULT else made())


def _value_at(config: Config, key: str) -> Any:
    value: Any = config
    for name in key.split("."):
        value = getattr(value, name)
    return msgspec.to_builtins(value)


def in_words(schema: Mapping[str, Any]) -> str:
    """What values a JSON Schema without parts takes: `a number from 0 to 1`."""
    if "enum" in schema:
        return " or ".join(repr(choice) for choice in schema["enum"])
    words = {"number": "a number", "integer": "a whole number", "boolean": "true or false", "string": "text"}
    words |= {"array": "a list", "object": "a table"}
    text = words.get(schema.get("type", ""), "any value")
    low, high = (_plain(schema.get(end)) for end in ("minimum", "maximum"))
    if low is None:
        return text
    return f"{text} of at least {low}" if high is None else f"{text} from {low} to {high}"


def _plain(number: float | None) -> float | None:
    """0 for 0.0: equal types are one to Python, and which spelling it kept depends on who came first."""
    return int(number) if isinstance(number, float) and number.is_integer() else number
