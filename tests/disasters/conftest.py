"""Disasters that really happen, and the page that says what a user sees of them."""

from __future__ import annotations

import os
import shutil
import subprocess
from contextlib import contextmanager
from typing import TYPE_CHECKING, NamedTuple

import pytest

from lofi_core.cli.main import main
from tests.disasters.page import SEEN, messages

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path


@pytest.fixture(autouse=True)
def page_promises_no_more_than_was_told() -> Iterator[None]:
    """Of a disaster that happened in a test, every message on the page was seen there."""
    SEEN.clear()
    yield
    for heading, seen in SEEN.items():
        assert {message.pattern for message in messages(heading)} == seen


class Outcome(NamedTuple):
    """What a command left behind."""

    status: int
    out: str
    err: str


Run = "Callable[..., Outcome]"


@pytest.fixture
def lofi(
    home: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Callable[..., Outcome]:
    """Run `lofi-core` as the user of the daemon under test, who starts no other one."""
    for name in [name for name in os.environ if name.startswith(("LOFI_", "XDG_"))]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setenv("LOFI_SOCKET", str(home / "run" / "lofi.sock"))
    monkeypatch.setenv("LOFI_DATA_DIR", str(home / "data"))

    def run(*arguments: str) -> Outcome:
        status = main([str(argument) for argument in arguments])
        return Outcome(status, *capsys.readouterr())

    return run


def make(lofi: Callable[..., Outcome], prompt: str, seconds: int = 2, *more: str) -> Outcome:
    """A tone, made by the daemon that runs."""
    wish = (prompt, "--backend", "sine", "--duration", str(seconds), "--seed", "7", "--no-autostart")
    return lofi("generate", *wish, *more)


@contextmanager
def mounted(path: Path, *command: str) -> Iterator[None]:
    """Something mounted at a path."""
    mount = shutil.which("mount")
    if os.geteuid() != 0 or mount is None:
        pytest.skip("only root may mount a disk that is full or read-only")
    path.mkdir(parents=True, exist_ok=True)
    done = subprocess.run([mount, *command, str(path)], capture_output=True, text=True, check=False)
    if done.returncode:
        pytest.skip(f"nothing can be mounted here: {done.stderr.strip()}")
    try:
        yield
    finally:
        subprocess.run(["umount", "-l", str(path)], check=True)


@contextmanager
def read_only(path: Path) -> Iterator[None]:
    """Whatever is written below a path by its name is refused."""
    with mounted(path, "--bind", str(path)):
        subprocess.run(["mount", "-o", "remount,bind,ro", str(path)], check=True)
        yield


def rot(path: Path) -> None:
    """What a bad disk does to the middle of a file: its size stays."""
    size = path.stat().st_size
    with path.open("r+b") as file:
        file.seek(size // 2)
        file.write(bytes(range(1, 201)))
