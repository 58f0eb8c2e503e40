"""How much memory a process holds is known on any system."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from lofi_core import memory

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture(params=["with /proc", "without"])
def system(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    if request.param == "without":
        monkeypatch.setattr(memory, "PROC", tmp_path)


@pytest.mark.usefixtures("system")
def test_memory_that_is_let_go_of_is_not_counted_any_more() -> None:
    before = memory.resident_bytes()
    block = bytearray(os.urandom(1)) * 100_000_000
    held = memory.resident_bytes()
    assert held > before + 90_000_000
    del block
    assert memory.resident_bytes() < held - 90_000_000


@pytest.mark.usefixtures("system")
def test_a_process_that_is_gone_holds_nothing() -> None:
    assert memory.process_bytes(os.getpid()) is not None
    assert memory.process_bytes(2**30) is None
