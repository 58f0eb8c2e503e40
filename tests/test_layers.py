"""Imports go one way, no file is long, and a backend sees only what is meant for it."""

from __future__ import annotations

import ast
import statistics
from functools import cache
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

import lofi_core

ROOT = Path(__file__).parents[1]
CORE = ROOT / "lofi_core"
# Each may import those to its right, and those that stand with it.
LAYERS = [
    {"template"},
    {"__main__", "testing"},
    {"cli"},
    {"daemon"},
    {"rpc"},
    {"radio", "mpris", "metrics"},
    {"jobs", "playback"},
    {"player", "models"},
    {"host"},
    {"tracks", "plugins"},
    {"hookspecs", "remedies", "described", "calls"},
    {"runtime", "installed", "integrity"},
    {"settings"},
    {"backend", "events", "config", "paths", "worker", "device", "event_loop", "logs"},
    {"errors", "names", "suggest", "iir", "files", "memory", "clock"},
    {"temporary"},
]
LEVEL = {name: level for level, names in enumerate(LAYERS) for name in names}
# `lofi_core` itself: the version, and the names for backend authors, which load on first use.
FACADE = "__init__"
# Backends may use these of ours; everything else they take from `lofi_core`.
FOR_BACKENDS = {"lofi_core", "lofi_core.iir"}
MEDIAN_LINES, MOST_LINES = 120, 350
FOLDERS = ("lofi_core", "plugins", "tests", "benchmarks", "docs")


def sources(*folders: Path) -> list[Path]:
    found = [file for folder in folders for file in sorted(folder.rglob("*.py"))]
    return [file for file in found if "node_modules" not in file.parts]


def in_the_project(file: object) -> str:
    return str(file.relative_to(ROOT)) if isinstance(file, Path) else str(file)


def module_of(file: Path, root: Path = ROOT) -> str:
    parts = file.relative_to(root).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


EVERYTHING = sources(*(ROOT / folder for folder in FOLDERS))
MODULES = {module_of(file): file for file in sources(CORE)}
# Each backend's package, wherever in `plugins` it lies: its modules by name.
BACKENDS = {
    start.parent.name: {module_of(file, start.parents[1]): file for file in sources(start.parent)}
    for start in sorted((ROOT / "plugins").rglob("__init__.py"))
    if not (start.parents[1] / "__init__.py").exists()
}


def is_for_types(node: ast.AST) -> bool:
    return isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING"


def imports(file: Path, *, for_types: bool, modules: dict[str, Path] = MODULES) -> set[str]:
    """The modules of the core, or of another package, that a file imports, inside functions too."""
    found: set[str] = set()
    pending: list[ast.AST] = [ast.parse(file.read_text())]
    while pending:
        node = pending.pop()
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{file}: relative import"
            names = [f"{node.module}.{alias.name}" for alias in node.names]
            found |= {name if name in modules else str(node.module) for name in names}
        children = node.orelse if is_for_types(node) and not for_types else ast.iter_child_nodes(node)  # type: ignore[attr-defined]
        pending.extend(children)
    package = next(iter(modules)).split(".")[0]
    return {name for name in found if name.split(".")[0] == package}


def part_of(module: str) -> str:
    return module.split(".")[1] if "." in module else FACADE


@cache
def edges() -> frozenset[tuple[str, str]]:
    """(part, part it imports), for every pair of different ones."""
    pairs = {
        (part_of(module), part_of(target))
        for module, file in MODULES.items()
        for target in imports(file, for_types=True)
    }
    return frozenset((a, b) for a, b in pairs if a != b and FACADE not in (a, b))


def test_every_part_of_the_core_has_its_layer() -> None:
    assert {part_of(module) for module in MODULES} - {FACADE} <= set(LEVEL)


@pytest.mark.parametrize(("part", "imported"), sorted(edges()))
def test_imports_go_one_way(part: str, imported: str) -> None:
    assert LEVEL[part] < LEVEL[imported]


@pytest.mark.parametrize("modules", [MODULES, *BACKENDS.values()], ids=["lofi_core", *BACKENDS])
def test_nothing_imports_itself_through_others(modules: dict[str, Path]) -> None:
    graph = {name: imports(file, for_types=False, modules=modules) - {name} for name, file in modules.items()}
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        pytest.fail(" → ".join(error.args[1]))


@pytest.mark.parametrize("file", sources(ROOT / "plugins", ROOT / "tests" / "lofi_sine"), ids=in_the_project)
def test_a_backend_imports_only_what_is_meant_for_backends(file: Path) -> None:
    tree = ast.parse(file.read_text())
    assert imports(file, for_types=True) <= FOR_BACKENDS
    ours = [n for n in ast.walk(tree) if isinstance(n, ast.ImportFrom) and n.module == "lofi_core"]
    assert {alias.name for node in ours for alias in node.names} <= set(lofi_core.__all__)


def test_the_median_file_is_short() -> None:
    lines = [len(file.read_text().splitlines()) for file in EVERYTHING]
    assert statistics.median(lines) <= MEDIAN_LINES


@pytest.mark.parametrize("file", EVERYTHING, ids=in_the_project)
def test_no_file_is_long(file: Path) -> None:
    assert len(file.read_text().splitlines()) <= MOST_LINES
