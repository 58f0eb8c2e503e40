"""How is a plugin called, so that whatever it raises becomes one of our errors?"""

from __future__ import annotations

import ctypes
import logging
import operator
import threading
import traceback
from collections.abc import Generator
from typing import TYPE_CHECKING, Any

from lofi_core.backend import MAX_STEPS
from lofi_core.errors import InferenceFailed, LofiError, as_ours, brief
from lofi_core.runtime import RunEnded

if TYPE_CHECKING:
    from collections.abc import Callable

    from lofi_core.backend import Step

log = logging.getLogger("lofi.plugins")

SMALLER = "a shorter piece, a smaller variant or smaller weights take less memory"


class OverLimit(BaseException):
    """Raised in a thread whose backend made the process hold more memory than it may."""


# By thread: the backend that is called there, and what was passed.
_inside: dict[int, str | None] = {}
_limits: dict[int, int] = {}


def interrupt_for_memory(thread: int, limit_bytes: int) -> str | None:
    """Raise `OverLimit` in a thread that is in a plugin, at its next line of Python. Any other thread.

    Returns:
        The backend's name; None when the thread is in none, and nothing was done.
    """
    backend = _inside.get(thread)
    if backend is not None:
        _limits[thread] = limit_bytes
        ctypes.pythonapi.PyThreadState_SetAsyncExc(ctypes.c_ulong(thread), ctypes.py_object(OverLimit))
    return backend


def guarded(backend: str, hook: str, call: Callable[[], Any], kind: type[LofiError] = InferenceFailed) -> Any:
    """Call into a plugin. Whatever it raises becomes one of our errors: the thread must live on.

    Args:
        backend: whose code it is.
        hook: what is called, for the message.
        call: the call.
        kind: of the error, unless the plugin raises one of ours.

    Raises:
        LofiError: the call raised.
    """
    try:
        return _inside_of(backend, call)
    except OverLimit as error:
        limit_bytes = _limits.pop(threading.get_ident(), 0)
        problem = f"{backend} took more than {limit_bytes / 1e9:.3g} GB of memory in {hook}, and was ended"
        raise kind(problem, f"{SMALLER}; models.process_gb is the limit") from error
    except LofiError as error:
        raise as_ours(error, kind) from error
    except RunEnded as error:  # somebody cancelled the job, and its owner knows
        raise kind(f"{backend} was ended in {hook}") from error
    except MemoryError as error:
        raise kind(f"{backend} ran out of memory in {hook}", "try a shorter duration") from error
    except BaseException as error:  # a plugin may call sys.exit()
        log_raised(f"backend {backend}: {hook} raised", error)
        hint = "the daemon's log has the traceback"
        raise kind(f"{backend} raised {brief(error)} in {hook}", hint) from error


def _inside_of(backend: str, call: Callable[[], Any]) -> Any:
    """Call, and have only the call ended for its memory, not those who tell of its error."""
    thread = threading.get_ident()
    before, _inside[thread] = _inside.get(thread), backend
    try:
        return call()
    finally:
        _inside[thread] = before


def log_raised(what: str, error: BaseException) -> None:
    """Log what a plugin raised: where, and of which kind. Its words may quote a prompt: for debug."""
    log.error("%s %s\n%s", what, type(error).__name__, _frames(error))
    log.debug("%s, in full:", what, exc_info=error)


def _frames(error: BaseException) -> str:
    """A traceback without the messages, down to what was the cause of it all."""
    parts = []
    seen: BaseException | None = error
    while seen is not None:
        frames = "".join(traceback.format_tb(seen.__traceback__))
        parts.append(f"Traceback (most recent call last):\n{frames}{type(seen).__qualname__}")
        seen = seen.__cause__ or (None if seen.__suppress_context__ else seen.__context__)
    return "\nbefore that:\n".join(parts)


def generator_of(backend: str, call: Callable[[], Any]) -> Generator[object, None, None]:
    """Create a backend's generator.

    Raises:
        InferenceFailed: `generate` raised or is no generator function.
    """
    generator = guarded(backend, "generate", call)
    if not isinstance(generator, Generator):
        found = type(generator).__name__
        raise InferenceFailed(f"{backend}: generate returned {found}, not a generator", "use `yield` in it")
    return generator


def step_index(backend: str, step: Step) -> int:
    """The index of a step, numpy's integers included.

    Raises:
        InferenceFailed: it is no whole number, or one that no stage has.
    """
    try:
        index = operator.index(step.index)
    except TypeError:
        index = MAX_STEPS
    if not -MAX_STEPS < index < MAX_STEPS:
        problem = (
            f"{backend} yielded Step({step.stage!r}, {step.index!r:.40}); the index must be a whole number"
        )
        raise InferenceFailed(problem, "count the steps of each stage from 0")
    return index
