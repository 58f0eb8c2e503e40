"""Do `./lofi` and `./check` say what is missing on a machine that has less than they need?"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
TOOLS = ("cat", "cksum", "dirname", "env", "rm", "sh", "uname")
VERSION = f"{sys.version_info.major}.{sys.version_info.minor}"


@pytest.fixture
def machine(tmp_path: Path) -> Path:
    """A copy of the first-run scripts, beside a `bin` that is the whole path, without any Python."""
    for name in ("lofi", "check", ".ci"):
        source = ROOT / name
        (shutil.copytree if source.is_dir() else shutil.copy)(source, tmp_path / name)
    (tmp_path / "bin").mkdir()
    for tool in TOOLS:
        found = shutil.which(tool)
        assert found
        (tmp_path / "bin" / tool).symlink_to(found)
    return tmp_path


def add_python(machine: Path, name: str, *, venv: bool) -> None:
    """Add a Python to the machine's path; one without venv cannot import it, as on Debian.

    It makes one without pip, which takes seconds, and which each run of `./check` on a new machine needs.
    """
    real = os.path.realpath(sys.executable)
    quick = 'if [ "$2" = venv ]; then set -- "$@" --without-pip; fi'
    broken = 'case "$*" in *venv*) exit 1;; esac'
    script = machine / "bin" / name
    script.write_text(f'#!/bin/sh\n{quick if venv else broken}\nexec "{real}" "$@"\n')
    script.chmod(0o755)


def run(machine: Path, *command: str) -> subprocess.CompletedProcess[str]:
    environ = {"PATH": str(machine / "bin"), "HOME": str(machine)}
    return subprocess.run(
        command, cwd=machine, env=environ, capture_output=True, text=True, check=False, timeout=60
    )


@pytest.mark.parametrize("command", [["./lofi", "rain"], ["./check"]], ids=lambda command: command[0])
def test_without_a_python_it_says_which_package_to_install(machine: Path, command: list[str]) -> None:
    done = run(machine, *command)
    assert done.returncode == 1
    assert "needs Python 3.11 or newer, and found none" in done.stderr
    assert "python3" in done.stderr.partition("Install it: ")[2]


@pytest.mark.parametrize("command", [["./lofi", "rain"], ["./check"]], ids=lambda command: command[0])
def test_without_venv_it_says_which_package_to_install(machine: Path, command: list[str]) -> None:
    add_python(machine, "python3", venv=False)
    done = run(machine, *command)
    assert done.returncode == 1
    assert f"Python {VERSION} is here, but its venv module is not." in done.stderr
    assert f"sudo apt install python{VERSION}-venv" in done.stderr


def test_a_python_with_venv_is_preferred_to_one_without(machine: Path) -> None:
    add_python(machine, "python3.13", venv=False)
    add_python(machine, "python3", venv=True)
    done = run(machine, "sh", "-c", ". .ci/venv.sh && make_venv && .venv/bin/python -c 'print(42)'")
    assert (done.returncode, done.stdout) == (0, "42\n"), done.stderr


def test_without_a_sentence_it_says_how_to_give_one(machine: Path) -> None:
    done = run(machine, "./lofi")
    assert done.returncode == 2
    assert done.stderr.startswith('usage: ./lofi "')
