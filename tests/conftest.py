"""Real parts for the tests: backends that are really installed, a daemon in a process of its own."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import textwrap
import threading
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import pytest

from lofi_core.rpc.client import Client, ConnectionLost, Notification

# These take a minute and more: begun last, they would keep the others' processes waiting for them.
LONG_FILES = (
    "test_under_load.py",
    "test_speed.py",
    "test_hours.py",
    "test_acestep_export.py",
    "test_acestep_checkpoint.py",
    "test_acestep_reference.py",
    "test_procedural_sound.py",
    "test_procedural_bars.py",
    "test_kit_own_backends.py",
)
TERMINAL = {"generation_complete", "generation_cancelled", "generation_error"}

# A backend whose steps are under the test's control: it takes one each time a line can be read from a pipe.
STEPPED = """
    import os
    import msgspec
    import numpy as np
    from lofi_core import BackendSpec, Schedule, Stage, Step, hookimpl

    class Options(msgspec.Struct, forbid_unknown_fields=True):
        gate: str = ""

    @hookimpl
    def describe_backend():
        return BackendSpec("stepped", "Step by step", 8000, 1, 1, 60, model_version="1", options=Options)

    @hookimpl
    def make_schedule(request):
        return Schedule([Stage("walk", steps=round(request.duration_sec))])

    @hookimpl
    def generate(request):
        noise = np.random.Generator(np.random.Philox(request.seed))
        gate = open(request.options.gate, "rb", buffering=0) if request.options.gate else None
        try:
            for index in range(round(request.duration_sec)):
                if gate is not None:
                    gate.read(1)
                yield Step("walk", index, noise.uniform(-0.5, 0.5, (1, 8000)).astype("float32"))
        finally:
            if gate is not None:
                gate.close()
"""


# At the end of a backend: the daemon that imports it waits less for what never comes back.
IMPATIENT = """
import sys
from lofi_core.host import process
process.CANCEL_GRACE_SEC = 1.0
if "lofi_core.daemon" in sys.modules:
    sys.modules["lofi_core.daemon"].STEP_GRACE_SEC = 1.0
"""


def pytest_addoption(parser: pytest.Parser) -> None:
    """More of what the short forms prove."""
    parser.addoption("--long", action="store_true", help="run the tests that take long, too")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Long files come first, all others in the order in which they were found."""
    items.sort(key=lambda item: item.path.name not in LONG_FILES)
    if not config.getoption("--long"):
        for item in items:
            if item.get_closest_marker("long"):
                item.add_marker(pytest.mark.skip(reason="takes long: ./check --long"))


def long(*values: object) -> object:
    """Values of a parameter whose test is run only with `--long`."""
    return pytest.param(*values, marks=pytest.mark.long)


def long_unless(short: bool, value: object) -> object:
    """The same, unless it is short."""
    return value if short else long(value)


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture(autouse=True)
def usual_umask() -> Iterator[None]:
    """What a test does in this process leaves the umask as it was, also where it makes files private."""
    before = os.umask(0o022)
    os.umask(before)
    yield
    os.umask(before)


@pytest.fixture(autouse=True)
def no_desktop(monkeypatch: pytest.MonkeyPatch) -> None:
    """No daemon of a test shows up as a player on the desktop of who runs it."""
    monkeypatch.delenv("DBUS_SESSION_BUS_ADDRESS", raising=False)


@pytest.fixture
def home() -> Iterator[Path]:
    """A short-named directory: a socket's path has a limit."""
    directory = Path(tempfile.mkdtemp(prefix="lofi-"))
    yield directory
    shutil.rmtree(directory, ignore_errors=True)


InstallBackend = Callable[..., Path]


@pytest.fixture
def install_backend(home: Path) -> InstallBackend:
    """Install a backend's source as a distribution of its own; returns the directory to put on the path."""

    return partial(install_backend_in, home)


def install_backend_in(home: Path, name: str, source: str, package: str | None = None) -> Path:
    """What pip would leave behind, for a backend of one module."""
    site = home / "site"
    stem = (package or f"lofi-{name}").replace("-", "_")
    info = site / f"{stem}-1.0.dist-info"
    info.mkdir(parents=True)
    metadata = f"Metadata-Version: 2.1\nName: {package or f'lofi-{name}'}\nVersion: 1.0\n"
    info.joinpath("METADATA").write_text(metadata)
    info.joinpath("entry_points.txt").write_text(f"[lofi.backends]\n{name} = {stem}_module\n")
    site.joinpath(f"{stem}_module.py").write_text(textwrap.dedent(source))
    return site


class Gate:
    """Lets a `stepped` backend take its steps one by one."""

    def __init__(self, path: Path) -> None:
        os.mkfifo(path)
        self.path = path
        # Read and write, so that opening does not wait for the other side.
        self._pipe = os.open(path, os.O_RDWR)

    def open(self, steps: int) -> None:
        """Allow so many steps."""
        os.write(self._pipe, b"." * steps)

    def close(self) -> None:
        os.close(self._pipe)


@pytest.fixture
def gate(home: Path, start_daemon: StartDaemon) -> Iterator[Gate]:
    """A gate for one job of the backend `stepped`. It opens before the daemon is told to end."""
    made = Gate(home / "gate")
    yield made
    made.open(1000)
    made.close()


class DaemonProcess:
    """A daemon in a process of its own, as users run it."""

    def __init__(self, home: Path, environ: dict[str, str]) -> None:
        self.socket = home / "run" / "lofi.sock"
        self.data = home / "data"
        self.environ = {
            **{name: value for name, value in os.environ.items() if not name.startswith(("LOFI_", "XDG_"))},
            "HOME": str(home),
            "LOFI_SOCKET": str(self.socket),
            "LOFI_DATA_DIR": str(self.data),
            "PYTHONPATH": str(home / "site"),
            "LOFI_AUDIO_DEVICE": "null",  # no test makes a sound
            "LOFI_DAEMON_EVENT_LOOP": "asyncio",  # what most run; tests/rpc/test_event_loops.py has both
            **environ,
        }
        self.log: list[str] = []
        self._clients: list[Client] = []
        command = [sys.executable, "-m", "lofi_core", "serve"]
        self.process = subprocess.Popen(command, env=self.environ, stderr=subprocess.PIPE, text=True)
        self._serves = threading.Event()
        self._logged = threading.Condition()
        # Somebody must read the log all the time, or the daemon waits for room in the pipe.
        self._reader = threading.Thread(target=self._read_log)
        self._reader.start()
        self._serves.wait(30)
        if self.process.poll() is not None or not self._serves.is_set():
            pytest.fail("the daemon did not start:\n" + "".join(self.log))

    def _read_log(self) -> None:
        assert self.process.stderr is not None
        with self.process.stderr:
            for line in self.process.stderr:
                with self._logged:
                    self.log.append(line)
                    self._logged.notify_all()
                if " serves " in line:
                    self._serves.set()
        self._serves.set()

    def wait_for_log(self, words: str) -> None:
        """Until a line of the log has these words in it."""
        with self._logged:
            found = self._logged.wait_for(lambda: any(words in line for line in self.log), 30)
        assert found, f"no {words!r} in the log:\n" + "".join(self.log)

    def client(self) -> Client:
        client = Client(self.socket, timeout_sec=30)
        self._clients.append(client)
        return client

    def close_clients(self) -> None:
        while self._clients:
            self._clients.pop().close()

    def stop(self) -> int:
        """SIGTERM, and the exit status."""
        self.close_clients()
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        status = self.process.wait(timeout=20)
        self._reader.join(20)
        return status


StartDaemon = Callable[..., DaemonProcess]


@pytest.fixture
def start_daemon(home: Path) -> Iterator[StartDaemon]:
    """Start daemons that end with the test."""
    started: list[DaemonProcess] = []

    def start(**environ: str) -> DaemonProcess:
        started.append(DaemonProcess(home, environ))
        return started[-1]

    yield start
    for process in started:
        process.stop()


@pytest.fixture
def daemon(start_daemon: StartDaemon, install_backend: InstallBackend) -> DaemonProcess:
    """A daemon with the backends `procedural`, `sine` (both installed) and `stepped`."""
    install_backend("stepped", STEPPED)
    return start_daemon()


def events_until_end(client: Client, job_id: str, timeout_sec: float = 30) -> list[Notification]:
    """All events of one job that the client gets, up to and with its terminal event."""
    seen: list[Notification] = []
    while True:
        event = client.next_event(timeout_sec)
        assert event is not None, f"no terminal event; saw {[e.name for e in seen]}"
        if event.fields.get("job_id") == job_id:
            seen.append(event)
            if event.name in TERMINAL:
                return seen


def events_until_lost(client: Client) -> list[Notification]:
    """All events that the client gets until the daemon is gone."""
    seen: list[Notification] = []
    try:
        while (event := client.next_event(30)) is not None:
            seen.append(event)
    except ConnectionLost:
        return seen
    raise AssertionError(f"the daemon is still there; saw {[event.name for event in seen]}")


def wait_for(client: Client, name: str, timeout_sec: float = 30) -> Notification:
    """The next event of that name; others are dropped."""
    while True:
        event = client.next_event(timeout_sec)
        assert event is not None, f"no {name}"
        if event.name == name:
            return event
