"""What a backend runs on: device, threads, precision, and ONNX Runtime sessions whose runs can be ended."""

from __future__ import annotations

import logging
import os
import threading
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from lofi_core.errors import InvalidParams, ModelLoadFailed, brief

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    from lofi_core.config import RuntimeConfig


class Runs:
    """The runs under way on one device, so that another thread can end them."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._options: set[Any] = set()
        self._ending = False

    def begin(self) -> Any:
        """Options for one run; they are this run's alone."""
        import onnxruntime

        options = onnxruntime.RunOptions()
        with self._lock:
            options.terminate = self._ending
            self._options.add(options)
        return options

    def end(self, options: Any) -> None:
        """The run is over."""
        with self._lock:
            self._options.discard(options)

    def terminate(self) -> None:
        """End every run under way, and those that begin before `allow`. Any thread."""
        with self._lock:
            self._ending = True
            for options in self._options:
                options.terminate = True

    def allow(self) -> None:
        """Let runs go through again."""
        with self._lock:
            self._ending = False


def _no_report(_fraction: float, _what: str) -> None:
    """Nobody listens."""


@dataclass(frozen=True, slots=True)
class Runtime:
    """Handed to `load_model` and `generate`.

    Attributes:
        device: `cpu` or `cuda`. One worker thread serves it.
        providers: ONNX Runtime execution providers to ask for, best first.
        threads: CPU threads a backend may use for its inner loops.
        precision: `auto`, `fp32` or `fp16`, as configured.
        log: the backend's own logger.
        report: a loader that takes long tells here how far it is: `report(0.4, "build")`.
        runs: the runs under way.
    """

    device: str = "cpu"
    providers: tuple[str, ...] = ("CPUExecutionProvider",)
    threads: int = field(default_factory=lambda: os.cpu_count() or 1)
    precision: str = "auto"
    log: logging.Logger = field(default_factory=lambda: logging.getLogger("lofi.backend"))
    report: Callable[[float, str], None] = _no_report
    runs: Runs = field(default_factory=Runs, repr=False, compare=False)

    def session(self, path: Path, config: Mapping[str, str] | None = None) -> Any:
        """Open an ONNX file.

        Args:
            path: of the file; its external weights lie beside it.
            config: session configuration entries, by ONNX Runtime's names.

        Returns:
            An `onnxruntime.InferenceSession`; `session.get_providers()[0]` is the provider really in use.

        Raises:
            ModelLoadFailed: the file is missing, or ONNX Runtime does not take it.
        """
        import onnxruntime

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = self.threads
        options.inter_op_num_threads = 1
        options.log_severity_level = 3
        # Threads that spin between two runs would take the processor from everyone else.
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        for key, value in (config or {}).items():
            options.add_session_config_entry(key, value)
        try:
            return onnxruntime.InferenceSession(str(path), options, providers=list(self.providers))
        except Exception as error:  # its exceptions have no common base
            hint = "fetch the file again; the daemon's log says more"
            raise ModelLoadFailed(f"{path} cannot be opened: {brief(error)}", hint) from error

    def run(self, session: Any, feeds: Mapping[str, Any], outputs: Sequence[str] | None = None) -> list[Any]:
        """Run a session; the core can end it from another thread when the job is cancelled.

        Args:
            session: from `session`.
            feeds: input name → array.
            outputs: their names; all of them when None.
        """
        options = self.runs.begin()
        try:
            results: list[Any] = session.run(outputs, dict(feeds), options)
        finally:
            self.runs.end(options)
        return results

    def run_bound(self, session: Any, binding: Any) -> None:
        """Run a session with inputs and outputs bound beforehand (`session.io_binding()`)."""
        options = self.runs.begin()
        try:
            session.run_with_iobinding(binding, options)
        finally:
            self.runs.end(options)


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
