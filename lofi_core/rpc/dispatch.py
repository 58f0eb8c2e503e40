"""From a method's name and raw params to its handler, and from its outcome to a reply."""

from __future__ import annotations

import inspect
import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias

from lofi_core.errors import InternalError, LofiError, MethodNotFound
from lofi_core.rpc.decode import decode_params
from lofi_core.rpc.methods import METHODS, Method
from lofi_core.suggest import suggestion

if TYPE_CHECKING:
    from anyio.abc import TaskGroup

    from lofi_core.rpc.connection import Connection

log = logging.getLogger("lofi.rpc")

Handler: TypeAlias = Callable[[Any, Any], Any]


@dataclass(frozen=True, slots=True)
class _Route:
    method: Method
    handler: Handler
    is_async: bool


class Dispatcher:
    """Calls handlers: sync ones inline, async ones in a task of the group.

    Args:
        groups: objects whose methods, named as on the wire, serve them: `(connection, params)` to result.
        tasks: owns the async handlers.
        requests: how many there were, by method; counted on here.
    """

    def __init__(self, groups: list[object], tasks: TaskGroup, requests: dict[str, int]) -> None:
        self._tasks = tasks
        self._requests = requests
        self._routes: dict[object, _Route] = {}
        for method in METHODS.values():
            (handler,) = [getattr(group, method.name) for group in groups if hasattr(group, method.name)]
            route = _Route(method, handler, inspect.iscoroutinefunction(handler))
            self._routes[method.name] = route
            self._routes[method.name.encode()] = route  # pynvim sends names as bin

    def knows(self, method: object) -> bool:
        """Whether a method of that name exists."""
        return isinstance(method, str | bytes) and method in self._routes

    def _route(self, method: object) -> _Route:
        # A name may be anything that msgpack can carry, maps included, which no table can be asked for.
        found = self._routes.get(method) if isinstance(method, str | bytes) else None
        return found or _unknown(method)

    def serve(
        self, connection: Connection, method: object, raw: Any, reply: Callable[[object], None]
    ) -> None:
        """Serve one request: `reply` is called exactly once, with a result or a LofiError."""
        try:
            route = self._route(method)
            self._requests[route.method.name] += 1
            params = decode_params(raw, route.method.params)
            if not route.is_async:
                reply(route.handler(connection, params))
                return
        except Exception as error:  # noqa: BLE001 - the one place where a fault becomes a reply
            reply(_as_error(method, error))
            return
        self._tasks.start_soon(_finish, route, route.handler(connection, params), reply)


async def _finish(route: _Route, work: Awaitable[object], reply: Callable[[object], None]) -> None:
    try:
        reply(await work)
    except Exception as error:  # noqa: BLE001 - as above, for async handlers
        reply(_as_error(route.method.name, error))


def _unknown(method: object) -> _Route:
    name = method.decode(errors="replace") if isinstance(method, bytes) else str(method)
    hint = suggestion(name[:100], METHODS) or "`describe` lists the methods there are"
    raise MethodNotFound(f"no method {name!r:.100}", hint)


def _as_error(method: object, error: Exception) -> LofiError:
    if isinstance(error, LofiError):
        return error
    log.error("method %r failed", method, exc_info=error)
    return InternalError(f"{type(error).__name__} in method {method!r}", "the daemon's log has the traceback")
