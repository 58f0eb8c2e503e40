"""What does `config.toml` say, key by key?"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, get_type_hints

from lofi_core.config import BackendConfig, Config
from lofi_core.errors import InvalidParams
from lofi_core.names import canonical_name
from lofi_core.settings.keys import is_struct
from lofi_core.suggest import suggestion

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from lofi_core.paths import Place

# Dotted keys are taken apart again at their dots, and entry points are named like this anyway.
_BACKEND_NAME = re.compile(r"[A-Za-z0-9_-]+")


def file_values(place: Place) -> Iterator[tuple[str, Any]]:
    """The file's values by dotted key. Only the default file may be absent.

    Raises:
        InvalidParams: the file cannot be read or is no TOML, it has a key nobody knows, or a value where a
            table belongs.
    """
    import tomllib  # most people have no configuration file

    text = _read(place)
    try:
        tables = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise InvalidParams(f"{place.path} is no TOML: {error}", 'a line reads: key = "value"') from error
    yield from _flattened(tables, Config, "", str(place.path))


def _read(place: Place) -> str:
    try:
        return place.path.read_text("utf-8")
    except FileNotFoundError:
        if place.source not in {"--config", "LOFI_CONFIG"}:
            return ""
        problem = f"the configuration file {place.path} does not exist"
        raise InvalidParams(problem, f"create it, or leave out {place.source}") from None
    except OSError as error:
        problem = f"cannot read the configuration file {place.path}: {error.strerror}"
        raise InvalidParams(
            problem, "make it a file that you may read, or name another with --config"
        ) from error
    except UnicodeDecodeError as error:
        problem = f"the configuration file {place.path} is no UTF-8: {error.reason}"
        raise InvalidParams(problem, "save it as UTF-8") from error


def _flattened(
    tables: Mapping[str, Any], struct: type, prefix: str, source: str
) -> Iterator[tuple[str, Any]]:
    hints = get_type_hints(struct)
    for name, value in tables.items():
        key = prefix + name
        if name not in hints:
            hint = suggestion(name, hints) or f"known: {', '.join(hints)}"
            raise InvalidParams(f"unknown key {key} in {source} (is {value!r:.80})", hint)
        if key == "backends":
            yield from _of_backends(_table(value, key, source), source)
        elif struct is BackendConfig and name == "options":
            for option, setting in _table(value, key, source).items():
                yield f"{key}.{option}", setting
        elif is_struct(hints[name]):
            yield from _flattened(_table(value, key, source), hints[name], f"{key}.", source)
        else:
            yield key, value


def _of_backends(tables: Mapping[str, Any], source: str) -> Iterator[tuple[str, Any]]:
    for backend, settings in tables.items():
        if not _BACKEND_NAME.fullmatch(backend):
            raise InvalidParams(
                f"backends.{backend!r} in {source} is no name of a backend",
                "lofi-core backends lists the names",
            )
        key = f"backends.{canonical_name(backend)}"
        yield from _flattened(_table(settings, key, source), BackendConfig, f"{key}.", source)


def _table(value: object, key: str, source: str) -> dict[str, Any]:
    if isinstance(value, dict):
        return value
    raise InvalidParams(f"{key} in {source} is {value!r:.80}, and must be a table", f"write it as [{key}]")
