"""Does ONNX Runtime work on the device that models are to run on?"""

from __future__ import annotations

from typing import TYPE_CHECKING

from lofi_core.cli.doctor.child import run_child
from lofi_core.cli.doctor.finding import Area, Finding
from lofi_core.cli.doctor.software import has_one_onnxruntime
from lofi_core.device import choose_device, lacks_for_cuda
from lofi_core.runtime import PROVIDERS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from lofi_core.cli.doctor.patient import Patient

TRY_SEC = 8.0  # CUDA takes a while to begin
_AREA = Area("device")


def check_device(patient: Patient) -> Iterator[Finding]:
    """Which one it is, and a session on it that really runs."""
    device = choose_device(patient.settings.config.runtime.device)
    why = (
        f" ({lacks_for_cuda()})"
        if device == "cpu" and patient.settings.config.runtime.device == "auto"
        else ""
    )
    told = f"models run on {device}{why}"
    if not has_one_onnxruntime():
        yield _AREA.ok(told)
        return
    providers = list(PROVIDERS[device])
    tried = run_child("lofi_core.cli.doctor.session_child", {"providers": providers}, TRY_SEC)
    report = tried.reports[-1] if tried.reports else {}
    if tried.end or "used" not in report:
        remedy = "install it again: pip install --force-reinstall onnxruntime-gpu, or onnxruntime"
        yield _AREA.problem(f"ONNX Runtime does not work: {tried.end or report.get('error')}", remedy)
    elif report["used"] != providers[0]:
        remedy = "install CUDA and cuDNN as onnxruntime-gpu wants them, or set runtime.device to 'cpu'"
        yield _AREA.warning(f"{told}, and sessions fall back to {report['used']}", remedy)
    else:
        yield _AREA.ok(f"{told}; a session ran with {report['used']}")
