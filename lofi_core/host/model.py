"""A backend's model that lives in a process of its own, as the daemon holds it."""

from __future__ import annotations

import itertools
import logging
import threading
from typing import TYPE_CHECKING

import msgspec

from lofi_core.backend import Step
from lofi_core.errors import InferenceFailed, ModelLoadFailed
from lofi_core.host.messages import Begin, Close, Done, Load, Next, Stepped
from lofi_core.host.process import HostProcess
from lofi_core.memory import process_bytes

if TYPE_CHECKING:
    from collections.abc import Callable, Generator

    from lofi_core.backend import GenerateRequest
    from lofi_core.errors import LofiError
    from lofi_core.plugins import PluginRecord
    from lofi_core.runtime import Runtime

LOAD = 0  # generations count from 1


class HostedModel:
    """One model, and the process it is in. Made in the worker thread, which then loads it there.

    Args:
        record: the backend's.
        on_end: called in a thread of its own when the process ended without being asked to.
    """

    def __init__(self, record: PluginRecord, on_end: Callable[[], None]) -> None:
        self._record = record
        self._numbers = itertools.count(LOAD + 1)
        self._loaded_bytes = 0
        self._most_bytes = 0
        self._process = HostProcess(record.name, on_end)

    def load(self, runtime: Runtime, weights: str) -> HostedModel:
        """Have the model loaded, and come back when it is. Worker thread.

        Raises:
            RunEnded: it was cancelled.
            LofiError: the loader raised, or its process came to an end.
        """
        record = self._record
        request = Load(
            name=record.name,
            module=record.module,
            model_dir=str(record.files_dir),
            variant=record.installed.variant if record.installed else record.variant,
            weights=weights,
            device=runtime.device,
            providers=runtime.providers,
            threads=runtime.threads,
            precision=runtime.precision,
            residency=runtime.residency,
            log_level=logging.getLogger().getEffectiveLevel(),
        )
        reply = self._process.ask(LOAD, request, runtime, ModelLoadFailed)
        self._loaded_bytes = reply.held_bytes if isinstance(reply, Done) else 0
        return self

    def generate(self, request: GenerateRequest, runtime: Runtime) -> Generator[Step, None, None]:
        """Generate there; each step is asked for when it is wanted, so a pause holds there too.

        Worker thread.

        Raises:
            RunEnded: the job was cancelled meanwhile.
            LofiError: the backend raised, or its process came to an end.
        """
        number = next(self._numbers)
        options = None if request.options is None else msgspec.msgpack.encode(request.options)
        begin = Begin(number, request.prompt, request.duration_sec, request.seed, options)
        ask = self._process.ask
        try:
            ask(number, begin, runtime, InferenceFailed)
            step = Next(number)
            while isinstance(reply := ask(number, step, runtime, InferenceFailed), Stepped):
                self._most_bytes = max(self._most_bytes, self.resident_bytes)
                yield self._step(reply)
        finally:
            if not self._process.has_ended:
                ask(number, Close(number), runtime, InferenceFailed)

    def _step(self, reply: Stepped) -> Step:
        if reply.shape is None:
            return Step(reply.stage, reply.index)
        import numpy as np  # with the first audio, as in the library

        samples = np.frombuffer(self._process.samples(), np.float32).reshape(reply.shape)
        return Step(reply.stage, reply.index, samples)

    @property
    def pid(self) -> int:
        """Of its process."""
        return self._process.pid

    @property
    def has_ended(self) -> bool:
        """Whether its process is gone."""
        return self._process.has_ended

    @property
    def resident_bytes(self) -> int:
        """Memory its process holds now; on systems without /proc, what it held when it was loaded."""
        return process_bytes(self._process.pid) or self._loaded_bytes

    @property
    def most_bytes(self) -> int:
        """The most that its process held after any step. A staged model holds little between its tracks."""
        return max(self._most_bytes, self.resident_bytes)

    def kill_for_memory(self, limit_bytes: int) -> None:
        """Kill its process, which holds more than it may. Any thread."""
        self._process.kill_for_memory(limit_bytes)

    def end(self) -> None:
        """End its process, and come back when it is gone, after two seconds at the latest. Any thread."""
        self._process.end()

    def why_it_ended(self) -> LofiError:
        """What a job is told that was suspended on it."""
        return self._process.end_in_words()


class Hosts:
    """All models that live in processes of their own; none outlives `close`."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._models: set[HostedModel] = set()
        self._closed = False

    def load(
        self, record: PluginRecord, runtime: Runtime, weights: str, on_end: Callable[[], None]
    ) -> HostedModel:
        """Start a process and load a model in it. Worker thread.

        Args:
            record: the backend's.
            runtime: takes what the loader reports and notes.
            weights: the schedule's.
            on_end: called in a thread of its own when the process ends without being asked to.

        Raises:
            RunEnded: it was cancelled.
            LofiError: the loader raised, or its process came to an end.
        """
        with self._lock:
            if self._closed:
                raise ModelLoadFailed("the daemon is shutting down")
            model = HostedModel(record, on_end)
            self._models.add(model)
        try:
            return model.load(runtime, weights)
        except BaseException:
            self.end(model)
            raise

    def all(self) -> list[HostedModel]:
        """Those that have a process now, loading ones too. Any thread."""
        with self._lock:
            return [model for model in self._models if not model.has_ended]

    def end(self, model: HostedModel) -> None:
        """End one model's process, and come back when it is gone. Any thread."""
        model.end()
        with self._lock:
            self._models.discard(model)

    def close(self) -> None:
        """End them all, and start none any more. Any thread."""
        with self._lock:
            self._closed = True
            models = list(self._models)
        for model in models:
            self.end(model)
