"""What waits to be written to one client, and when there is too much of it."""

from __future__ import annotations

from itertools import count

MAX_BACKLOG_BYTES = 8 * 1024 * 1024
MAX_BACKLOG_MESSAGES = 10_000


class Outbox:
    """Messages in sending order. Coalescing ones replace their unsent predecessor.

    Only progress-like events coalesce; responses and terminal events are kept, however slow the client. When
    the bound is passed the client is given up, which is the connection's business.
    """

    def __init__(self) -> None:
        self._messages: dict[object, bytes] = {}
        self._serial = count()
        self.size_bytes = 0

    def __bool__(self) -> bool:
        return bool(self._messages)

    def add(self, message: bytes, coalesce_key: object = None) -> None:
        """Append a message. One with the key of an unsent message takes that one's place, at the end."""
        key = next(self._serial) if coalesce_key is None else coalesce_key
        if coalesce_key is not None and (replaced := self._messages.pop(key, None)) is not None:
            self.size_bytes -= len(replaced)
        self._messages[key] = message
        self.size_bytes += len(message)

    @property
    def overflowing(self) -> bool:
        """Whether more waits than one client may cost."""
        return self.size_bytes > MAX_BACKLOG_BYTES or len(self._messages) > MAX_BACKLOG_MESSAGES

    def take(self) -> bytes:
        """Everything that waits, joined for one write."""
        joined = b"".join(self._messages.values())
        self._messages.clear()
        self.size_bytes = 0
        return joined
