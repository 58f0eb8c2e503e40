"""`lofi-core backends new NAME` writes a package that needs nothing more to be one."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import sysconfig
import venv
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from lofi_core.cli.main import main
from lofi_core.testing.checks import CHECKS

if TYPE_CHECKING:
    from collections.abc import Callable

    Begin = Callable[..., Path]

ROOT = Path(__file__).parents[2]


@pytest.fixture
def begin(home: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Begin:
    """Write a backend in an empty directory; returns where it is."""
    monkeypatch.chdir(home)

    def begun(name: str, *directory: str) -> Path:
        assert main(["backends", "new", name, *directory, "--json"]) == 0
        told = json.loads(capsys.readouterr().out)
        assert all(Path(file).is_file() for file in told["files"])
        return home / str(told["directory"])

    return begun


def run(*command: str | Path, cwd: Path, **environ: str) -> str:
    done = subprocess.run(
        command, cwd=cwd, env={**os.environ, **environ}, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_what_is_written_installs_and_passes_its_own_tests(begin: Begin, home: Path) -> None:
    project = begin("slow_hum")
    venv.create(home / "venv", symlinks=True)
    python = home / "venv" / "bin" / "python"
    # It finds what this environment has, without being able to change that.
    paths = [str(ROOT), str(ROOT / "plugins"), *sys.path, sysconfig.get_paths()["purelib"]]
    site = Path(
        run(python, "-c", "import sysconfig; print(sysconfig.get_paths()['purelib'])", cwd=home).strip()
    )
    site.joinpath("theirs.pth").write_text("\n".join(dict.fromkeys(filter(None, paths))))
    pip = (sys.executable, "-m", "pip", "--python", str(python), "install", "--disable-pip-version-check")
    run(*pip, "--quiet", "--no-deps", "--no-build-isolation", "--editable", project, cwd=home)
    told = run(python, "-m", "pytest", "-p", "lofi_core.testing.plugin", "-q", cwd=project, HOME=str(home))
    # With its own test; it is not loud by construction.
    assert f"{len(CHECKS)} passed, 1 skipped" in told
    assert "prompt makes no difference" not in told


def test_what_is_written_is_clean_and_typed(begin: Begin) -> None:
    project = begin("slow_hum", "elsewhere")
    if find_spec("ruff") is None or find_spec("mypy") is None:
        pytest.skip("ruff and mypy are not installed")
    run(sys.executable, "-m", "ruff", "check", ".", cwd=project)
    run(sys.executable, "-m", "ruff", "format", "--check", ".", cwd=project)
    run(sys.executable, "-m", "mypy", "--strict", ".", cwd=project, MYPYPATH=str(ROOT))


def test_the_name_is_everywhere(begin: Begin) -> None:
    project = begin("slow_hum")
    assert project.name == "lofi-slow-hum"
    files = {str(path.relative_to(project)): path.read_text() for path in project.rglob("*.*")}
    assert set(files) == {"pyproject.toml", "lofi_slow_hum.py", "tests/test_slow_hum.py"}
    assert not any("example" in text.lower() for text in files.values())
    assert 'name = "lofi-slow-hum"' in files["pyproject.toml"]
    assert 'slow_hum = "lofi_slow_hum"' in files["pyproject.toml"]
    assert 'title="Slow hum"' in files["lofi_slow_hum.py"]
    assert sum(bool(line.strip()) for line in files["lofi_slow_hum.py"].splitlines()) <= 40


@pytest.mark.parametrize(
    ("name", "problem", "hint"),
    [
        ("My-Hum", "must be lower-case letters, digits and single underscores", "try my_hum"),
        ("9", "must be lower-case letters", None),
        ("x" * 41, "at most 40", "try " + "x" * 40),
        ("../up", "must be lower-case letters", "try up"),
        ("acestep", "'acestep' is another spelling of 'ace_step'", "choose another name"),
        ("sine", "the package lofi-sine has a backend 'sine'", "choose another name"),
        ("core", "there is a package lofi_core already", "choose another name"),
    ],
)
def test_a_name_that_would_not_do_is_refused(
    home: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    name: str,
    problem: str,
    hint: str | None,
) -> None:
    monkeypatch.chdir(home)
    assert main(["backends", "new", name]) == 1
    told = capsys.readouterr().err
    assert problem in told
    assert hint is None or told.endswith(f"hint: {hint}\n")
    assert not list(home.iterdir())


def test_nothing_is_overwritten(begin: Begin, capsys: pytest.CaptureFixture[str]) -> None:
    project = begin("slow_hum")
    project.joinpath("lofi_slow_hum.py").write_text("mine")
    assert main(["backends", "new", "slow_hum"]) == 1
    assert "lofi-slow-hum is not empty" in capsys.readouterr().err
    assert project.joinpath("lofi_slow_hum.py").read_text() == "mine"


def test_a_person_is_told_what_to_do_with_it(
    home: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(home)
    assert main(["backends", "new", "slow_hum", "here"]) == 0
    told = capsys.readouterr().out.splitlines()
    assert told[0] == "here/pyproject.toml"
    assert told[-3:] == [
        "pip install -e 'here[test]'",
        "pytest here",
        'lofi-core generate "anything" -b slow_hum -d 10 --no-daemon',
    ]
