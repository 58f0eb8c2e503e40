"""A session's runs belong to one job; a cancel ends them at once, and no others."""

from __future__ import annotations

import subprocess
import sys
import threading
from typing import TYPE_CHECKING

import numpy as np
import pytest

from lofi_core import device
from lofi_core.config import RuntimeConfig
from lofi_core.errors import InvalidParams, ModelLoadFailed
from lofi_core.runtime import CancelToken, RunEnded, Runtime, resolve_runtime
from tests.onnx_backend import ENDLESS, save_loop

if TYPE_CHECKING:
    from pathlib import Path

X = np.eye(8, dtype="float32")


@pytest.fixture
def model(tmp_path: Path) -> Path:
    save_loop(tmp_path / "loop.onnx")
    return tmp_path / "loop.onnx"


def test_a_cancel_from_another_thread_ends_the_run_and_the_next_job_is_not_hit(model: Path) -> None:
    runtime = Runtime(threads=1)
    session = runtime.session(model)
    one, two = CancelToken(), CancelToken()
    cancel = threading.Timer(0.2, runtime.runs.terminate, [one])
    cancel.start()
    with runtime.runs.working_for(one), pytest.raises(RunEnded):
        runtime.run(session, {"turns": np.array(ENDLESS), "x": X})
    with runtime.runs.working_for(two):
        runtime.runs.terminate(one)
        np.testing.assert_array_equal(runtime.run(session, {"turns": np.array(9), "x": X})[0], X)


def test_a_bound_run_ends_too(model: Path) -> None:
    runtime = Runtime(threads=1)
    session = runtime.session(model)
    binding = session.io_binding()
    binding.bind_cpu_input("turns", np.array(ENDLESS))
    binding.bind_cpu_input("x", X)
    binding.bind_output("y")
    token = CancelToken()
    threading.Timer(0.2, runtime.runs.terminate, [token]).start()
    with runtime.runs.working_for(token), pytest.raises(RunEnded):
        runtime.run_bound(session, binding)


def test_a_cancelled_job_begins_no_further_run(model: Path) -> None:
    runtime = Runtime(threads=1)
    session, token = runtime.session(model), CancelToken()
    runtime.runs.terminate(token)
    with runtime.runs.working_for(token), pytest.raises(RunEnded):
        runtime.run(session, {"turns": np.array(1), "x": X})


@pytest.mark.parametrize("wanted", [True, False])
def test_a_session_lays_out_its_memory_as_asked(model: Path, wanted: bool) -> None:
    session = Runtime(threads=1).session(model, memory_pattern=wanted)
    assert session.get_session_options().enable_mem_pattern is wanted


def test_a_session_that_fell_back_is_noticed_and_said(model: Path, caplog: pytest.LogCaptureFixture) -> None:
    runtime = Runtime("cuda", ("CUDAExecutionProvider", "CPUExecutionProvider"), 1)
    if device.lacks_for_cuda() is None:
        pytest.skip("CUDA works here")
    runtime.session(model)
    assert runtime.facts() == {"device": "cpu", "provider": "CPUExecutionProvider"}
    assert "loop.onnx runs on CPUExecutionProvider, not on CUDAExecutionProvider" in caplog.text


def test_what_a_job_notes_stays_with_it_and_what_its_model_noted_comes_with_every_job() -> None:
    model = Runtime().for_model(lambda _fraction, _what: None)
    model.note("precision", "int8")
    first = model.for_job()
    first.note("cut", 3)
    assert first.notes == {"precision": "int8", "cut": 3}
    assert model.for_job().notes == {"precision": "int8"}


def test_a_note_can_be_sent_whatever_it_is() -> None:
    runtime = Runtime()
    runtime.note("text", "\ud800" + "x" * 1000)
    assert len(str(runtime.notes["text"]).encode()) <= 510


def test_cuda_without_a_device_is_refused_and_auto_takes_the_cpu(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "")
    with pytest.raises(InvalidParams, match="CUDA_VISIBLE_DEVICES hides all devices"):
        resolve_runtime(RuntimeConfig(device="cuda"))
    assert resolve_runtime(RuntimeConfig()).device == "cpu"


def test_finding_the_device_does_not_import_onnxruntime() -> None:
    code = (
        "import sys; from lofi_core.runtime import resolve_runtime;"
        "from lofi_core.config import RuntimeConfig;"
        "resolve_runtime(RuntimeConfig()); print('onnxruntime' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"


def test_two_onnxruntimes_are_an_error_with_a_hint(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(device, "version", lambda _name: "1.0")
    with pytest.raises(ModelLoadFailed, match="both installed") as refusal:
        device.check_onnxruntime()
    assert "pip uninstall" in str(refusal.value.hint)


def test_a_missing_onnxruntime_is_an_error_with_a_hint(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(device, "find_spec", lambda _name: None)
    monkeypatch.setattr(device, "_is_installed", lambda _name: False)
    with pytest.raises(ModelLoadFailed, match="not installed"):
        device.check_onnxruntime()
