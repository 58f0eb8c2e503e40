"""Words and numbers in a few cells."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.nvim.conftest import Lua


@pytest.mark.parametrize(
    ("given", "shown"),
    [
        ("rainy night", "rainy night"),
        ("two\nlines\tand a tab", "two lines and a tab"),
        ("an \x1b[31mescape\x1b[0m", "an [31mescape [0m"),
        ("turned \u202eback\u202c and\u2069", "turned back and"),
        ("C1 \u009b31m", "C1 31m"),
        ("zero\u200bwidth \ufeff", "zerowidth"),
        ("夜の雨 🎹 ÿ", "夜の雨 🎹 ÿ"),
    ],
)
def test_control_characters_do_not_reach_the_screen(lua: Lua, given: str, shown: str) -> None:
    assert lua("return require('lofi.text').clean(...)", given) == shown


@pytest.mark.parametrize(
    ("given", "cells", "shown"),
    [
        ("rain", 6, "rain  "),
        ("rainy night", 6, "rainy…"),
        ("夜の雨と珈琲", 7, "夜の雨…"),
        ("夜の雨と珈琲", 6, "夜の… "),
        ("e\u0301e\u0301e\u0301", 2, "e\u0301…"),
        ("rain", 0, ""),
        ("", 2, "  "),
    ],
)
def test_a_text_takes_exactly_its_cells(lua: Lua, given: str, cells: int, shown: str) -> None:
    assert lua("return require('lofi.text').fit(...)", given, cells) == shown
    assert lua("return vim.fn.strdisplaywidth(...)", shown) == cells


def test_a_bar_grows_by_eighths_of_a_cell_and_is_as_long_as_ever(lua: Lua) -> None:
    bars = [lua("return require('lofi.text').bar(...)", percent, 8) for percent in range(101)]
    assert bars[0] == "░" * 8
    assert bars[50] == "████░░░░"
    assert bars[55] == "████▍░░░"
    assert bars[100] == "█" * 8
    assert {len(bar) for bar in bars} == {8}


def test_where_blocks_are_wide_the_bar_is_of_plain_characters(lua: Lua) -> None:
    lua("vim.o.ambiwidth = 'double'")
    try:
        assert lua("return require('lofi.text').bar(50, 8)") == "####----"
        assert lua("return vim.fn.strdisplaywidth(require('lofi.text').fit('rainy night', 6))") == 6
    finally:
        lua("vim.o.ambiwidth = 'single'")


def test_a_waveform_stands_on_its_last_row(lua: Lua) -> None:
    assert lua("return require('lofi.text').waveform({ 0, 0.25, 0.5, 0.75, 1, 1.5 }, 2)") == [
        "   ▄██",
        "▁▄████",
    ]


@pytest.mark.parametrize(
    ("seconds", "clock", "eta"),
    [(0, "0:00", "0 s"), (59.4, "0:59", "60 s"), (61, "1:01", "1:01"), (3723, "1:02:03", "1:02:03")],
)
def test_seconds_are_said_as_a_clock_or_as_a_wait(lua: Lua, seconds: float, clock: str, eta: str) -> None:
    assert lua("return require('lofi.text').clock(...)", seconds) == clock
    assert lua("return require('lofi.text').eta(...)", seconds) == eta


def test_bytes_are_said_in_the_unit_that_fits(lua: Lua) -> None:
    said = [lua("return require('lofi.text').bytes(...)", count) for count in (12, 3_400_000)]
    assert said == ["12 B", "3.4 MB"]
