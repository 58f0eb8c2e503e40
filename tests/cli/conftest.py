"""The command line, run in this process against a scripted daemon."""

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import pytest

from lofi_core.cli.main import main
from tests.cli.scripted import ScriptedDaemon
from tests.conftest import DaemonProcess


class Outcome(NamedTuple):
    """What a command left behind."""

    exit_status: int
    out: str
    err: str


Run = Callable[..., Outcome]

# Ctrl-C works as in a terminal even where the tests run as a shell's background job, which ignores it.
INTERRUPTIBLE = (
    "import signal, sys; from lofi_core.cli.main import main;"
    "signal.signal(signal.SIGINT, signal.default_int_handler); sys.exit(main())"
)
LOFI = [sys.executable, "-c", INTERRUPTIBLE]
Start = Callable[..., "subprocess.Popen[str]"]


@contextmanager
def without_privileges() -> Iterator[None]:
    """Root may do anything; nobody may not."""
    user = os.geteuid()
    if user == 0:
        os.seteuid(65534)
    try:
        yield
    finally:
        os.seteuid(user)


@pytest.fixture(autouse=True)
def environ(home: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An environment of the test's own; returns the home directory."""
    for variable in ("LOFI_CONFIG", "XDG_RUNTIME_DIR", "XDG_CACHE_HOME", "XDG_STATE_HOME"):
        monkeypatch.delenv(variable, raising=False)
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(home / "config"))
    monkeypatch.setenv("LOFI_SOCKET", str(home / "s"))
    monkeypatch.setenv("LOFI_DATA_DIR", str(home / "data"))
    monkeypatch.setenv("LOFI_AUDIO_DEVICE", "null")  # no test makes a sound
    monkeypatch.chdir(home)
    return home


@pytest.fixture
def scripted(environ: Path) -> Iterator[ScriptedDaemon]:
    """A scripted daemon at the socket that commands use."""
    daemon = ScriptedDaemon(environ / "s")
    yield daemon
    daemon.stop()


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Run:
    """Run `lofi-core` with arguments."""

    def run_command(*arguments: str) -> Outcome:
        exit_status = main(list(arguments))
        return Outcome(exit_status, *capsys.readouterr())

    return run_command


@pytest.fixture
def lofi(environ: Path) -> Iterator[Start]:
    """Start commands as processes of their own."""
    started: list[subprocess.Popen[str]] = []

    def start(*arguments: str, **variables: str) -> "subprocess.Popen[str]":
        process = subprocess.Popen(
            [*LOFI, *arguments],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env={**os.environ, **variables},
        )
        started.append(process)
        return process

    yield start
    for process in started:
        if process.poll() is None:
            process.kill()
        process.communicate()


@pytest.fixture
def at_daemon(daemon: DaemonProcess, monkeypatch: pytest.MonkeyPatch) -> DaemonProcess:
    """A real daemon, at the socket that commands use."""
    monkeypatch.setenv("LOFI_SOCKET", str(daemon.socket))
    return daemon
