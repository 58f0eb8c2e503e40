"""docs/security.md claims nothing without a test, and names no test that is not there."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "security.md").read_text()
# (claim, what stands beside it), of every table of claims.
CLAIMS = [
    tuple(cell.strip() for cell in row.strip("|").rsplit("|", 1))
    for table in re.findall(r"^\| claim \| test \|\n\|---\|---\|\n((?:\|.*\n)+)", PAGE, re.MULTILINE)
    for row in table.splitlines()
]


@cache
def those_there_are() -> set[str]:
    texts = [file.read_text() for file in (ROOT / "tests").rglob("test_*.py")]
    return set(re.findall(r"^(?:async )?def (test_\w+)\(", "\n".join(texts), re.MULTILINE))


def test_there_are_claims() -> None:
    assert len(CLAIMS) > 40


@pytest.mark.parametrize(("claim", "tests"), CLAIMS)
def test_each_claim_has_its_tests(claim: str, tests: str) -> None:
    assert re.fullmatch(r"`test_\w+`(, `test_\w+`)*", tests), claim
    assert set(re.findall(r"test_\w+", tests)) <= those_there_are()


def test_no_test_is_named_elsewhere_on_the_page_that_is_not_there() -> None:
    assert set(re.findall(r"`(test_\w+)`", PAGE)) <= those_there_are()


def test_each_test_of_an_attack_is_a_claim() -> None:
    """Those in this directory that need a daemon or a user; what they lean on is theirs."""
    for name in (
        "test_hostile",
        "test_modes",
        "test_surroundings",
        "test_export_paths",
        "test_runtime_directory",
    ):
        file = ROOT / "tests" / "security" / f"{name}.py"
        for test in re.findall(r"^def (test_\w+)\(", file.read_text(), re.MULTILINE):
            assert f"`{test}`" in PAGE
