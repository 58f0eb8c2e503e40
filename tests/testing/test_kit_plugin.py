"""`pytest --lofi-backend NAME`, as an author runs it."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from lofi_core.testing.checks import CHECKS
from tests.testing.conftest import FIT, PLUGIN, broken

if TYPE_CHECKING:
    from lofi_core.testing.checks import Check
    from tests.conftest import InstallBackend
    from tests.testing.conftest import RunPytest

ROOT = Path(__file__).parents[2]


def test_a_backend_that_keeps_its_promises_passes_every_check(
    run_pytest: RunPytest, install_backend: InstallBackend
) -> None:
    install_backend("fit", FIT)
    done = run_pytest("--lofi-backend", "fit", "--lofi-duration", "2", "--lofi-option", "level=0.4", "-v")
    assert done.returncode == 0, done.stdout
    lines = [line for line in done.stdout.splitlines() if line.startswith("lofi-backend[fit]::")]
    assert [line.split()[0].partition("::")[2] for line in lines] == [check.__name__ for check in CHECKS]
    assert sum("SKIPPED" in line for line in lines) == 1  # it is not loud by construction
    assert "fit: " in done.stdout.partition("notes about backends")[2]


def test_a_failure_shows_what_to_change_and_nothing_of_the_kit(
    run_pytest: RunPytest, install_backend: InstallBackend
) -> None:
    install_backend("fit", broken(('"Fit"', '" "')))
    done = run_pytest("--lofi-backend", "fit", "-k", "says_what")
    assert done.returncode == 1
    assert "_ it_says_what_it_is _" in done.stdout
    assert "title is empty\n\nWhat to change: give BackendSpec a title\n" in done.stdout
    assert "kit.py" not in done.stdout


def test_several_backends_are_asked_beside_the_tests_that_are_named(
    run_pytest: RunPytest, install_backend: InstallBackend, home: Path
) -> None:
    install_backend("fit", FIT)
    asks = 'from lofi_core.testing import Conformance\nconformance = Conformance("fit", duration_sec=2)\n'
    home.joinpath("here", "test_own.py").write_text(asks + "def test_mine(): pass\n")
    both = ("--lofi-backend", "fit", "--lofi-backend", "sine")
    chosen = ("-k", "it_makes_a_track or test_mine", "-v")
    alone = run_pytest(*both, *chosen).stdout
    assert "test_mine" not in alone
    assert "2 passed" in alone
    beside = run_pytest("test_own.py", *both, *chosen).stdout
    named = ["test_own.py::conformance::it_makes_a_track", "test_own.py::test_mine"]
    named += ["lofi-backend[fit]::it_makes_a_track", "lofi-backend[sine]::it_makes_a_track"]
    assert [line.split()[0] for line in beside.splitlines() if " PASSED" in line] == named


def test_what_is_meant_for_one_backend_is_not_taken_for_several(run_pytest: RunPytest) -> None:
    done = run_pytest("--lofi-backend", "fit", "--lofi-backend", "sine", "--lofi-model-dir", "x")
    assert done.returncode == pytest.ExitCode.USAGE_ERROR
    assert "are for one backend: name one --lofi-backend" in done.stderr


def test_pytest_finds_the_plugin_by_itself_and_nobody_needs_pytest() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert project["entry-points"]["pytest11"] == {PLUGIN: PLUGIN}
    assert not any("pytest" in need for need in project["dependencies"])


def test_other_runs_of_pytest_import_next_to_nothing_of_it(run_pytest: RunPytest, home: Path) -> None:
    ours = "sorted(name for name in sys.modules if name.split('.')[0] in {'lofi_core', 'numpy', 'msgspec'})"
    home.joinpath("here", "test_own.py").write_text(f"import sys\ndef test_own(): print({ours})\n")
    done = run_pytest("-s", "-q")
    own = ["lofi_core", "lofi_core.testing", "lofi_core.testing.conformance", PLUGIN]
    assert str(own) in done.stdout


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)
def test_the_page_tells_what_each_check_asks(check: Check) -> None:
    page = (ROOT / "docs" / "writing-a-backend.md").read_text("utf-8")
    assert f"\n| `{check.__name__}` | {(check.__doc__ or '').splitlines()[0]} |\n" in page
