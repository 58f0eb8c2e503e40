"""Every disaster on the page is one that a test makes happen."""

from __future__ import annotations

from pathlib import Path

from tests.disasters.page import PAGE


def test_every_disaster_on_the_page_happens_in_a_test() -> None:
    tests = "".join(file.read_text() for file in Path(__file__).parent.glob("test_*.py"))
    headings = [line.removeprefix("## ") for line in PAGE.read_text().splitlines() if line.startswith("## ")]
    assert len(headings) == 10
    assert [heading for heading in headings if f'"{heading}"' not in tests] == []
