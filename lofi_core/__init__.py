"""The names a backend author needs, nothing else.

They load on first use, so that `import lofi_core` alone, which every CLI command does, costs nothing.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from lofi_core.backend import (
        BackendSpec,
        Explanation,
        GenerateRequest,
        Loop,
        ModelFile,
        ModelFiles,
        Music,
        Schedule,
        Stage,
        Step,
    )
    from lofi_core.errors import InferenceFailed, InvalidOption, LofiError, ModelLoadFailed, ModelNotFound
    from lofi_core.events import Event
    from lofi_core.hookspecs import hookimpl
    from lofi_core.runtime import Runtime

__version__ = "0.1.0"

__all__ = [
    "BackendSpec",
    "Event",
    "Explanation",
    "GenerateRequest",
    "InferenceFailed",
    "InvalidOption",
    "LofiError",
    "Loop",
    "ModelFile",
    "ModelFiles",
    "ModelLoadFailed",
    "ModelNotFound",
    "Music",
    "Runtime",
    "Schedule",
    "Stage",
    "Step",
    "hookimpl",
]

_HOME = {
    "BackendSpec": "backend",
    "Event": "events",
    "Explanation": "backend",
    "GenerateRequest": "backend",
    "InferenceFailed": "errors",
    "InvalidOption": "errors",
    "LofiError": "errors",
    "Loop": "backend",
    "ModelFile": "backend",
    "ModelFiles": "backend",
    "ModelLoadFailed": "errors",
    "ModelNotFound": "errors",
    "Music": "backend",
    "Runtime": "runtime",
    "Schedule": "backend",
    "Stage": "backend",
    "Step": "backend",
    "hookimpl": "hookspecs",
}


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module 'lofi_core' has no attribute {name!r}")
    return getattr(import_module(f"lofi_core.{_HOME[name]}"), name)
