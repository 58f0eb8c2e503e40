"""Editors with screens, and one daemon for all the tests that only use it."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import DaemonProcess
from tests.nvim.core.driver import Editor
from tests.nvim.watched import Watched

Watch = Callable[..., Watched]
Lua = Callable[..., Any]


@pytest.fixture(scope="session")
def served() -> Iterator[DaemonProcess]:
    """A daemon that outlives the tests here."""
    home = Path(tempfile.mkdtemp(prefix="lofi-"))
    daemon = DaemonProcess(home, {})
    yield daemon
    status = daemon.stop()
    shutil.rmtree(home, ignore_errors=True)
    assert status == 0
    assert "Traceback" not in "".join(daemon.log)


@pytest.fixture
def watch(home: Path) -> Iterator[Watch]:
    """Open editors on a socket, with screens."""
    opened: list[Watched] = []

    def open_one(socket: Path, width: int = 60, height: int = 12, **environ: str) -> Watched:
        opened.append(Watched(home, {"LOFI_SOCKET": str(socket), **environ}, width, height))
        return opened[-1]

    yield open_one
    for editor in opened:
        editor.close()


@pytest.fixture(scope="session")
def bare() -> Iterator[Editor]:
    """One editor for all the tests that only compute something."""
    home = Path(tempfile.mkdtemp(prefix="lofi-"))
    editor = Editor(home, {"LOFI_SOCKET": str(home / "nobody.sock")})
    yield editor
    editor.close()
    shutil.rmtree(home, ignore_errors=True)


@pytest.fixture
def lua(bare: Editor) -> Lua:
    """Run Lua in an editor that has the plugin on its path and no daemon."""
    return bare.lua
