"""How is a plugin called, so that whatever it raises becomes one of our errors?"""

from __future__ import annotations

import logging
import traceback
from collections.abc import Generator
from typing import TYPE_CHECKING, Any

from lofi_core.errors import InferenceFailed, LofiError, as_ours, brief
from lofi_core.runtime import RunEnded

if TYPE_CHECKING:
    from collections.abc import Callable

log = logging.getLogger("lofi.plugins")


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
        return call()
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
