"""Editors that end with the test."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.nvim.editor import Editor

Lua = Callable[..., Any]


@pytest.fixture(scope="session")
def bare() -> Iterator[Editor]:
    """One editor for all the tests that only compute something."""
    home = Path(tempfile.mkdtemp(prefix="lofi-"))
    editor = Editor(home)
    yield editor
    editor.close()
    shutil.rmtree(home, ignore_errors=True)


@pytest.fixture
def lua(bare: Editor) -> Lua:
    """Run Lua in an editor that has the plugin on its path and no daemon."""
    return bare.lua
