"""Whatever the daemon writes is the user's alone, from its first moment and whatever the umask."""

from __future__ import annotations

import contextlib
import os
import stat
import subprocess
import sys
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Self

import pytest

from tests.conftest import DaemonProcess, events_until_end, wait_for

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.conftest import InstallBackend, StartDaemon

OTHERS = stat.S_IRWXG | stat.S_IRWXO
TRACK = {"prompt": "a secret", "backend": "sine", "duration_sec": 1}


class Watch:
    """Looks at everything below a directory again and again, and notes what others could have opened."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._enough = threading.Event()
        self._thread = threading.Thread(target=self._look)
        self.seen: set[str] = set()
        self.opened: dict[str, str] = {}

    def _look(self) -> None:
        while not self._enough.is_set():
            self._look_once()
            self._enough.wait(0.002)

    def _look_once(self) -> None:
        for folder, folders, files in os.walk(self._root):  # over what goes meanwhile it says nothing
            for each in (*folders, *files):
                path = Path(folder, each)
                with contextlib.suppress(FileNotFoundError):
                    mode = path.lstat().st_mode
                    name = str(path.relative_to(self._root))
                    self.seen.add(name)
                    if mode & OTHERS and not stat.S_ISLNK(mode):
                        self.opened[name] = oct(mode)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._enough.set()
        self._thread.join()
        self._look_once()


@pytest.fixture
def no_umask() -> Iterator[None]:
    """As of a shell whose user thinks of nothing."""
    before = os.umask(0)
    yield
    os.umask(before)


@pytest.fixture
def users_umask() -> Iterator[int]:
    """What most systems give."""
    before = os.umask(0o022)
    yield 0o022
    os.umask(before)


def test_nothing_the_daemon_writes_is_ever_open_to_others(
    no_umask: None, home: Path, start_daemon: StartDaemon, install_backend: InstallBackend
) -> None:
    site = install_backend("unused", "")
    site.chmod(0o700)
    with Watch(home) as watch:
        daemon = start_daemon(LOFI_SOCKET=str(home / "made" / "too" / "lofi.sock"))
        daemon.socket = home / "made" / "too" / "lofi.sock"
        client = daemon.client()
        client.call("subscribe")
        accepted = client.call("generate", **TRACK, play=True)
        events_until_end(client, accepted["job_id"])
        client.call("playlist_add", track_id=accepted["track_id"])
        client.call("volume_set", level=0.5)
        spooled = client.call("generate", prompt="rain", backend="procedural", duration_sec=5)
        spool = wait_for(client, "generation_audio").fields["path"]
        events_until_end(client, spooled["job_id"])
        daemon.stop()
    ours = {name for name in watch.opened if not name.startswith("site")}
    assert ours == set()
    assert {
        "made",
        "made/too/lofi.sock",
        "made/too/lofi.sock.lock",
        "data/index.db",
        "data/playback.json",
    } <= watch.seen
    assert os.path.relpath(spool, home) in watch.seen
    assert any(name.endswith(".flac") for name in watch.seen)


def test_the_log_of_a_daemon_in_the_background_is_ours_alone(no_umask: None, home: Path) -> None:
    environ = {
        **os.environ,
        "LOFI_DATA_DIR": str(home / "data"),
        "LOFI_SOCKET": str(home / "run" / "lofi.sock"),
    }
    command = [sys.executable, "-m", "lofi_core"]
    with Watch(home) as watch:
        subprocess.run([*command, "serve", "--detach"], env=environ, check=True, capture_output=True)
        subprocess.run([*command, "shutdown"], env=environ, check=True, capture_output=True)
    assert watch.opened == {}
    assert any(name.endswith(".log") for name in watch.seen)


def test_what_a_user_exports_has_the_mode_that_any_program_would_give_it(
    users_umask: int, home: Path, daemon: DaemonProcess
) -> None:
    client = daemon.client()
    accepted = client.call("generate", **TRACK)
    events_until_end(client, accepted["job_id"])
    for suffix in ("flac", "wav", "mp3"):
        target = home / f"out.{suffix}"
        client.call("tracks_export", track_id=accepted["track_id"], path=str(target))
        assert stat.S_IMODE(target.stat().st_mode) == 0o666 & ~users_umask
