"""A daemon of a benchmark's own: an empty home, the null device, backends that only benchmarks have, a tap.

Tests use the same backends.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lofi_core.player.tap import VARIABLE
from lofi_core.rpc.client import Client, NoDaemon

if TYPE_CHECKING:
    from collections.abc import Iterator

BACKENDS = Path(__file__).parent / "backends"
WAIT_SEC = 600.0
RSS_PAGE = 1  # in /proc/PID/statm


class OwnDaemon:
    """A daemon in a process of its own, and what it leaves in its home.

    Args:
        home: an empty directory of its own.
        backends: those in `benchmarks/backends` that it should have.
        before: Python to run in its process first.
        variables: of its environment.

    Attributes:
        client: a connection to it.
        tap: what the player's device took, see `lofi_core.player.tap`.
    """

    def __init__(self, home: Path, *backends: str, before: str = "", **variables: str) -> None:
        for backend in backends:
            install(home, backend)
        # Without bytecode a start would be measured that nobody has twice.
        unwanted = ("LOFI_", "PYTHONDONTWRITEBYTECODE")
        clean = {name: value for name, value in os.environ.items() if not name.startswith(unwanted)}
        self.home, self.tap = home, home / "tap"
        self.environ = {
            **clean,
            "LOFI_DATA_DIR": str(home / "data"),
            "LOFI_SOCKET": str(home / "s"),
            "LOFI_AUDIO_DEVICE": "null",
            VARIABLE: str(self.tap),
            "PYTHONPATH": os.pathsep.join(filter(None, [str(home / "site"), os.environ.get("PYTHONPATH")])),
            **variables,
        }
        script = f"{before}\nimport sys; from lofi_core.cli.main import main; sys.exit(main(['serve']))"
        command = [sys.executable, *(["-c", script] if before else ["-m", "lofi_core", "serve"])]
        with (home / "log").open("wb") as log:
            self.process = subprocess.Popen(command, env=self.environ, stderr=log)
        self.client = connected(home / "s")
        self.client.call("ping")

    def make(self, **request: Any) -> str:
        """Have a track made, and wait for it; its id."""
        accepted = self.client.call("generate", **request)
        self.until("generation_complete", track_id=accepted["track_id"])
        return str(accepted["track_id"])

    def until(self, name: str, **fields: Any) -> dict[str, Any]:
        """Drop events up to the next of that name with these fields; its fields."""
        while event := self.client.next_event(WAIT_SEC):
            if event.name == name and fields.items() <= event.fields.items():
                return event.fields
        raise SystemExit(f"no {name} came")

    def player_pid(self) -> int:
        """The player's process."""
        pid = self.client.call("status")["playback"]["player_pid"]
        if pid is None:
            raise SystemExit("there is no player")
        return int(pid)

    def stop(self) -> None:
        """End it."""
        self.client.close()
        self.process.terminate()
        try:
            self.process.wait(20)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


@contextmanager
def own_daemon(*backends: str, before: str = "", **variables: str) -> Iterator[OwnDaemon]:
    """A daemon with these backends besides the installed ones; gone at the end."""
    with tempfile.TemporaryDirectory(prefix="lofi-", ignore_cleanup_errors=True) as folder:
        daemon = OwnDaemon(Path(folder), *backends, before=before, **variables)
        try:
            yield daemon
        finally:
            daemon.stop()


def source_of(backend: str) -> str:
    """The module of one of the benchmarks' backends."""
    return (BACKENDS / f"{backend}.py").read_text()


def install(home: Path, backend: str) -> None:
    """What pip would leave behind in `home / "site"`."""
    info = home / "site" / f"lofi_{backend}-1.0.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: lofi-{backend}\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text(f"[lofi.backends]\n{backend} = lofi_{backend}_module\n")
    (home / "site" / f"lofi_{backend}_module.py").write_text(source_of(backend))


def connected(path: Path) -> Client:
    """A connection, as soon as there can be one."""
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        try:
            return Client(path, WAIT_SEC)
        except NoDaemon:
            time.sleep(0.002)
    raise SystemExit("the daemon did not start")


def resident_mb(pid: int) -> float:
    """Memory of a process. Linux."""
    pages = int(Path(f"/proc/{pid}/statm").read_text().split()[RSS_PAGE])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6
