"""What a backend runs on: device, threads, precision, and ONNX Runtime sessions whose runs can be ended."""

from __future__ import annotations

import contextlib
import logging
import sys
import threading
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Literal

from lofi_core.device import check_onnxruntime, choose_device, physical_cores
from lofi_core.errors import ModelLoadFailed, brief, printable

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from lofi_core.config import RuntimeConfig

MAX_STAGE_CHARACTERS = 40
MAX_NOTE_CHARACTERS = 500
SAVEZ_ARGUMENTS = {"file", "allow_pickle"}  # numpy.savez takes arrays by name, but for these
MAX_KEPT_BYTES = 64_000_000  # of one track: about as much as its FLAC
# Within a run the threads wait for each other spinning, which makes MusicGen a fifth faster for no more
# processor time; when the run ends they stop, and leave the processor to everyone else.
THREADS_AT_WORK = {"session.intra_op.allow_spinning": "1", "session.force_spinning_stop": "1"}
PROVIDERS = {"cpu": ("CPUExecutionProvider",), "cuda": ("CUDAExecutionProvider", "CPUExecutionProvider")}


class RunEnded(BaseException):
    """Raised through a backend when its job is cancelled while it runs a session or reports.

    No `Exception`, so that a backend which catches those does not take it for a fault of its own.
    """


class CancelToken:
    """Stands for one job, or one load that was asked for. Cancelled once, and for good."""

    __slots__ = ("cancelled",)

    def __init__(self) -> None:
        self.cancelled = False


class Runs:
    """The runs under way on one device, each with the token of whoever it works for.

    The worker thread says whose turn it is; a cancel names a token. So it ends the runs of that job, those to
    come included, and never one of the job that has the thread by then.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._tokens: dict[Any, CancelToken] = {}
        self._current = CancelToken()
        self._own = threading.local()  # in a thread that was left behind, its job's stays

    @contextlib.contextmanager
    def working_for(self, token: CancelToken) -> Iterator[None]:
        """What begins inside belongs to `token`. Worker thread; may be nested."""
        own = getattr(self._own, "token", None)
        with self._lock:
            before, self._current = self._current, token
        self._own.token = token
        try:
            yield
        finally:
            self._own.token = own
            with self._lock:
                if self._current is token:
                    self._current = before

    def leave(self, token: CancelToken) -> None:
        """Whoever works for `token` does not come back; the device is somebody else's."""
        with self._lock:
            if self._current is token:
                self._current = CancelToken()

    def terminate(self, token: CancelToken) -> None:
        """End every run of `token`, now and from now on. Any thread."""
        with self._lock:
            token.cancelled = True
            for options, owner in self._tokens.items():
                if owner is token:
                    options.terminate = True

    def check(self) -> None:
        """Raise RunEnded when whoever has the worker thread was cancelled."""
        with self._lock:
            cancelled = self._whose().cancelled
        if cancelled:
            raise RunEnded

    @contextlib.contextmanager
    def watched(self, run: Any) -> Iterator[CancelToken]:
        """Set `run.terminate` when whoever has the worker thread now is cancelled, or has been.

        Args:
            run: what goes on while the block is executed. Whoever cancels sets the attribute, in any thread.
        """
        with self._lock:
            token = self._tokens[run] = self._whose()
            if token.cancelled:
                run.terminate = True
        try:
            yield token
        finally:
            with self._lock:
                del self._tokens[run]

    def _whose(self) -> CancelToken:
        # Threads of a backend's own work for whoever has the worker thread.
        token: CancelToken | None = getattr(self._own, "token", None)
        return token or self._current

    @contextlib.contextmanager
    def run(self) -> Iterator[Any]:
        """Options for one run, which is over when the block is.

        Raises:
            RunEnded: the job was cancelled before or during the run.
        """
        import onnxruntime

        options = onnxruntime.RunOptions()
        with self.watched(options) as token:
            if token.cancelled:
                raise RunEnded
            try:
                yield options
            except Exception as error:
                if token.cancelled:
                    raise RunEnded from error
                raise


class Providers:
    """The execution providers that a model's sessions really use."""

    def __init__(self) -> None:
        self._used: dict[str, None] = {}

    def add(self, provider: str) -> None:
        """A session was opened on this one."""
        self._used[provider] = None

    def names(self) -> list[str]:
        """Each once, in order of first use."""
        return list(self._used)


def _no_report(_fraction: float, _what: str) -> None:
    """Nobody listens."""


@dataclass(frozen=True, slots=True)
class Runtime:
    """Handed to `load_model` and `generate`.

    Attributes:
        device: `cpu` or `cuda`: what sessions ask for. One worker thread serves it.
        providers: ONNX Runtime execution providers to ask for, best first.
        threads: CPU threads a backend may use for its inner loops.
        precision: `auto`, `fp32` or `fp16`, as configured.
        residency: whether the stages of a model stay in memory (`resident`) or only one at a time (`staged`),
            as configured for the backend; None leaves it to the backend.
        log: the backend's own logger.
        report: a loader that takes long tells here how far it is: `report(0.4, "build")`. It does not come
            back when the job was cancelled.
        runs: the runs under way.
        used: what the sessions opened through this object really run on.
        notes: what `note` was told.
        kept: what `keep` was given.
    """

    device: str = "cpu"
    providers: tuple[str, ...] = PROVIDERS["cpu"]
    threads: int = field(default_factory=physical_cores)
    precision: str = "auto"
    residency: Literal["staged", "resident"] | None = None
    log: logging.Logger = field(default_factory=lambda: logging.getLogger("lofi.backend"))
    report: Callable[[float, str], None] = _no_report
    runs: Runs = field(default_factory=Runs, repr=False, compare=False)
    used: Providers = field(default_factory=Providers, repr=False, compare=False)
    notes: dict[str, str | int | float] = field(default_factory=dict, repr=False, compare=False)
    kept: dict[str, NDArray[Any]] = field(default_factory=dict, repr=False, compare=False)

    def for_model(
        self,
        report: Callable[[float, str], None],
        residency: Literal["staged", "resident"] | None = None,
    ) -> Runtime:
        """The same for one model: it reports there, notes its own providers, and has a residency."""

        def report_unless_cancelled(fraction: float, what: str) -> None:
            self.runs.check()
            # Not a number counts as nothing done, for every comparison with it is false.
            report(min(float(fraction), 1.0) if fraction > 0 else 0.0, printable(what)[:MAX_STAGE_CHARACTERS])

        return replace(self, report=report_unless_cancelled, residency=residency, used=Providers(), notes={})

    def for_job(self) -> Runtime:
        """The same for one job on this model: what it notes is not told of the next one."""
        return replace(self, notes=dict(self.notes), kept={})

    def note(self, name: str, value: str | float) -> None:
        """Tell something of how the music was made; it goes into the recipe of the track.

        From `load_model` into every track of this model, from `generate` into this one.

        Args:
            name: `precision`, or what the backend calls it.
            value: text of at most 500 characters, or a number.
        """
        if isinstance(value, str):
            value = printable(value)[:MAX_NOTE_CHARACTERS]
        self.notes[printable(name)[:MAX_STAGE_CHARACTERS]] = value

    def keep(self, name: str, array: NDArray[Any]) -> None:
        """Have an array kept with the track that `generate` makes, and removed with it.

        It lies beside the FLAC, in an `.npz` of the same name; the recipe's `kept` lists the names.

        Args:
            name: a Python identifier. A second array of that name takes the place of the first.
            array: of numbers or booleans, copied; all of a track together are at most 64 MB.

        Raises:
            ValueError: it cannot be kept.
        """
        import numpy as np

        copy = np.array(array, order="C")
        total = copy.nbytes + sum(other.nbytes for key, other in self.kept.items() if key != name)
        if not name.isidentifier() or not name.isascii() or name in SAVEZ_ARGUMENTS:
            raise ValueError(f"name is {name!r}; must be a plain identifier")
        if copy.dtype.kind not in "biufc":
            raise ValueError(f"{name} has dtype {copy.dtype}; only numbers can be kept")
        if total > MAX_KEPT_BYTES:
            raise ValueError(f"{name} makes {total:,} bytes to keep; at most {MAX_KEPT_BYTES:,} are")
        self.kept[name] = copy

    def facts(self) -> dict[str, str]:
        """What was really used, for whoever reports it: device, and providers where there was a session."""
        used = self.used.names()
        device = "cuda" if PROVIDERS["cuda"][0] in used else "cpu"
        return {"device": device, **({"provider": ", ".join(used)} if used else {})}

    def session(
        self, path: Path, config: Mapping[str, str] | None = None, *, memory_pattern: bool = True
    ) -> Any:
        """Open an ONNX file.

        Args:
            path: of the file; its external weights lie beside it.
            config: session configuration entries, by ONNX Runtime's names.
            memory_pattern: lay out memory once for inputs of sizes that came before. The second run then
                takes it anew, beside what the first left: not for networks whose runs need gigabytes.

        Returns:
            An `onnxruntime.InferenceSession`; `session.get_providers()[0]` is the provider really in use.

        Raises:
            ModelLoadFailed: the file is missing or not accepted; or ONNX Runtime is missing, or there twice.
        """
        self.runs.check()
        check_onnxruntime()
        import onnxruntime

        if self.device == "cuda" and hasattr(onnxruntime, "preload_dlls"):
            # Finds the CUDA libraries that pip installed. It prints what it misses; standard output is ours.
            with contextlib.redirect_stdout(sys.stderr):
                onnxruntime.preload_dlls()
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = self.threads
        options.inter_op_num_threads = 1
        options.log_severity_level = 3
        options.enable_mem_pattern = memory_pattern
        for key, value in {**THREADS_AT_WORK, **(config or {})}.items():
            options.add_session_config_entry(key, value)
        try:
            session = onnxruntime.InferenceSession(str(path), options, providers=list(self.providers))
        except Exception as error:  # its exceptions have no common base
            hint = "fetch the file again; the daemon's log says more"
            raise ModelLoadFailed(f"{path} cannot be opened: {brief(error)}", hint) from error
        self._note_provider(session.get_providers()[0], path)
        # Threads decide in which order numbers are added, and so the last bits of the samples.
        self.note("threads", self.threads)
        return session

    def run(self, session: Any, feeds: Mapping[str, Any], outputs: Sequence[str] | None = None) -> list[Any]:
        """Run a session. When the job is cancelled meanwhile, the run ends and RunEnded goes up.

        Args:
            session: from `session`.
            feeds: input name → array.
            outputs: their names; all of them when None.
        """
        with self.runs.run() as options:
            results: list[Any] = session.run(outputs, dict(feeds), options)
        return results

    def run_bound(self, session: Any, binding: Any) -> None:
        """Run a session with inputs and outputs bound beforehand (`session.io_binding()`)."""
        with self.runs.run() as options:
            session.run_with_iobinding(binding, options)

    def _note_provider(self, provider: str, path: Path) -> None:
        if provider != self.providers[0] and provider not in self.used.names():
            # ONNX Runtime falls back without a word when a library of CUDA's is missing.
            self.log.warning("%s runs on %s, not on %s", path.name, provider, self.providers[0])
        self.used.add(provider)


def resolve_runtime(config: RuntimeConfig) -> Runtime:
    """What `[runtime]` comes to on this machine.

    Raises:
        InvalidParams: a device is asked for that is not there.
    """
    device = choose_device(config.device)
    threads = config.threads or physical_cores()
    return Runtime(device, PROVIDERS[device], threads, config.precision)
