"""Disasters that really happen, and the page that says what a user sees of them."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import pytest

from lofi_core.cli.main import main

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

PAGE = Path(__file__).parents[2] / "docs" / "disasters.md"
CHANGEABLE = "…"  # in a message of the page: what differs from case to case


def messages(heading: str) -> list[re.Pattern[str]]:
    """The messages that the page has under a heading."""
    _, found, section = f"\n{PAGE.read_text()}".partition(f"\n## {heading}\n")
    assert found, f"{PAGE.name} has no {heading!r}"
    blocks = section.partition("\n## ")[0].split("\n```")[1::2]
    return [re.compile(".*?".join(map(re.escape, block.strip().split(CHANGEABLE)))) for block in blocks]


def told(heading: str, text: str) -> bool:
    """Whether a user who saw this text was told what the page says."""
    seen = {message.pattern for message in messages(heading) if message.search(text)}
    SEEN.setdefault(heading, set()).update(seen)
    return bool(seen)


SEEN: dict[str, set[str]] = {}


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
