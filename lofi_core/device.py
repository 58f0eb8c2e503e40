"""Which device is there to run models on? Found out without importing ONNX Runtime."""

from __future__ import annotations

import os
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from pathlib import Path

from lofi_core.errors import InvalidParams, ModelLoadFailed

_CUDA_LIBRARY = "libonnxruntime_providers_cuda.so"
_CPUS = Path("/sys/devices/system/cpu")
# The NVIDIA driver's list of GPUs; and the one device of Windows' Linux.
_GPUS = (Path("/proc/driver/nvidia/gpus"), Path("/dev/dxg"))


def choose_device(wanted: str) -> str:
    """`cuda` or `cpu`, for what `runtime.device` says.

    Raises:
        InvalidParams: CUDA is asked for, and something it needs is not there.
    """
    lacks = lacks_for_cuda()
    if wanted == "cuda" and lacks:
        raise InvalidParams(f"runtime.device is 'cuda', but {lacks}", "set it to 'auto' or 'cpu'")
    return "cpu" if wanted == "cpu" or lacks else "cuda"


def lacks_for_cuda() -> str | None:
    """What is missing for CUDA, in words; None when all is there."""
    if os.environ.get("CUDA_VISIBLE_DEVICES", "all") in {"", "-1"}:
        return "CUDA_VISIBLE_DEVICES hides all devices"
    if not any(place.exists() for place in _GPUS):
        return "there is no NVIDIA device"
    package = find_spec("onnxruntime")  # finds a package without importing it
    places = (package.submodule_search_locations or []) if package else []
    if not any((Path(place) / "capi" / _CUDA_LIBRARY).exists() for place in places):
        return "the installed onnxruntime has no CUDA in it (onnxruntime-gpu has)"
    return None


def check_onnxruntime() -> None:
    """Make sure that there is one ONNX Runtime, and one only.

    Raises:
        ModelLoadFailed: there is none, or two distributions wrote over each other.
    """
    found = [name for name in ("onnxruntime", "onnxruntime-gpu") if _is_installed(name)]
    if len(found) == 2:
        hint = "pip uninstall -y onnxruntime onnxruntime-gpu, then install one of them again"
        raise ModelLoadFailed(
            "onnxruntime and onnxruntime-gpu are both installed, and overwrite each other", hint
        )
    if find_spec("onnxruntime") is None:
        raise ModelLoadFailed(
            "onnxruntime is not installed", "pip install onnxruntime, or onnxruntime-gpu for an NVIDIA GPU"
        )


def be_private() -> None:
    """Have ONNX Runtime report nothing to its makers. To be called before anybody imports it."""
    # Since 1.31 its Linux builds, too, send events over HTTPS and keep them under ~/.cache/Microsoft. The
    # call that disables this, `disable_telemetry_events`, comes after the first of them.
    os.environ["ORT_DISABLE_TELEMETRY"] = "1"


def physical_cores() -> int:
    """Cores this process may run on; two threads of one core count once, for they share its arithmetic."""
    if not hasattr(os, "sched_getaffinity"):
        return os.cpu_count() or 1
    cores = {_siblings(cpu) for cpu in os.sched_getaffinity(0)}
    return len(cores) or 1


def _siblings(cpu: int) -> str:
    try:
        return (_CPUS / f"cpu{cpu}" / "topology" / "thread_siblings_list").read_text().strip()
    except OSError:
        return str(cpu)


def _is_installed(distribution: str) -> bool:
    try:
        version(distribution)
    except PackageNotFoundError:
        return False
    return True
