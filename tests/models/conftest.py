"""A server of model files, and what fetches from it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import TYPE_CHECKING

import anyio
import pytest

from lofi_core.backend import ModelFile, ModelFiles
from lofi_core.models.download import Download
from lofi_core.models.fetch import Patience
from tests.models.backend import put_model
from tests.models.server import ModelServer

if TYPE_CHECKING:
    from pathlib import Path

    from lofi_core.models.progress import FileProgress
    from lofi_core.rpc.client import Client
    from tests.conftest import DaemonProcess, InstallBackend, StartDaemon

IMPATIENT = Patience(connect_sec=20, stall_sec=0.3, attempts=3, pause_sec=0.01, longest_pause_sec=0.05)
# For servers that do not stall: on a loaded machine any answer may take longer than that.
PATIENT = replace(IMPATIENT, stall_sec=30)

Pull = Callable[..., list["FileProgress"]]


@pytest.fixture
def server() -> Iterator[ModelServer]:
    started = ModelServer()
    yield started
    started.stop()


@pytest.fixture
def target(tmp_path: Path) -> Path:
    """Where the variant belongs."""
    return tmp_path / "models" / "test" / "small"


@pytest.fixture
def pull(target: Path, server: ModelServer) -> Pull:
    """Complete a variant of these files; returns everything that was shown."""

    def run(*files: ModelFile, verify: bool = True, patience: Patience | None = None) -> list[FileProgress]:
        shown: list[FileProgress] = []
        model = ModelFiles("small", files)
        limits = patience or (IMPATIENT if server.stalls else PATIENT)
        download = Download(model, target, verify=verify, show=shown.append, patience=limits)
        anyio.run(download.run)
        return shown

    return run


@pytest.fixture(autouse=True)
def no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    """The proxies of whoever runs the tests are not ours."""
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)


@pytest.fixture
def daemon(server: ModelServer, start_daemon: StartDaemon, install_backend: InstallBackend) -> DaemonProcess:
    """A daemon with a backend `hub` whose files the server has."""
    install_backend("hub", put_model(server))
    return start_daemon()


@pytest.fixture
def client(daemon: DaemonProcess) -> Client:
    return daemon.client()
