"""Editors that end with the test, and one daemon for all the tests that only use it."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import DaemonProcess
from tests.nvim.core.driver import Editor
from tests.nvim.core.scripted import ScriptedDaemon

OpenEditor = Callable[..., Editor]
Listen = Callable[..., ScriptedDaemon]


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


@pytest.fixture(scope="session")
def calculator() -> Iterator[Editor]:
    """One editor for all the tests that only compute something."""
    home = Path(tempfile.mkdtemp(prefix="lofi-"))
    editor = Editor(home, {})
    yield editor
    editor.close()
    shutil.rmtree(home, ignore_errors=True)


@pytest.fixture
def open_editor(home: Path) -> Iterator[OpenEditor]:
    """Open editors on a socket."""
    opened: list[Editor] = []

    def open_one(socket: Path, **environ: str) -> Editor:
        opened.append(Editor(home, {"LOFI_SOCKET": str(socket), **environ}))
        return opened[-1]

    yield open_one
    for editor in opened:
        editor.close()


@pytest.fixture
def editor(served: DaemonProcess, open_editor: OpenEditor) -> Editor:
    """An editor beside the shared daemon, which it has not talked to yet."""
    return open_editor(served.socket)


@pytest.fixture
def listen(home: Path) -> Iterator[Listen]:
    """Start scripted daemons that end with the test."""
    started: list[ScriptedDaemon] = []

    def start(**hello: Any) -> ScriptedDaemon:
        started.append(ScriptedDaemon(home / "s.sock", **hello))
        return started[-1]

    yield start
    for daemon in started:
        daemon.stop()


@pytest.fixture
def scripted(listen: Listen) -> ScriptedDaemon:
    return listen()


@pytest.fixture
def caller(home: Path, open_editor: OpenEditor) -> Editor:
    """An editor that may not start a daemon, at the scripted one's socket."""
    editor = open_editor(home / "s.sock")
    editor.lua("require('lofi').setup({ autostart = false }); test.record('state_changed')")
    return editor
