"""Who gets which event?

A connection hears of the jobs it asked for without subscribing; `subscribe` adds everybody's, and the events
that belong to no job.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from lofi_core.events import EVENTS, Event
from lofi_core.rpc.messages import encode_notification

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from lofi_core.rpc.connection import Connection

# Told to everyone: whoever is connected will lose the connection.
TO_ALL = frozenset({"shutting_down"})


class Hub:
    """All connections, and the road from an event to those it concerns."""

    def __init__(self, observe: Callable[[Event], None]) -> None:
        self.connections: dict[int, Connection] = {}
        self._observe = observe

    def publish(self, event: Event, audience: Iterable[object] | None) -> None:
        """Send an event to its audience and to whoever subscribed. It is encoded once."""
        self._observe(event)
        clients = set(audience) if audience is not None else set()
        of_a_job = audience is not None
        receivers = [
            connection
            for connection in self.connections.values()
            if connection.client_id in clients
            or connection.subscriptions.wants(event.name, of_a_job=of_a_job)
        ]
        if not receivers:
            return
        message = encode_notification(event.name, event)
        key = None
        if event.coalesces:
            key = (event.name, *(getattr(event, field) for field in event.about))
        for connection in receivers:
            connection.send(message, key)


class Subscriptions:
    """Which events one connection wants beyond those of its own jobs."""

    def __init__(self) -> None:
        self._all: set[str] = set()
        self._own: set[str] = set()

    def add(self, patterns: list[str] | None, scope: str) -> list[str]:
        """Subscribe to names or prefixes, all when None. Returns what is subscribed now."""
        (self._all if scope == "all" else self._own).update(_matching(patterns))
        return self.names()

    def remove(self, patterns: list[str] | None, scope: str) -> list[str]:
        """Undo `add`. With scope `all` nothing of the names is left."""
        names = _matching(patterns)
        self._own -= names
        if scope == "all":
            self._all -= names
        return self.names()

    def names(self) -> list[str]:
        """Everything subscribed, in the order of the events table."""
        return [name for name in EVENTS if name in self._all or name in self._own]

    def wants(self, name: str, *, of_a_job: bool) -> bool:
        """Whether an event of another client's job, or of no job, should be sent."""
        return name in TO_ALL or name in self._all or (name in self._own and not of_a_job)


def _matching(patterns: list[str] | None) -> set[str]:
    if patterns is None:
        return set(EVENTS)
    # A name nobody knows is no error: a client may ask for events that only a later version sends, and the
    # answer says which it will get.
    return {name for name in EVENTS if any(name.startswith(pattern) for pattern in patterns)}
