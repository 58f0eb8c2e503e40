"""How does a command reach the daemon, and start it where there is none?"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from typing import TYPE_CHECKING, NamedTuple

import click

from lofi_core.cli.output import clean
from lofi_core.files import make_private_directory
from lofi_core.rpc.client import Client, NoDaemon

if TYPE_CHECKING:
    from pathlib import Path

    from lofi_core.config import Settings

START_TIMEOUT_SEC = 60.0  # numpy from a cold disk on a small machine takes its time
POLL_SEC = 0.01
# How long to look for another daemon after ours ended: two commands may have started one at once.
RACE_SEC = 5.0
LOG_LINES_SHOWN = 15


class Started(NamedTuple):
    """A daemon that answers."""

    pid: int
    client: Client


class DaemonDidNotStart(NoDaemon):
    """The daemon ended, or did not answer in time."""


def connect(settings: Settings, *, autostart: bool, verbose: bool) -> Client:
    """Connect to the daemon, and start it first where it is not running and may be.

    Raises:
        NoDaemon: there is none.
    """
    try:
        return Client(settings.paths.socket)
    except NoDaemon:
        if not autostart:
            raise
    click.echo("starting the daemon", err=True)
    return start_daemon(settings, verbose=verbose).client


def start_daemon(settings: Settings, *, verbose: bool) -> Started:
    """Start a daemon that outlives this process, and wait until it answers.

    Raises:
        DaemonDidNotStart: with the last lines of its log.
    """
    log = log_file(settings)
    descriptor = _opened_log(log)
    try:
        written_before = os.fstat(descriptor).st_size
        child = _spawn(settings, descriptor, verbose=verbose)
    finally:
        os.close(descriptor)
    deadline = time.monotonic() + START_TIMEOUT_SEC
    while time.monotonic() < deadline:
        if started := _answering(settings.paths.socket):
            return started
        if child.poll() is not None:
            deadline = min(deadline, time.monotonic() + RACE_SEC) if child.returncode == 1 else 0
        time.sleep(POLL_SEC)
    raise _failure(log, written_before, child.poll())


def log_file(settings: Settings) -> Path:
    """Where a daemon that runs in the background writes its log."""
    return settings.paths.state / "daemon.log"


def _answering(socket: Path) -> Started | None:
    """A daemon that is ready. One that still builds itself accepts connections, and may yet fail."""
    try:
        client = Client(socket)
    except NoDaemon:
        return None
    try:
        return Started(client.call("hello")["pid"], client)
    except NoDaemon:
        client.close()
        return None


def _opened_log(log: Path) -> int:
    """The log's file descriptor.

    Raises:
        DaemonDidNotStart: it cannot be written.
    """
    try:
        make_private_directory(log.parent)
        return os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    except OSError as error:
        problem = f"the daemon's log {log} cannot be written: {error.strerror}"
        raise DaemonDidNotStart(problem, "make that possible, or choose another --data-dir") from error


def _spawn(settings: Settings, log_descriptor: int, *, verbose: bool) -> subprocess.Popen[bytes]:
    """Start `serve` in a session of its own, so that closing the terminal does not end it."""
    paths = settings.paths
    # -P: a stray numpy.py in the user's directory must not be imported.
    command = [sys.executable, "-P", "-m", "lofi_core", "--socket", str(paths.socket)]
    if settings.sources["paths.config"] in {"--config", "LOFI_CONFIG"}:
        command += ["--config", str(paths.config)]
    if settings.sources["paths.data"] in {"--data-dir", "LOFI_DATA_DIR"}:
        command += ["--data-dir", str(paths.data)]
    if verbose:
        command.append("--verbose")
    return subprocess.Popen(  # noqa: S603 - our own interpreter and module
        [*command, "serve"],
        stdin=subprocess.DEVNULL,
        stdout=log_descriptor,
        stderr=log_descriptor,
        start_new_session=True,
        cwd="/",  # the daemon must not keep the user's directory busy
        env=_environment(settings),
    )


def _environment(settings: Settings) -> dict[str, str]:
    """Ours, with relative paths made absolute, because the daemon starts in another directory."""
    from lofi_core.settings import keys

    values = keys.values_of(settings.config)
    variables = {
        source: str(values[key])
        for key, source in settings.sources.items()
        if source.startswith("LOFI_") and key in values and keys.is_path(key)
    }
    return {**os.environ, **variables}


def _failure(log: Path, written_before: int, exit_code: int | None) -> DaemonDidNotStart:
    with log.open("rb") as file:
        file.seek(written_before)
        lines = file.read().decode("utf-8", "replace").splitlines()[-LOG_LINES_SHOWN:]
    what = (
        f"does not answer after {START_TIMEOUT_SEC:g} s"
        if exit_code is None
        else f"ended with status {exit_code}"
    )
    told = "\n".join(f"  {clean(line)}" for line in lines) or "  (nothing)"
    return DaemonDidNotStart(f"the daemon was started and {what}. Its log says:\n{told}", f"the log is {log}")
