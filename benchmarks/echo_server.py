"""A bare asyncio server that sends back what it gets: what any server on this event loop costs at least.

`python -m benchmarks.echo_server SOCKET [asyncio|uvloop]` serves until it is killed.
"""

from __future__ import annotations

import asyncio
import sys
from contextlib import suppress
from typing import cast


class Echo(asyncio.Protocol):
    """One client."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Called by asyncio once."""
        self._transport = cast("asyncio.Transport", transport)

    def data_received(self, data: bytes) -> None:
        """Send it back."""
        self._transport.write(data)


async def serve(path: str) -> None:
    """Serve for ever."""
    server = await asyncio.get_running_loop().create_unix_server(Echo, path, backlog=512)
    await server.serve_forever()


def main(path: str, event_loop: str = "asyncio") -> None:
    """Run until somebody ends it."""
    if event_loop == "uvloop":
        import uvloop

        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            runner.run(serve(path))
    else:
        asyncio.run(serve(path))


if __name__ == "__main__":
    with suppress(KeyboardInterrupt):
        main(*sys.argv[1:])
