"""Start a backend's process, ask it, and be sure that it ends."""

from __future__ import annotations

import logging
import os
import socket
import subprocess
import sys
import threading
from typing import TYPE_CHECKING

from lofi_core.calls import SMALLER
from lofi_core.errors import ERRORS, InferenceFailed, InternalError, LofiError
from lofi_core.host.channel import Channel, framed
from lofi_core.host.endings import LOG, ending
from lofi_core.host.messages import Close, Facts, Failed, Kept, Log, News, Reply, Report, Request, Terminate
from lofi_core.runtime import RunEnded

if TYPE_CHECKING:
    from collections.abc import Callable

    from lofi_core.runtime import Runtime

log = logging.getLogger("lofi.host")

# A process that was told to end and is in native code may need this long; then it is killed.
END_GRACE_SEC = 2.0
# A cancelled step, or a load between two reports, that takes longer than this does not come back at all.
CANCEL_GRACE_SEC = 10.0

# Exactly the daemon's modules, however they came to be found.
_BOOT = "import sys; sys.path[:] = sys.argv[4:]; from lofi_core.host.guest import main; main()"


class HostProcess:
    """One backend's process, and the socket to it.

    Args:
        name: the backend's.
        on_end: called in a thread of its own when it ended without being asked to.
    """

    def __init__(self, name: str, on_end: Callable[[], None]) -> None:
        self._name = name
        self._on_end = on_end
        self._asking = threading.Lock()
        self._told_to_end = False
        self._ended = threading.Event()
        self._why: tuple[str, str] | None = None
        ours, theirs = zip(*(socket.socketpair() for _ in range(2)), strict=True)
        try:
            self._process = subprocess.Popen(  # noqa: S603 - this very Python
                _command(name, [end.fileno() for end in theirs]),
                stdin=subprocess.DEVNULL,
                stdout=sys.__stderr__,  # what native code prints belongs into the log
                pass_fds=[end.fileno() for end in theirs],
                # Ctrl-C in a terminal is for the daemon, which ends this process in its own time.
                process_group=0,
            )
        except BaseException:
            for end in ours:
                end.close()
            raise
        finally:
            for end in theirs:
                end.close()
        self._calls: Channel[Reply | News] = Channel(ours[0], Reply | News)  # type: ignore[arg-type]
        self._control = ours[1]
        self._control.settimeout(0)  # whoever cancels does not wait
        threading.Thread(target=self._wait, name=f"lofi-{name}-end", daemon=True).start()

    @property
    def pid(self) -> int:
        """Its number in the system."""
        return self._process.pid

    @property
    def has_ended(self) -> bool:
        """Whether it is over, or about to be."""
        return self._told_to_end or self._ended.is_set()

    def ask(self, number: int, request: Request, runtime: Runtime, kind: type[LofiError]) -> Reply:
        """Send one request and wait for its reply. Worker thread.

        Args:
            number: of the generation it is about; 0 for the load.
            request: a `Close` is told here whether it comes of a cancel.
            runtime: takes what the backend reports and notes.
            kind: of the error when the process ends meanwhile.

        Raises:
            RunEnded: whoever has the worker thread was cancelled, and that ended the call.
            LofiError: what the backend raised; or the process is gone.
        """
        waiting = _Waiting(self, number)
        try:
            with self._asking, runtime.runs.watched(waiting) as token:
                if isinstance(request, Close):
                    request.cancelled = token.cancelled
                try:
                    return self._reply_to(request, runtime, kind)
                except LofiError as error:
                    if token.cancelled:
                        raise RunEnded from error
                    raise
        finally:
            waiting.is_over()  # nobody can set it any more

    def samples(self) -> bytearray:
        """What came behind the last reply. Worker thread."""
        found, self._calls.samples = self._calls.samples, None
        return found or bytearray()

    def terminate(self, number: int) -> None:
        """End what runs for this number. Any thread; does not wait."""
        try:
            self._control.send(framed(Terminate(number)))
        except OSError as error:
            log.debug("%s cannot be told to terminate: %s", self._name, error)

    def kill_stuck(self) -> None:
        """It does not come back: end it the hard way. Any thread."""
        hint = f"what it was doing cannot be interrupted; {LOG}"
        self._why = f"the process of {self._name} did not heed a cancel and was killed", hint
        log.warning("%s", self._why[0])
        self._process.kill()

    def kill_for_memory(self, limit_bytes: int) -> None:
        """It holds more than it may. Any thread; does not wait."""
        if self._why is None:
            took = f"took more than {limit_bytes / 1e9:.3g} GB of memory, and was killed"
            self._why = f"the process of {self._name} {took}", f"{SMALLER}; models.process_gb is the limit"
            self._process.kill()

    def end(self) -> None:
        """End it, and come back when it is gone: at once, or after two seconds the hard way. Any thread."""
        self._told_to_end = not self._ended.is_set()
        self._control.close()  # that is how it is told
        if not self._ended.wait(END_GRACE_SEC):
            log.warning("the process of %s does not end; it is killed", self._name)
            self._process.kill()
            self._ended.wait()
        # Nobody reads: whoever was waiting has seen its end.
        with self._asking:
            self._calls.close()

    def end_in_words(self, kind: type[LofiError] = InferenceFailed) -> LofiError:
        """Why it is gone."""
        if not self._ended.wait(END_GRACE_SEC):
            self._process.kill()  # it closed its socket and lives on
            self._ended.wait()
        if self._told_to_end:
            return kind(f"the process of {self._name} was ended", "ask again")
        return kind(*(self._why or ending(self._name, self._process.returncode)))

    def _reply_to(self, request: Request, runtime: Runtime, kind: type[LofiError]) -> Reply:
        try:
            self._calls.send(request)
        except OSError:
            raise self.end_in_words(kind) from None
        while isinstance(message := self._calls.receive(), News):
            self._take(message, runtime)
        if message is None:
            raise self.end_in_words(kind)
        if isinstance(message, Failed):
            raise ERRORS.get(message.code, InternalError)(message.message, message.hint)
        return message

    def _take(self, news: News, runtime: Runtime) -> None:
        match news:
            case Report(fraction, what):
                try:
                    runtime.report(fraction, what)
                except RunEnded:  # it is told by other means
                    log.debug("%s reports after a cancel", self._name)
            case Facts(notes, used):
                for name, value in notes.items():
                    runtime.note(name, value)
                for provider in used:
                    runtime.used.add(provider)
            case Kept(name, dtype, shape):
                import numpy as np  # the daemon has it from the first track on

                runtime.keep(name, np.frombuffer(self.samples(), dtype).reshape(shape))
            case Log(logger, level, text):
                logging.getLogger(logger).log(level, "%s", text)

    def _wait(self) -> None:
        self._process.wait()
        self._ended.set()
        self._calls.hang_up()  # children of its own may hold the other end
        if not self._told_to_end:
            log.warning("%s", (self._why or ending(self._name, self._process.returncode))[0])
            self._on_end()


class _Waiting:
    """The worker thread waits for a reply; whoever cancels its job sets `terminate`."""

    def __init__(self, process: HostProcess, number: int) -> None:
        self._process = process
        self._number = number
        self._patience: threading.Timer | None = None

    @property
    def terminate(self) -> bool:
        return self._patience is not None

    @terminate.setter
    def terminate(self, _wish: bool) -> None:
        if self._patience is None:
            self._patience = threading.Timer(CANCEL_GRACE_SEC, self._process.kill_stuck)
            self._patience.daemon = True
            self._patience.start()
            self._process.terminate(self._number)

    def is_over(self) -> None:
        if self._patience is not None:
            self._patience.cancel()


def _command(name: str, sockets: list[int]) -> list[str]:
    flags: list[str] = subprocess._args_from_interpreter_flags()  # type: ignore[attr-defined] # noqa: SLF001
    path = [entry or os.getcwd() for entry in sys.path]  # noqa: PTH109 - a text
    return [sys.executable, *flags, "-c", _BOOT, name, *map(str, sockets), *path]
