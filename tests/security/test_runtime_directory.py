"""Whatever somebody planted where the socket belongs, nobody is served by it, and nothing is lost by it."""

from __future__ import annotations

import contextlib
import os
import shutil
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import psutil
import pytest

from lofi_core.errors import NotPermitted
from lofi_core.rpc import listener
from lofi_core.rpc.client import Client
from lofi_core.rpc.listener import Listener
from tests.conftest import events_until_end

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.conftest import InstallBackend, StartDaemon

NOBODY = 65534
needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can play another user")
needs_proc = pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="only Linux tells what is open")
SQUAT = """
import socket, sys
with socket.socket(socket.AF_UNIX) as listening:
    listening.bind(sys.argv[1])
    listening.listen()
    print("listens", flush=True)
    while True:
        taken = listening.accept()[0]
        taken.settimeout(10)
        try:
            print(taken.recv(4096), flush=True)
        except OSError:
            print("nothing", flush=True)
"""


def plant_file(path: Path) -> None:
    path.write_text("dear diary")


def plant_symlink_to_a_file(path: Path) -> None:
    path.with_name("diary").write_text("dear diary")
    path.symlink_to(path.with_name("diary"))


def plant_dangling_symlink(path: Path) -> None:
    path.symlink_to(path.with_name("elsewhere"))


def plant_directory(path: Path) -> None:
    path.mkdir()


def plant_fifo(path: Path) -> None:
    os.mkfifo(path)


PLANTS = [plant_file, plant_symlink_to_a_file, plant_dangling_symlink, plant_directory, plant_fifo]


@pytest.fixture
def place(home: Path) -> Path:
    (home / "run").mkdir(mode=0o700)
    return home / "run" / "lofi.sock"


def listing(directory: Path) -> dict[str, tuple[int, bytes]]:
    """Everything in a directory but the lock: what it is and what it holds."""
    return {
        path.name: (path.lstat().st_mode, path.read_bytes() if path.is_file() else b"")
        for path in directory.iterdir()
        if not path.name.endswith(".lock")
    }


@pytest.mark.parametrize("plant", PLANTS)
def test_what_is_planted_in_place_of_the_socket_is_refused_and_left(
    place: Path, plant: Callable[[Path], None]
) -> None:
    plant(place)
    before = listing(place.parent)
    with pytest.raises(NotPermitted, match="is no socket"):
        Listener(place)
    assert listing(place.parent) == before


@pytest.mark.parametrize("plant", PLANTS)
def test_what_is_planted_in_the_last_moment_is_refused_and_left(
    place: Path, plant: Callable[[Path], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(listener, "_clear_path", plant)  # right before the socket is bound
    with pytest.raises(NotPermitted, match="cannot listen on"):
        Listener(place)
    assert not (place.parent / "elsewhere").exists()
    assert place.is_symlink() or not place.is_socket()


def test_of_two_daemons_that_start_at_once_one_serves(home: Path) -> None:
    environ = {
        **os.environ,
        "LOFI_DATA_DIR": str(home / "data"),
        "LOFI_SOCKET": str(home / "run" / "lofi.sock"),
    }
    command = [sys.executable, "-m", "lofi_core", "serve"]
    started = [subprocess.Popen(command, env=environ, stderr=subprocess.PIPE, text=True) for _ in range(2)]
    refused = 0
    try:
        while refused < 1:
            refused = sum(process.poll() is not None for process in started)
            time.sleep(0.01)
        (serving,) = [process for process in started if process.poll() is None]
        while not (home / "run" / "lofi.sock").exists():
            time.sleep(0.01)
    finally:
        for process in started:
            process.terminate()
    told = [process.communicate(timeout=30)[1] for process in started if process is not serving]
    serving.communicate(timeout=30)
    assert all("already serves" in text for text in told), told


@pytest.fixture
def squatter(home: Path) -> Iterator[tuple[Path, subprocess.Popen[str]]]:
    """Another user's process that listens where the daemon should."""
    home.chmod(0o755)
    place = home / "theirs"
    place.mkdir()
    os.chown(place, NOBODY, NOBODY)
    python = shutil.which("python3", path="/usr/bin:/bin") or sys.executable
    process = subprocess.Popen(
        [python, "-I", "-c", SQUAT, str(place / "s")],
        stdout=subprocess.PIPE,
        text=True,
        user=NOBODY,
        group=NOBODY,
        extra_groups=[],
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "listens\n"
    yield place / "s", process
    process.kill()
    process.communicate()


@needs_root
def test_a_command_tells_nothing_to_another_users_socket(
    squatter: tuple[Path, subprocess.Popen[str]],
) -> None:
    path, process = squatter
    with pytest.raises(NotPermitted, match=f"belongs to user {NOBODY}, not to you"):
        Client(path)
    assert process.stdout is not None
    assert process.stdout.readline() == "b''\n"  # it was connected to, and nothing was said


@needs_root
def test_a_daemon_does_not_take_over_another_users_directory(
    squatter: tuple[Path, subprocess.Popen[str]],
) -> None:
    path, _ = squatter
    with pytest.raises(NotPermitted, match=f"belongs to user {NOBODY}"):
        Listener(path)
    with socket.socket(socket.AF_UNIX) as probe:
        assert probe.connect_ex(str(path)) == 0  # and it was left as it is


APART = """
    import numpy as np
    from lofi_core import BackendSpec, Schedule, Stage, Step, hookimpl

    @hookimpl
    def describe_backend():
        return BackendSpec("apart", "Apart", 8000, 1, 1, 60, model_version="1", own_process=True)

    @hookimpl
    def make_schedule(request):
        return Schedule([Stage("walk", steps=1)])

    @hookimpl
    def load_model():
        return object()

    @hookimpl
    def generate(request, model):
        yield Step("walk", 0, np.full((1, round(8000 * request.duration_sec)), 0.1, "float32"))
"""


def open_files(pid: int) -> set[str]:
    """What a process has open, by the system's names."""
    found = set()
    for each in Path(f"/proc/{pid}/fd").iterdir():
        with contextlib.suppress(FileNotFoundError):
            found.add(str(each.readlink()))
    return found


@needs_proc
def test_the_player_and_a_backends_process_have_nothing_open_that_is_the_daemons(
    start_daemon: StartDaemon, install_backend: InstallBackend
) -> None:
    install_backend("apart", APART)
    daemon = start_daemon()
    client = daemon.client()
    accepted = client.call("generate", prompt="x", backend="apart", duration_sec=5)
    assert events_until_end(client, accepted["job_id"])[-1].name == "generation_complete"
    client.call("play", track_id=accepted["track_id"])
    children = psutil.Process(daemon.process.pid).children()
    assert len(children) == 2
    ours = open_files(daemon.process.pid)
    for child in children:
        theirs = open_files(child.pid)
        assert any(name.startswith("socket:") for name in theirs)
        assert not {name for name in theirs & ours if name.startswith("socket:")}
        of_the_user = {name for name in theirs if name.startswith(str(daemon.data.parent))}
        assert all(name.endswith((".flac", ".wav")) for name in of_the_user)
