"""Which stations have a name? One TOML file each: those that come with this, and the user's own."""

from __future__ import annotations

import logging
import re
import tomllib
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, get_type_hints

import msgspec
from msgspec import Meta, Struct

from lofi_core.errors import InvalidParams
from lofi_core.names import canonical_name
from lofi_core.radio.wording import problem_of
from lofi_core.settings.keys import in_words
from lofi_core.suggest import suggestion

if TYPE_CHECKING:
    from collections.abc import Mapping

log = logging.getLogger("lofi.radio")

SHIPPED = Path(__file__).with_name("presets")
MOST_PROMPTS, MOST_CHARACTERS = 50, 2_000
_NAME = re.compile(r"[a-z0-9][a-z0-9_-]*")


@dataclass(frozen=True, slots=True)
class Preset:
    """A station that has a name.

    Attributes:
        name: the file's, without `.toml`.
        title: for people.
        prompts: words to choose from, one at least: see `wording.expand`.
        path: the file.
        backend: a backend's canonical name; None: the configured one.
        options: for the backend.
        duration_sec: of a piece; None: the configured one.
    """

    name: str
    title: str
    prompts: tuple[str, ...]
    path: Path
    backend: str | None = None
    options: Mapping[str, Any] = field(default_factory=dict)
    duration_sec: float | None = None


class _File(Struct, frozen=True):
    """What a preset's file may hold. Both of `prompts` and `extends` may not be missing."""

    title: str | None = None
    prompts: Annotated[list[str], Meta(min_length=1, max_length=MOST_PROMPTS)] | None = None
    extends: str | None = None
    backend: str | None = None
    options: dict[str, Any] | None = None
    duration_sec: Annotated[float, Meta(ge=1, le=3600)] | None = None


def presets_dir(config_file: Path) -> Path:
    """Where the user's own presets lie."""
    return config_file.parent / "presets"


def load_presets(directory: Path) -> dict[str, Preset]:
    """Every preset by its name, sorted; the user's win over those that came with this.

    A file that is no preset is left out with a warning; `find_preset` tells what is wrong with it.

    Args:
        directory: of the user's own; it need not exist.
    """
    found = dict(_shipped())
    for name, path in _files(directory).items():
        try:
            found[name] = _preset(path, _shipped())
        except InvalidParams as error:
            found.pop(name, None)
            log.warning("the preset %s is left out; `lofi-core radio start -p %s` tells why", path, name)
            log.debug("%s", error.text())  # it may quote a prompt
    return dict(sorted(found.items()))


def find_preset(name: str, directory: Path) -> Preset:
    """One preset.

    Raises:
        InvalidParams: there is none of that name, or something is wrong with its file.
    """
    plain = name.strip().lower()
    own = _files(directory)
    if plain in own:
        return _preset(own[plain], _shipped())
    if plain in _shipped():
        return _shipped()[plain]
    known = sorted({*own, *_shipped()})
    hint = suggestion(plain, known) or f"there are {', '.join(known)}"
    raise InvalidParams(
        f"there is no preset {name!r:.80}", f"{hint}; your own go to {directory / 'NAME.toml'}"
    )


@cache
def _shipped() -> Mapping[str, Preset]:
    return {name: _preset(path, {}) for name, path in _files(SHIPPED).items()}


def _files(directory: Path) -> dict[str, Path]:
    """File by preset's name."""
    return {path.stem.lower(): path for path in sorted(directory.glob("*.toml"))}


def _preset(path: Path, parents: Mapping[str, Preset]) -> Preset:
    """Read one file.

    Args:
        path: the file.
        parents: what it may extend.

    Raises:
        InvalidParams: it cannot be read, or is no preset.
    """
    name = path.stem.lower()
    if not _NAME.fullmatch(name):
        problem = f"{path.name!r} is no name of a preset, in {path.parent}"
        raise InvalidParams(problem, "name it with letters, digits and hyphens, such as deep-work.toml")
    file = _checked(_tables(path), path)
    if file.extends is None and file.prompts is None:
        raise InvalidParams(f"there are no prompts in {path}", 'write at least prompts = ["slow piano"]')
    parent = _parent(file.extends, parents, path)
    return Preset(
        name=name,
        title=file.title or (parent.title if parent else name),
        prompts=tuple(file.prompts or (parent.prompts if parent else ())),
        path=path,
        backend=canonical_name(file.backend) if file.backend else (parent.backend if parent else None),
        options={**(parent.options if parent else {}), **(file.options or {})},
        duration_sec=file.duration_sec or (parent.duration_sec if parent else None),
    )


def _parent(name: str | None, parents: Mapping[str, Preset], path: Path) -> Preset | None:
    if name is None:
        return None
    if name in parents:
        return parents[name]
    hint = suggestion(name, parents) or f"one that came with lofi-core: {', '.join(parents)}"
    raise InvalidParams(f"extends is {name!r:.80} in {path}, which cannot be extended", hint)


def _tables(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text("utf-8"))
    except tomllib.TOMLDecodeError as error:
        raise InvalidParams(f"{path} is no TOML: {error}", 'a line reads: key = "value"') from error
    except OSError as error:
        raise InvalidParams(f"cannot read the preset {path}: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise InvalidParams(f"{path} is no UTF-8: {error.reason}", "save it as UTF-8") from error


def _checked(tables: Mapping[str, Any], path: Path) -> _File:
    """The file's values, each as its key's type."""
    hints = get_type_hints(_File, include_extras=True)
    values: dict[str, Any] = {}
    for key, value in tables.items():
        if key not in hints:
            hint = suggestion(key, hints) or f"known: {', '.join(hints)}"
            raise InvalidParams(f"unknown key {key} in {path} (is {value!r:.80})", hint)
        try:
            values[key] = msgspec.convert(value, hints[key])
        except msgspec.ValidationError as error:
            problem = f"{key} is {value!r:.80} in {path}; must be {_allowed(key, hints[key])}"
            raise InvalidParams(
                problem, 'write it as prompts = ["slow piano"]' if key == "prompts" else None
            ) from error
    for prompt in values.get("prompts", ()):
        _check_prompt(prompt, path)
    return _File(**values)


def _allowed(key: str, hint: Any) -> str:
    if key == "prompts":
        return f"a list of 1 to {MOST_PROMPTS} texts"
    choices = msgspec.json.schema(hint)["anyOf"]
    return " or ".join(in_words(choice) for choice in choices if choice.get("type") != "null")


def _check_prompt(prompt: str, path: Path) -> None:
    problem = problem_of(prompt)
    if len(prompt) > MOST_CHARACTERS:
        problem = f"has {len(prompt)} characters; at most {MOST_CHARACTERS} are allowed"
    if problem:
        example = 'such as "{slow|calm} piano, rain"'
        raise InvalidParams(f"a prompt in {path} {problem}: {prompt!r:.80}", f"write words, {example}")
