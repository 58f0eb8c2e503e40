"""Does `pull` bring a model and show it, and what if it is interrupted?"""

from __future__ import annotations

import json
import os
import pty
import signal
import subprocess
from typing import TYPE_CHECKING, Any

import pytest

from lofi_core.config import Config
from lofi_core.errors import InvalidParams
from lofi_core.rpc.client import Client
from lofi_core.settings import Flags, load_settings
from lofi_core.settings.edit import set_values
from tests.cli.conftest import LOFI, Run, Start
from tests.cli.scripted import Hangup, ScriptedDaemon
from tests.models.backend import WEIGHTS, put_model
from tests.models.server import Fault, ModelServer

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.conftest import InstallBackend

STUCK = Fault(stall_after=2 * 1024 * 1024)
ASKED = {"started": True, "already_installed": False, "variant": "small", "licence": "CC-BY-NC 4.0"}
PROGRESS: dict[str, Any] = {
    "backend": "hub",
    "component": "weights.bin",
    "component_percent": 50,
    "overall_percent": 40,
    "bytes_downloaded": 4_000_000,
    "bytes_total": 10_000_000,
    "eta_sec": 61.0,
    "variant": "small",
    "stage": "downloading",
    "component_bytes": 4_000_000,
    "component_total": 8_000_000,
    "bytes_per_sec": 100_000,
}
COMPLETE = {"backend": "hub", "variant": "small", "directory": "/m/hub/small"}


@pytest.fixture
def server() -> Iterator[ModelServer]:
    started = ModelServer()
    yield started
    started.stop()


@pytest.fixture
def backend(
    server: ModelServer,
    install_backend: InstallBackend,
    monkeypatch: pytest.MonkeyPatch,
    run: Run,
    environ: Path,
) -> Iterator[Path]:
    """A backend `hub` that commands and the daemons they start find; where its small variant belongs."""
    monkeypatch.setenv("PYTHONPATH", str(install_backend("hub", put_model(server))))
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    yield environ / "data" / "models" / "hub" / "small"
    run("shutdown")


def test_pull_and_generate_is_all_it_takes(lofi: Start, backend: Path, environ: Path) -> None:
    pull = lofi("pull", "hub")
    out, err = pull.communicate()
    assert (pull.returncode, out) == (0, f"hub:small is installed in {backend}\n")
    assert err.splitlines()[:3] == [
        "starting the daemon",
        f"hub:small, 3.0 MB, into {backend}",
        "licence of these files: CC-BY-NC 4.0",
    ]
    assert "weights.bin: 3.0 MB, checked" in err
    generate = lofi("generate", "lofi hip hop, jazzy piano", "-b", "hub", "-d", "2", "-o", "piano.flac")
    generate.communicate()
    assert generate.returncode == 0
    assert (environ / "piano.flac").exists()


def test_pull_again_checks_what_is_there_and_mends_it(lofi: Start, run: Run, backend: Path) -> None:
    lofi("pull", "hub").communicate()
    assert run("pull", "hub:small").out == f"hub:small is there and intact in {backend}\n"
    (backend / "weights.bin").write_bytes(WEIGHTS[:-1])
    assert run("pull", "hub:small").out == f"hub:small is installed in {backend}\n"
    assert (backend / "weights.bin").read_bytes() == WEIGHTS


def test_ctrl_c_cancels_the_download_and_the_same_command_goes_on(
    lofi: Start, server: ModelServer, backend: Path, environ: Path
) -> None:
    server.faults["/small/weights.bin"] = [STUCK]
    process = lofi("pull", "hub")
    assert process.stderr is not None
    while "%" not in process.stderr.readline():
        continue
    server.stalling.acquire()
    process.send_signal(signal.SIGINT)
    _, err = process.communicate()
    assert process.returncode == 130
    told = ["what has come is kept: the same command goes on from there", "", "interrupted"]
    assert err.splitlines()[-3:] == told
    with Client(environ / "s") as client:
        assert client.call("download_cancel", backend="hub") == {"cancelled": False}
    again = lofi("pull", "hub")
    again.communicate()
    assert again.returncode == 0
    assert (backend / "weights.bin").read_bytes() == WEIGHTS


def test_pull_default_changes_the_configuration_and_the_daemon(
    lofi: Start, run: Run, backend: Path, environ: Path
) -> None:
    config = environ / "config" / "lofi" / "config.toml"
    config.parent.mkdir(parents=True)
    config.write_text("# mine\nqueue_capacity = 3 # enough\n")
    process = lofi("pull", "hub:small", "--default", "--json")
    out, err = process.communicate()
    answer = json.loads(out)
    assert err == "starting the daemon\n"
    assert answer["licence"] == "CC-BY-NC 4.0"
    assert (answer["directory"], answer["default_backend"]) == (str(backend), "hub")
    assert config.read_text().startswith("# mine\nqueue_capacity = 3 # enough\n")
    settings = load_settings(Flags(config=config), {})
    assert settings.config.default_backend == "hub"
    assert settings.config.backends["hub"].variant == "small"
    assert json.loads(run("generate", "x", "-d", "1", "--json").out)["backend"] == "hub"


def test_the_default_variant_is_the_one_in_use_at_once(run: Run, lofi: Start, backend: Path) -> None:
    lofi("pull", "hub:small").communicate()
    assert '[backends.hub] variant = "large" chooses the other' in run("pull", "hub:large").out
    out = run("pull", "hub:large", "--default").out.splitlines()
    assert out[1:] == [
        f"hub is the default backend now: {backend.parents[3] / 'config/lofi/config.toml'} says so"
    ]
    assert f"hub:large 6.0 MB in {backend.parent / 'large'} (in use)" in " ".join(run("backends").out.split())


def test_on_a_terminal_every_file_has_a_bar(backend: Path) -> None:
    text = _pulled_on("xterm-256color")
    assert "━" in text
    assert all(name in text for name in ("weights.bin", "onnx/config.json", "all files", "CC-BY-NC 4.0"))
    assert text.count("\x1b[?25h") == 1  # the cursor is back


def test_on_a_terminal_that_cannot_redraw_pull_tells_plain_lines(backend: Path) -> None:
    text = _pulled_on("dumb")
    assert "weights.bin" in text
    assert "\x1b" not in text


def _pulled_on(kind: str) -> str:
    """What `pull` shows on a terminal of that kind."""
    master, slave = pty.openpty()
    terminal = {**os.environ, "TERM": kind, "COLUMNS": "100"}
    with subprocess.Popen([*LOFI, "pull", "hub"], stdout=subprocess.PIPE, stderr=slave, env=terminal) as done:
        os.close(slave)
        shown = b""
        while data := _read(master):
            shown += data
    os.close(master)
    assert done.returncode == 0
    return shown.decode()


def _read(descriptor: int) -> bytes:
    try:
        return os.read(descriptor, 65536)
    except OSError:
        return b""


def test_lines_tell_amount_speed_and_time_left(run: Run, scripted: ScriptedDaemon) -> None:
    scripted.answers |= {
        "download_backend": ASKED,
        "get_backends": {"backends": [{"type": "hub", "variant": "small"}]},
    }
    done = {"stage": "complete", "component_bytes": 8_000_000}
    scripted.events["download_backend"] = [
        ("download_progress", PROGRESS),
        ("download_progress", PROGRESS | {"overall_percent": 44}),
        ("download_progress", PROGRESS | {"variant": "large", "overall_percent": 90}),
        ("download_progress", PROGRESS | {"overall_percent": 50, "bytes_total": None, "eta_sec": None}),
        ("download_progress", PROGRESS | done),
        ("download_progress", PROGRESS | done),
        ("download_complete", COMPLETE),
    ]
    exit_status, out, err = run("pull", "hub")
    assert (exit_status, out) == (0, "hub:small is installed in /m/hub/small\n")
    assert err.splitlines() == [
        "40 %, 4.0 MB of 10.0 MB, 100.0 kB/s, 1 min 1 s left",
        "50 %, 4.0 MB, 100.0 kB/s",
        "weights.bin: 8.0 MB, checked",
    ]
    assert scripted.requests[0] == ("download_backend", {"backend": "hub", "verify": True})


def test_a_failed_download_exits_1_with_what_to_do(run: Run, scripted: ScriptedDaemon) -> None:
    scripted.answers |= {"download_backend": ASKED, "get_backends": {"backends": []}}
    error = COMPLETE | {"code": "MODEL_DOWNLOAD_FAILED", "message": "the disk is full", "hint": "make room"}
    scripted.events["download_backend"] = [("download_error", error)]
    exit_status, out, err = run("pull", "hub:small")
    assert (exit_status, out) == (1, "")
    assert err == "MODEL_DOWNLOAD_FAILED: the disk is full\nhint: make room\n"


def test_a_daemon_that_goes_away_in_the_middle_ends_pull_with_3(run: Run, scripted: ScriptedDaemon) -> None:
    scripted.answers |= {"download_backend": ASKED, "get_backends": Hangup}
    assert run("pull", "hub").exit_status == 3
    scripted.answers["download_backend"] = ASKED | {"already_installed": True}
    scripted.events["download_backend"] = [("hangup", {})]
    exit_status, _, err = run("pull", "hub")
    assert exit_status == 3
    assert "before everything was there" in err


def test_a_backend_without_files_needs_none(run: Run, scripted: ScriptedDaemon) -> None:
    nothing = {"started": False, "already_installed": True, "variant": None, "licence": None}
    found = {"type": "procedural", "variant": None}
    scripted.answers |= {"download_backend": nothing, "get_backends": {"backends": [found]}}
    assert run("pull", "procedural") == (0, "procedural needs no model files\n", "")


def test_a_variant_that_is_not_the_one_in_use_says_how_to_choose_it(
    run: Run, scripted: ScriptedDaemon
) -> None:
    there = {"started": False, "already_installed": True, "variant": "large", "licence": None}
    found = {"type": "hub", "variant": "small"}
    scripted.answers |= {"download_backend": there, "get_backends": {"backends": [found]}}
    assert '[backends.hub] variant = "large" chooses the other' in run("pull", "hub:large").out


# -- the configuration file --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "before",
    ["", "# only a comment\n", "[audio]\nvolume = 0.5 # soft\n", '[backends.hub.options]\n"a.b" = 1\n'],
)
def test_setting_a_value_keeps_all_others(tmp_path: Path, before: str) -> None:
    file = tmp_path / "new" / "config.toml"
    file.parent.mkdir()
    file.write_text(before)
    file.chmod(0o600)
    set_values(file, {"default_backend": "hub", "backends.hub.variant": "small"})
    text = file.read_text()
    assert all(line in text for line in before.splitlines())
    config = load_settings(Flags(config=file), {}).config
    assert (config.default_backend, config.backends["hub"].variant) == ("hub", "small")
    assert file.stat().st_mode & 0o777 == 0o600


def test_a_configuration_that_is_a_link_stays_one(tmp_path: Path) -> None:
    (tmp_path / "dotfiles.toml").write_text("")
    (tmp_path / "config.toml").symlink_to("dotfiles.toml")
    set_values(tmp_path / "config.toml", {"default_backend": "hub"})
    assert (tmp_path / "config.toml").is_symlink()
    assert (tmp_path / "dotfiles.toml").read_text() == 'default_backend = "hub"\n'


@pytest.mark.parametrize("text", ["no toml", "backends = 3\n"])
def test_a_configuration_that_makes_no_sense_is_left_alone(tmp_path: Path, text: str) -> None:
    (tmp_path / "config.toml").write_text(text)
    with pytest.raises(InvalidParams, match="cannot set a value in"):
        set_values(tmp_path / "config.toml", {"backends.hub.variant": "small"})
    assert (tmp_path / "config.toml").read_text() == text
    assert Config().default_backend == "procedural"
