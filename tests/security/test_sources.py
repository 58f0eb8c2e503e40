"""What the source never does: run text, unpickle, ask a shell, unpack, listen on a network."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, TypeGuard

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parents[2]
PYTHON = sorted(file for part in ("lofi_core", "plugins") for file in (ROOT / part).rglob("*.py"))
LUA = sorted(file for part in ("lua", "plugin") for file in (ROOT / part).rglob("*.lua"))

# They run what they read, unpack it, or listen on a network.
MODULES = {
    "pickle",
    "dill",
    "cloudpickle",
    "joblib",
    "marshal",
    "shelve",
    "yaml",
    "zipfile",
    "tarfile",
    "xml",
}
MODULES |= {
    "code",
    "codeop",
    "xmlrpc",
    "socketserver",
    "http.server",
    "ftplib",
    "telnetlib",
    "pty",
    "pdb",
    "runpy",
}
RUN_TEXT = {"eval", "exec", "compile", "__import__", "breakpoint"}
# By their last name, so that it does not matter how they are reached.
CALLS = {"system", "popen", "getoutput", "getstatusoutput", "create_subprocess_shell", "subprocess_shell"}
CALLS |= {"unpack_archive", "mktemp", "start_server", "create_server", "open_connection", "fork", "forkpty"}
CALLS |= {
    f"{kind}{how}" for kind in ("exec", "spawn") for how in ("l", "le", "lp", "lpe", "v", "ve", "vp", "vpe")
}
LOADERS = {"np.load", "numpy.load", "torch.load"}
FAMILIES = {"AF_INET", "AF_INET6"}
STARTERS = {"Popen", "run", "call", "check_call", "check_output", "create_subprocess_exec"}
# Who imports modules by a name that is worked out: from a table of ours, or of an installed package.
IMPORTS = {
    "lofi_core/__init__.py",
    "lofi_core/cli/main.py",
    "plugins/lofi_acestep/lofi_acestep/exporter/whole.py",
}

LUA_RUNS_TEXT = re.compile(
    r"loadstring|loadfile|dofile|[^\w.]load\s*\(|luaeval|vim\.cmd\s*[(\[{\"']|nvim_(?:command|cmd|eval|feedkeys|input)\b|"
    r"nvim_exec2?\s*\(|nvim_exec_lua|os\.execute|io\.popen|package\.loadlib|"
    r"vim\.fn\.(?:system|systemlist|eval|execute|expand|glob|feedkeys|termopen|jobstart)\b"
)


def name_of(file: Path) -> str:
    return str(file.relative_to(ROOT))


WORDS = {word.split(".")[-1] for word in MODULES | RUN_TEXT | CALLS | LOADERS | FAMILIES | STARTERS}
SUSPECT = re.compile(rf"\b(?:{'|'.join(sorted(WORDS | {'shell', 'allow_pickle', 'import_module'}))})\b")


@cache
def nodes(file: Path) -> list[ast.AST]:
    """All of a file in which one of the words occurs at all: to parse them all takes seconds."""
    text = file.read_text()
    return list(ast.walk(ast.parse(text))) if SUSPECT.search(text) else []


def is_of_those(module: str) -> bool:
    return any(f"{module}.".startswith(f"{name}.") for name in MODULES)


def forbidden(node: ast.AST) -> Iterator[str]:
    """What of the above a node is."""
    match node:
        case ast.Import(names):
            yield from (alias.name for alias in names if is_of_those(alias.name))
        case ast.ImportFrom(module=str(module), names=names):
            yield from {module} if is_of_those(module) else set()
            yield from (alias.name for alias in names if alias.name in CALLS | RUN_TEXT | FAMILIES)
        case ast.Call(func=ast.Name(name)):
            yield from {name} & (RUN_TEXT | CALLS)
        case ast.Call(func=ast.Attribute(attr=name) as function):
            yield from {name} & CALLS
            yield from {ast.unparse(function)} & LOADERS
        case ast.Attribute(attr=name):
            yield from {name} & FAMILIES
        case ast.keyword(arg="shell" | "allow_pickle" as name, value=value) if ast.unparse(value) != "False":
            yield str(name)


def test_no_python_runs_text_unpickles_asks_a_shell_unpacks_or_listens() -> None:
    assert len(PYTHON) > 200
    assert {name_of(file): what for file in PYTHON for node in nodes(file) for what in forbidden(node)} == {}


def test_no_lua_runs_text_or_has_a_path_expanded() -> None:
    assert len(LUA) > 30
    code = {name_of(file): re.sub(r"--.*", "", file.read_text()) for file in LUA}
    assert {
        name: LUA_RUNS_TEXT.findall(text) for name, text in code.items() if LUA_RUNS_TEXT.search(text)
    } == {}


@pytest.mark.parametrize(
    "line",
    [
        "from pickle import loads",
        "import yaml.reader",
        "os.system(x)",
        "from os import popen",
        "eval(x)",
        "np.load(x)",
        "np.savez(x, allow_pickle=True)",
        "run(x, shell=True)",
        "asyncio.start_server(x)",
        "socket(socket.AF_INET)",
        "os.execvp(x, y)",
    ],
)
def test_it_would_be_found(line: str) -> None:
    assert [what for node in ast.walk(ast.parse(line)) for what in forbidden(node)]


@pytest.mark.parametrize(
    "line", ["vim.cmd('e ' .. x)", "load(x)()", "vim.fn.expand(x)", "vim.cmd.e(x) vim.cmd { x }"]
)
def test_it_would_be_found_in_lua(line: str) -> None:
    assert LUA_RUNS_TEXT.search(f" {line}")


def test_no_process_is_started_with_a_text_that_would_have_to_be_split() -> None:
    texts = (ast.Constant, ast.JoinedStr, ast.BinOp)
    calls = [(file, node) for file in PYTHON for node in nodes(file) if _starts(node)]
    assert len(calls) >= 3
    assert [name_of(file) for file, call in calls if call.args and isinstance(call.args[0], texts)] == []


def _starts(node: ast.AST) -> TypeGuard[ast.Call]:
    match node:
        case ast.Call(func=ast.Attribute(value=ast.Name("subprocess" | "asyncio"), attr=name)):
            return name in STARTERS
        case _:
            return False


def test_modules_are_imported_by_name_only_where_the_names_are_known() -> None:
    calls = ((file, node.func) for file in PYTHON for node in nodes(file) if isinstance(node, ast.Call))
    assert {
        name_of(file) for file, called in calls if ast.unparse(called).endswith("import_module")
    } <= IMPORTS


def test_the_linter_forbids_it_too() -> None:
    source = (
        "import pickle\nimport yaml\nimport subprocess\nsubprocess.run(x, shell=True)\neval(x)\nexec(x)\n"
    )
    command = [
        sys.executable,
        "-m",
        "ruff",
        "check",
        "--no-cache",
        "--stdin-filename",
        "lofi_core/new.py",
        "-",
    ]
    done = subprocess.run(command, input=source, capture_output=True, text=True, check=False, cwd=ROOT)
    if "No module named ruff" in done.stderr:
        pytest.skip("ruff is not installed; .ci/run has it")
    for rule in ("`pickle` is banned", "`yaml` is banned", "S602", "S307", "S102"):
        assert rule in done.stdout
