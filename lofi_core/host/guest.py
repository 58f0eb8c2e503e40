"""What runs inside a backend's process: one plugin, one model, and the generations on it.

The main thread answers one request after another; another thread hears what must be heard meanwhile.
"""

from __future__ import annotations

import contextlib
import faulthandler
import logging
import os
import signal
import socket
import sys
import threading
from dataclasses import dataclass, field
from functools import partial
from importlib.metadata import EntryPoint
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec
import pluggy

from lofi_core import hookspecs
from lofi_core.backend import GenerateRequest, Step
from lofi_core.calls import generator_of, guarded, step_index
from lofi_core.errors import InferenceFailed, LofiError, ModelLoadFailed, printable
from lofi_core.host.channel import Channel
from lofi_core.host.messages import (
    Begin,
    Close,
    Done,
    Facts,
    Failed,
    Kept,
    Load,
    Log,
    Next,
    Reply,
    Report,
    Request,
    Stepped,
    Terminate,
)
from lofi_core.memory import give_back, resident_bytes
from lofi_core.runtime import CancelToken, Runs, Runtime

if TYPE_CHECKING:
    from collections.abc import Callable, Generator

    import numpy as np
    from numpy.typing import NDArray

    from lofi_core.backend import BackendSpec


MAX_LOG_CHARACTERS = 100_000  # a traceback ends with what counts


def main() -> None:
    """Serve the daemon at the other end of two inherited sockets until it is gone."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the daemon decides when this ends
    sys.stdout.reconfigure(line_buffering=True)  # type: ignore[union-attr]  # it may end at any time
    _be_first_to_go()
    faulthandler.enable()  # a crash leaves its Python frames in the log
    calls, control = (socket.socket(fileno=int(number)) for number in sys.argv[2:4])
    for end in (calls, control):
        end.set_inheritable(False)
    del sys.argv[1:]
    guest = Guest(Channel(calls, Request))  # type: ignore[arg-type]
    ears = threading.Thread(target=_listen, args=(Channel(control, Terminate), guest), daemon=True)
    ears.start()
    guest.serve()
    os._exit(0)  # threads of a backend must not keep it


def _be_first_to_go() -> None:
    """Where the system runs out of memory, it should end this process, not the daemon or an editor."""
    with contextlib.suppress(OSError):  # there is no such file but on Linux
        Path("/proc/self/oom_score_adj").write_text("500")


def _listen(control: Channel[Terminate], guest: Guest) -> None:
    while (message := control.receive()) is not None:
        guest.terminate(message.number)
    os._exit(0)  # the daemon is gone, or told this process to go


@dataclass(slots=True)
class _Work:
    """The load, or one generation."""

    token: CancelToken = field(default_factory=CancelToken)
    runtime: Runtime = field(default_factory=Runtime)
    generator: Generator[object, None, None] | None = None
    told: Facts | None = None


class Guest:
    """The backend and its model.

    Args:
        calls: where requests come from and replies go.
    """

    def __init__(self, calls: Channel[Request]) -> None:
        self._calls = calls
        self._runs = Runs()
        self._lock = threading.Lock()
        # A cancel may come before the load or generation that it is for.
        self._work: dict[int, _Work] = {0: _Work()}
        self._plugin: pluggy.HookRelay
        self._spec: BackendSpec
        self._load: Load
        self._model: Any = None
        self._samples: NDArray[np.float32] | None = None  # of the reply

    def serve(self) -> None:
        """Answer requests until nobody asks any more. Main thread."""
        while (request := self._calls.receive()) is not None:
            try:
                self._samples = None
                self._calls.send(self._reply_to(request), self._samples)
            except OSError:  # the daemon is gone
                return

    def terminate(self, number: int) -> None:
        """End what runs for a number, now and from now on. Any thread."""
        with self._lock:
            work = self._work.get(number)
        if work:
            self._runs.terminate(work.token)

    def _reply_to(self, request: Request) -> Reply:
        try:
            return self._answer(request)
        except LofiError as error:
            return Failed(error.code, error.message, error.hint)

    def _answer(self, request: Request) -> Reply:
        match request:
            case Load():
                work, do = self._work[0], partial(self._load_model, request)
            case Begin(number=number):
                work = _Work(runtime=self._work[0].runtime.for_job())
                do = partial(self._begin, request, work)
                with self._lock:
                    self._work[number] = work
            case Next(number=number):
                work = self._work[number]
                do = partial(self._next, work)
            case Close(number, cancelled):
                with self._lock:
                    work = self._work.pop(number)
                work.token.cancelled |= cancelled
                do = partial(self._close, work)
        try:
            with self._runs.working_for(work.token):
                return do()
        finally:
            self._tell_facts(work)

    def _load_model(self, request: Load) -> Reply:
        _log_to(self._calls, request.log_level)
        self._load = request
        runtime = Runtime(
            request.device, request.providers, request.threads, request.precision, runs=self._runs
        )
        work = self._work[0]
        work.runtime = runtime.for_model(self._reporter(), request.residency)

        def load() -> None:
            self._runs.check()
            module = EntryPoint(request.name, request.module, hookspecs.ENTRY_POINT_GROUP).load()
            manager = pluggy.PluginManager(hookspecs.PROJECT)
            manager.add_hookspecs(hookspecs)
            manager.register(module, request.name)
            self._plugin = manager.hook
            model_dir = Path(request.model_dir)
            self._spec = self._plugin.describe_backend(
                model_dir=model_dir, variant=request.variant, runtime=runtime
            )
            self._model = self._plugin.load_model(
                model_dir=model_dir, runtime=work.runtime, weights=request.weights
            )

        guarded(request.name, "load_model", load, ModelLoadFailed)
        give_back()  # what only the loading took
        return Done(resident_bytes())

    def _begin(self, request: Begin, work: _Work) -> Reply:
        spec, name = self._spec, self._load.name
        options: Any = None
        if request.options is not None and spec.options is not None:
            options = msgspec.msgpack.decode(request.options, type=spec.options)
        asked = GenerateRequest(request.prompt, request.duration_sec, request.seed, options)
        # It is pure, so it comes to the same here as in the daemon; its state may be anything.
        schedule = guarded(
            name,
            "make_schedule",
            lambda: self._plugin.make_schedule(request=asked, model_dir=Path(self._load.model_dir)),
        )
        work.generator = generator_of(
            name,
            lambda: self._plugin.generate(
                request=asked, model=self._model, schedule=schedule, runtime=work.runtime
            ),
        )
        return Done()

    def _next(self, work: _Work) -> Reply:
        if work.generator is None:
            raise InferenceFailed("a step of a generation that was not begun")
        name, generator = self._load.name, work.generator
        over = object()
        step = guarded(name, "generate", lambda: next(generator, over))
        if step is over:
            return Done()
        if not isinstance(step, Step):
            raise InferenceFailed(f"{name} yielded {type(step).__name__}, not a Step")
        return guarded(name, "generate", lambda: self._stepped(step))  # type: ignore[no-any-return]

    def _stepped(self, step: Step) -> Stepped:
        stage, index = printable(step.stage), step_index(self._load.name, step)
        if step.audio is None:
            return Stepped(stage, index)
        from lofi_core.tracks.audio import check_audio  # with numpy, which the backend has loaded by now

        audio = check_audio(step.audio, self._spec.channels)
        self._samples = audio if audio.size else None
        return Stepped(stage, index, (audio.shape[0], audio.shape[1]))

    def _close(self, work: _Work) -> Reply:
        if work.generator is not None:
            guarded(self._load.name, "generate", work.generator.close)
        return Done()

    def _reporter(self) -> Callable[[float, str], None]:
        last: list[tuple[int, str]] = []

        def report(fraction: float, what: str) -> None:
            news = int(fraction * 100), what
            if last != [news]:
                last[:] = [news]
                self._calls.send(Report(fraction, what))

        return report

    def _tell_facts(self, work: _Work) -> None:
        facts = Facts(dict(work.runtime.notes), work.runtime.used.names())
        if facts != work.told:
            work.told = facts
            self._calls.send(facts)
        for name, array in work.runtime.kept.items():
            self._calls.send(Kept(name, array.dtype.str, array.shape), array)
        work.runtime.kept.clear()  # the daemon has them now


class _Sender(logging.Handler):
    def __init__(self, calls: Channel[Request]) -> None:
        super().__init__()
        self._calls = calls

    def emit(self, record: logging.LogRecord) -> None:
        try:
            text = self.format(record)[-MAX_LOG_CHARACTERS:].encode("utf-8", "backslashreplace").decode()
            self._calls.send(Log(record.name, record.levelno, text))
        except OSError:
            return  # nobody is there to read it


def _log_to(calls: Channel[Request], level: int) -> None:
    root = logging.getLogger()
    root.addHandler(_Sender(calls))
    root.setLevel(level)
