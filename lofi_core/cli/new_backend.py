"""How does a backend of one's own begin? With the files of `lofi_core/template`, under another name."""

from __future__ import annotations

import importlib.util
import re
from importlib.metadata import entry_points
from pathlib import Path

from lofi_core.errors import InvalidParams
from lofi_core.hookspecs import ENTRY_POINT_GROUP
from lofi_core.names import canonical_name

TEMPLATE = Path(__file__).parents[1] / "template"
NAME = re.compile(r"[a-z][a-z0-9]*(_[a-z0-9]+)*")
MOST_CHARACTERS = 40
# Where each file of the template goes; `example` is the name in all of them.
FILES = {
    "pyproject.toml": "pyproject.toml",
    "lofi_example.py": "lofi_example.py",
    "test_example.py": "tests/test_example.py",
}


def check_name(name: str) -> None:
    """Make sure that a backend can be called that.

    Raises:
        InvalidParams: it is no name, another's, or its package would be another's.
    """
    if not NAME.fullmatch(name) or len(name) > MOST_CHARACTERS:
        plain = re.sub(r"[^a-z0-9]+", "_", name.lower()).strip("_0123456789")[:MOST_CHARACTERS]
        rule = f"lower-case letters, digits and single underscores, at most {MOST_CHARACTERS}"
        raise InvalidParams(f"name is {name!r}; must be {rule}", f"try {plain}" if plain else None)
    if (canonical := canonical_name(name)) != name:
        raise InvalidParams(f"{name!r} is another spelling of {canonical!r}", "choose another name")
    taken = {canonical_name(point.name): point for point in entry_points(group=ENTRY_POINT_GROUP)}
    if name in taken:
        distribution = taken[name].dist
        package = distribution.name if distribution else taken[name].value
        raise InvalidParams(f"the package {package} has a backend {name!r}", "choose another name")
    if importlib.util.find_spec(f"lofi_{name}") is not None:
        raise InvalidParams(f"there is a package lofi_{name} already", "choose another name")


def write_backend(name: str, directory: Path) -> list[Path]:
    """Write a package with that backend, and say which files it consists of.

    Args:
        name: one that `check_name` takes.
        directory: where; it is made.

    Raises:
        InvalidParams: there is something in it.
    """
    if directory.exists() and any(directory.iterdir()):
        hint = "name another directory, or one that is empty; nothing is overwritten"
        raise InvalidParams(f"{directory} is not empty", hint)
    written = []
    for source, target in FILES.items():
        path = directory / target.replace("example", name)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(_renamed((TEMPLATE / source).read_text("utf-8"), name), "utf-8")
        written.append(path)
    return written


def _renamed(text: str, name: str) -> str:
    title = name.replace("_", " ").capitalize()
    with_package = text.replace("lofi-example", f"lofi-{name.replace('_', '-')}")
    return with_package.replace("example", name).replace("Example", title)
