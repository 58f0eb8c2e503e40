"""Which event loop does the daemon run on, and what must not keep that loop from its turn?"""

from __future__ import annotations

import logging
import sys
from typing import TYPE_CHECKING, Any, Literal, TypeVar

import anyio

from lofi_core.errors import InvalidParams

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, MutableMapping

T = TypeVar("T")

log = logging.getLogger("lofi")

Loop = Literal["asyncio", "uvloop"]

# A backend's Python code gives the event loop its turn after a millisecond, not after five.
SWITCH_SEC = 0.001
BLAS_VARIABLES = ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS")


def choose_loop(wanted: str) -> Loop:
    """The loop for what `daemon.event_loop` says: `auto` is uvloop where that is installed, and works.

    Raises:
        InvalidParams: uvloop is asked for, and cannot be had.
    """
    if wanted == "asyncio":
        return "asyncio"
    try:
        import uvloop  # noqa: F401 - whoever runs on it imports it anyway
    except ImportError as error:
        missing = isinstance(error, ModuleNotFoundError) and error.name == "uvloop"
        problem = "is not installed" if missing else f"cannot be imported: {error}"
        if wanted == "uvloop":
            hint = "pip install 'lofi-core[uvloop]', or set it to 'auto'"
            raise InvalidParams(f"daemon.event_loop is 'uvloop', which {problem}", hint) from error
        if not missing:
            log.warning("uvloop %s; asyncio's own event loop does", problem)
        return "asyncio"
    return "uvloop"


def run_on(loop: Loop, function: Callable[..., Awaitable[T]], *arguments: Any) -> T:
    """Run a coroutine function to its end on a new event loop of that kind."""
    return anyio.run(function, *arguments, backend_options={"use_uvloop": loop == "uvloop"})


def calm_threads(environ: MutableMapping[str, str]) -> None:
    """Have other threads leave room for the event loop. Before numpy is imported.

    numpy's OpenBLAS starts a thread for each core, which spin while they wait for each other. With products
    as small as `procedural`'s that takes five times the processor time, and the cores from everyone else.
    Models do not use it. Who sets one of the variables is obeyed.
    """
    sys.setswitchinterval(SWITCH_SEC)
    if not any(environ.get(variable) for variable in BLAS_VARIABLES):
        environ[BLAS_VARIABLES[0]] = "1"
