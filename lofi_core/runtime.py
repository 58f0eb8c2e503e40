"""What a backend runs on: device, threads, precision."""

from __future__ import annotations

import logging
import os
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from lofi_core.errors import InvalidParams

if TYPE_CHECKING:
    from lofi_core.config import RuntimeConfig


@dataclass(frozen=True, slots=True)
class Runtime:
    """Handed to `load_model` and `generate`.

    Attributes:
        device: `cpu`, the one device of this version. One worker thread serves it.
        providers: ONNX Runtime execution providers to ask for, best first.
        threads: CPU threads a backend may use for its inner loops.
        precision: `auto`, `fp32` or `fp16`, as configured.
        log: the backend's own logger.
    """

    device: str = "cpu"
    providers: tuple[str, ...] = ("CPUExecutionProvider",)
    threads: int = field(default_factory=lambda: os.cpu_count() or 1)
    precision: str = "auto"
    log: logging.Logger = field(default_factory=lambda: logging.getLogger("lofi.backend"))


def resolve_runtime(config: RuntimeConfig) -> Runtime:
    """What `[runtime]` comes to on this machine.

    Raises:
        InvalidParams: a device is asked for that this version cannot use.
    """
    if config.device == "cuda":
        raise InvalidParams(
            "runtime.device is 'cuda'; no backend of this version uses a GPU", "set it to 'auto' or 'cpu'"
        )
    return Runtime(threads=config.threads or os.cpu_count() or 1, precision=config.precision)
