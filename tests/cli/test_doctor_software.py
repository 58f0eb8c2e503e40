"""Does the doctor see what is wrong with libraries, devices, backends and model files?"""

import json
import os
from collections.abc import Iterable
from importlib.metadata import entry_points
from pathlib import Path
from typing import Any

import pytest

from lofi_core.cli.doctor import backends, desktop, session_child, sessions, software, sound
from lofi_core.cli.doctor.child import Outcome
from lofi_core.cli.doctor.finding import Finding
from lofi_core.cli.doctor.patient import Patient
from lofi_core.hookspecs import ENTRY_POINT_GROUP
from tests.cli.doctoring import found, hello, pretend_installed, the_problem
from tests.cli.scripted import ScriptedDaemon
from tests.conftest import InstallBackend


def test_two_onnx_runtimes_are_a_problem(environ: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pretend_installed(environ / "site", "onnxruntime", "onnxruntime-gpu")
    monkeypatch.syspath_prepend(environ / "site")
    finding = the_problem(lambda _: software.check_onnxruntime())
    assert finding.text == "onnxruntime and onnxruntime-gpu are installed, and overwrite each other"
    assert (finding.remedy or "").startswith("pip uninstall -y onnxruntime onnxruntime-gpu, then")


def test_cuda_that_is_asked_for_and_not_there_is_a_problem(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LOFI_RUNTIME_DEVICE", "cuda")
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "")
    finding = the_problem(sessions.check_device)
    assert "runtime.device is 'cuda', but CUDA_VISIBLE_DEVICES hides all devices" in finding.text


def test_an_onnx_runtime_that_does_not_load_is_a_problem(
    environ: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sessions, "has_one_onnxruntime", lambda: True)
    (environ / "onnxruntime.py").write_text("raise ImportError('libcudart.so.12: cannot open')")
    monkeypatch.setenv("PYTHONPATH", f"{environ}:{os.environ.get('PYTHONPATH', '')}")
    finding = the_problem(sessions.check_device)
    assert "ONNX Runtime does not work: ImportError: libcudart.so.12" in finding.text


def test_the_model_that_is_tried_is_what_onnx_makes_of_it() -> None:
    onnx = pytest.importorskip("onnx")
    ends = [onnx.helper.make_tensor_value_info(name, onnx.TensorProto.FLOAT, [1]) for name in ("x", "y")]
    graph = onnx.helper.make_graph([onnx.helper.make_node("Identity", ["x"], ["y"])], "g", ends[:1], ends[1:])
    model = onnx.helper.make_model(graph, opset_imports=[onnx.helper.make_opsetid("", 13)], ir_version=7)
    assert model.SerializeToString() == session_child.IDENTITY


@pytest.mark.parametrize(
    ("wanted", "current", "told"),
    [
        ("default", None, "there is no audio device"),
        ("Hall", "Speakers", "'Hall' is not there, and Speakers"),
    ],
)
def test_a_device_that_is_not_there_is_told(
    scripted: ScriptedDaemon, wanted: str, current: str | None, told: str
) -> None:
    scripted.answers["status"] = {"playback": {"device": wanted}}
    scripted.answers["audio_devices"] = {"current": current, "available": [{"id": "1", "name": "Speakers"}]}

    def check(patient: Patient) -> Iterable[Finding]:
        patient.serves = hello()
        return sound.check_sound(patient)

    assert told in the_problem(check).text


def test_a_bus_that_is_none_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DBUS_SESSION_BUS_ADDRESS", "unix:path=/nonexistent")
    monkeypatch.setattr("sys.platform", "linux")
    monkeypatch.setattr(desktop, "session_bus", lambda environ: environ["DBUS_SESSION_BUS_ADDRESS"])
    assert "lets nobody in: FileNotFoundError" in the_problem(desktop.check_desktop).text


MODELLED = """
    from lofi_core import BackendSpec, ModelFile, ModelFiles, Schedule, Stage, hookimpl

    @hookimpl
    def describe_backend():
        files = [ModelFile(name, url=f"https://x/{name}") for name in ("a.bin", "b.bin")]
        small = ModelFiles("small", files)
        return BackendSpec("modelled", "M", 8000, 1, 1, 60, model_version="1", models=[small])

    @hookimpl
    def make_schedule(request):
        return Schedule([Stage("walk", steps=1)])

    @hookimpl
    def generate(request):
        yield
"""


def test_files_are_compared_and_those_pinned_on_first_use_are_named(
    environ: Path, install_backend: InstallBackend, monkeypatch: pytest.MonkeyPatch
) -> None:
    site = install_backend("modelled", MODELLED)
    monkeypatch.syspath_prepend(site)
    monkeypatch.setenv("PYTHONPATH", f"{site}:{os.environ.get('PYTHONPATH', '')}")
    place = environ / "data" / "models" / "modelled" / "small"
    place.mkdir(parents=True)
    pin = {"size_bytes": 4, "sha256": "0" * 64, "trust": "first_use", "url": "https://x/a.bin"}
    (place / ".lofi-pins.json").write_text(json.dumps({"a.bin": pin}))
    (place / "a.bin").write_bytes(b"1234")
    (place / "b.bin").write_bytes(b"by hand")
    told = [finding for finding in found(backends.check_backends) if finding.area == "models"]
    assert [one.status for one in told] == ["ok"]
    assert "1 files were pinned on first use" in told[0].text
    assert "1 files were put there by hand" in told[0].text
    (place / "a.bin").write_bytes(b"123")
    (damaged,) = [finding for finding in found(backends.check_backends) if finding.area == "models"]
    assert damaged.status == "problem"
    assert "a.bin" in damaged.text
    assert "has 3 bytes; must have 4" in damaged.text
    assert damaged.remedy == "`lofi-core pull modelled:small` fetches again what is wrong"


def test_a_backend_that_hangs_is_told_of_and_those_after_it_are_looked_at(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def run_child(_module: str, task: dict[str, list[str]], _timeout_sec: float) -> Outcome:
        ready: list[dict[str, Any]] = [{"name": name, "status": "ready"} for name in task["names"]]
        if task["names"][0] == first:
            return Outcome([{"name": first}], "it does not come back within 10 s")
        return Outcome(ready, None)

    names = sorted(entry.name for entry in entry_points(group=ENTRY_POINT_GROUP))
    first = names[0]
    monkeypatch.setattr(backends, "run_child", run_child)
    told = found(backends.check_backends)
    assert [one.status for one in told] == ["problem"] + ["ok"] * (len(names) - 1)
    assert "does not come back within 10 s" in told[0].text
