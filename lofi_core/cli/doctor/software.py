"""Is what we stand on installed, whole, and once?"""

from __future__ import annotations

import platform
import re
import sys
from importlib.metadata import PackageNotFoundError, distributions, requires, version
from pathlib import Path
from typing import TYPE_CHECKING

import lofi_core
from lofi_core.cli.doctor.finding import Area, Finding

if TYPE_CHECKING:
    from collections.abc import Iterator

OLDEST_PYTHON = (3, 11)
# Each of these is the whole of ONNX Runtime, in the same package folder as the others.
ONNX_RUNTIMES = frozenset(
    "onnxruntime" + suffix
    for suffix in (
        "",
        "-gpu",
        "-directml",
        "-migraphx",
        "-openvino",
        "-qnn",
        "-rocm",
        "-silicon",
        "-training",
    )
)
_REQUIREMENT = re.compile(r"[\w.-]+")
_PYTHON, _PACKAGE, _ONNX = Area("python"), Area("package"), Area("onnxruntime")


def check_python() -> Iterator[Finding]:
    """The interpreter."""
    told = f"{platform.python_implementation()} {platform.python_version()}, {sys.executable}"
    if sys.version_info < OLDEST_PYTHON:
        yield _PYTHON.problem(told, "lofi-core needs Python 3.11 or newer: make its environment with one")
    else:
        yield _PYTHON.ok(told)


def check_package() -> Iterator[Finding]:
    """Our own distribution, and those that it needs."""
    place = Path(lofi_core.__file__).parent
    found = [one.version for one in distributions() if _canonical(one.name) == "lofi-core"]
    if not found:
        yield _PACKAGE.warning(f"lofi-core is not installed, and runs from {place}", "pip install lofi-core")
        return
    if set(found) != {lofi_core.__version__}:
        told = f"lofi-core {lofi_core.__version__} runs from {place}, and {', '.join(found)} is installed"
        yield _PACKAGE.warning(told, "pip install --force-reinstall lofi-core")
    else:
        yield _PACKAGE.ok(f"lofi-core {lofi_core.__version__}, {place}")
    missing = sorted(name for name in _needed() if not _is_installed(name))
    if missing:
        yield _PACKAGE.problem(f"not installed: {', '.join(missing)}", f"pip install {' '.join(missing)}")


def check_onnxruntime() -> Iterator[Finding]:
    """One ONNX Runtime at most."""
    found = {_canonical(one.name): one.version for one in distributions()}
    runtimes = sorted(ONNX_RUNTIMES & set(found))
    if len(runtimes) > 1:
        remedy = f"pip uninstall -y {' '.join(runtimes)}, then install one of them again"
        yield _ONNX.problem(f"{' and '.join(runtimes)} are installed, and overwrite each other", remedy)
    elif not runtimes:
        yield _ONNX.ok("not installed; only backends with models need it")
    else:
        yield _ONNX.ok(f"{runtimes[0]} {found[runtimes[0]]}, and no other")


def has_one_onnxruntime() -> bool:
    """Whether there is one to try."""
    return len(ONNX_RUNTIMES & {_canonical(one.name) for one in distributions()}) == 1


def _needed() -> Iterator[str]:
    """What our metadata asks for on this system, but for extras."""
    for requirement in requires("lofi-core") or ():
        elsewhere = "sys_platform == 'linux'" in requirement.replace('"', "'") and sys.platform != "linux"
        if "extra ==" not in requirement and not elsewhere and (name := _REQUIREMENT.match(requirement)):
            yield name[0]


def _is_installed(name: str) -> bool:
    try:
        version(name)
    except PackageNotFoundError:
        return False
    return True


def _canonical(name: str | None) -> str:
    return re.sub(r"[-_.]+", "-", name or "").lower()
