"""`load` and `unload` with a real daemon; `models check` and `models export` without one."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING

import pytest

from lofi_core.integrity import Pin, set_pin, sha256_of
from tests.onnx_backend import save_loop, source

if TYPE_CHECKING:
    from pathlib import Path

    from tests.cli.conftest import Run
    from tests.conftest import InstallBackend, StartDaemon

CHOSEN = """
    from lofi_core import BackendSpec, hookimpl

    @hookimpl
    def describe_backend():
        return BackendSpec("chosen", "Chosen", 8000, 1, 1, 60, model_version="1")

    @hookimpl
    def make_schedule():
        raise NotImplementedError

    @hookimpl
    def generate():
        yield

    @hookimpl
    def export_model(target, opset, components):
        (target / "made").write_text("x")
        return [f"{opset} {'+'.join(components)}"]
"""


@pytest.fixture
def model_dir(home: Path, install_backend: InstallBackend, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The backend `real`, installed, with its file in place."""
    monkeypatch.syspath_prepend(str(install_backend("real", source("real"))))
    sys.modules.pop("lofi_real_module", None)
    directory = home / "data" / "models" / "real"
    directory.mkdir(parents=True)
    save_loop(directory / "loop.onnx")
    return directory


@pytest.fixture
def served(model_dir: Path, start_daemon: StartDaemon, monkeypatch: pytest.MonkeyPatch) -> None:
    """A daemon that the commands reach."""
    monkeypatch.setenv("LOFI_SOCKET", str(start_daemon().socket))


def test_load_shows_progress_and_unload_drops(served: None, run: Run) -> None:
    done = run("load", "real")
    assert (done.exit_status, done.out) == (0, "real is loaded\n")
    assert "build: 25 %" in done.err
    assert json.loads(run("load", "real", "--json").out) == {"status": "loaded"}
    assert json.loads(run("unload", "real", "--json").out) == {"status": "ready"}


def test_a_backend_without_a_model_has_nothing_to_load(served: None, run: Run) -> None:
    assert run("load", "procedural").out == "procedural has nothing to load\n"


def test_a_model_that_cannot_be_loaded_is_told_with_its_code(served: None, model_dir: Path, run: Run) -> None:
    (model_dir / "loop.onnx").write_bytes(b"no graph")
    done = run("load", "real")
    assert done.exit_status == 1
    assert "MODEL_LOAD_FAILED: " in done.err
    assert "cannot be opened" in done.err


def test_load_does_not_start_a_daemon_when_told_so_and_unload_never_does(run: Run) -> None:
    assert run("load", "procedural", "--no-autostart").exit_status == 3
    assert run("unload", "procedural").exit_status == 3


def test_check_model_is_run_by_models_check(model_dir: Path, run: Run) -> None:
    assert run("models", "check", "real").out == "ok  loop.onnx opens\n"
    assert json.loads(run("models", "check", "real", "--json").out)["checks"] == ["loop.onnx opens"]
    (model_dir / "loop.onnx").write_bytes(b"no graph")
    broken = run("models", "check", "real")
    assert broken.exit_status == 1
    assert "MODEL_LOAD_FAILED" in broken.err


def test_models_check_reads_what_was_downloaded_before_the_backend_does(model_dir: Path, run: Run) -> None:
    file = model_dir / "loop.onnx"
    content = file.read_bytes()
    digest = sha256_of(file, lambda _count: None)
    set_pin(model_dir, file.name, Pin(len(content), digest, "first_use", "http://127.0.0.1/loop.onnx"))
    assert run("models", "check", "real").out.splitlines() == [
        "ok  loop.onnx is what was downloaded",
        "ok  loop.onnx opens",
    ]
    file.write_bytes(content[:-1] + b"?")
    broken = run("models", "check", "real")
    assert broken.exit_status == 1
    assert f"must have {digest}" in broken.err
    assert "lofi-core pull real:only" in broken.err


def test_export_model_is_run_by_models_export(model_dir: Path, home: Path, run: Run) -> None:
    arguments = ("--from", str(model_dir), "--to", str(home / "out"), "--layout", "step")
    done = run("models", "export", "real", *arguments, "--precision", "fast", "--json")
    told = json.loads(done.out)
    assert told["size_bytes"] == (home / "out" / "step-fast.onnx").stat().st_size
    assert told["checks"] == ["step-fast.onnx is a copy"]
    assert "copy: 50 %" in done.err
    again = run("models", "export", "real", *arguments)
    assert "is not empty" in again.err


def test_what_an_export_verified_is_told_if_anything_was(model_dir: Path, home: Path, run: Run) -> None:
    source = ("models", "export", "real", "--from", str(model_dir), "--layout", "step")
    said = run(*source, "--precision", "fast", "--to", str(home / "fast"))
    assert said.out.startswith("ok  step-fast.onnx is a copy\n")
    assert "ok  " not in run(*source, "--precision", "exact", "--to", str(home / "exact")).out


@pytest.mark.parametrize(
    ("flag", "value", "choice"), [("--opset", "14", "opset"), ("--component", "vocoder", "components")]
)
def test_what_an_export_has_no_choice_of_is_refused(
    model_dir: Path, home: Path, run: Run, flag: str, value: str, choice: str
) -> None:
    done = run("models", "export", "real", "--from", str(model_dir), "--to", str(home / "out"), flag, value)
    assert done.exit_status == 1
    assert f"INVALID_OPTION: backend 'real' has no choice of {choice}" in done.err
    assert f"leave {flag} out" in done.err
    assert not (home / "out").exists()


def test_an_export_is_told_the_opset_and_the_components(
    home: Path, run: Run, install_backend: InstallBackend, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.syspath_prepend(str(install_backend("chosen", CHOSEN)))
    sys.modules.pop("lofi_chosen_module", None)
    places = ("--checkpoint", str(home), "--to", str(home / "out"))
    said = run("models", "export", "chosen", *places, "--opset", "14", "--component", "a", "--component", "b")
    assert said.out.startswith("ok  14 a+b\n")


@pytest.mark.parametrize("hook", ["check", "export"])
def test_a_backend_without_the_hook_is_told(run: Run, home: Path, hook: str) -> None:
    places = ("--from", str(home), "--to", str(home / "out")) if hook == "export" else ()
    done = run("models", hook, "procedural", *places)
    assert done.exit_status == 1
    assert f"BACKEND_NOT_READY: backend 'procedural' has no {hook}_model hook" in done.err
