"""How does the daemon hold one player process? Its socket, its commands under way, its end."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import os
import socket
import sys
from typing import TYPE_CHECKING, cast

import msgspec

from lofi_core.errors import AudioDeviceError
from lofi_core.player.protocol import Reply
from lofi_core.player.wire import Frames, decode_answer, encode

if TYPE_CHECKING:
    from collections.abc import Callable

    from lofi_core.player.protocol import AnyCommand, AnyEvent

# What sound servers give themselves, where that is allowed: before whatever generates.
PRIORITY = -11
CLOSE_SEC = 2.0  # for the fade at the end; then it is killed


class PlayerGone(AudioDeviceError):
    """The player process ended before it answered."""


class Link(asyncio.Protocol):
    """One process. All methods run on the event loop.

    Args:
        take: gets each event.
        carried_out: gets each command that had its effect, before the events that came after its reply.
    """

    def __init__(self, take: Callable[[AnyEvent], None], carried_out: Callable[[AnyCommand], None]) -> None:
        self._take = take
        self._carried_out = carried_out
        self._frames = Frames()
        self._ids = itertools.count(1)
        self._asked: dict[int, tuple[AnyCommand, asyncio.Future[Reply]]] = {}
        self._transport: asyncio.Transport | None = None
        self._process: asyncio.subprocess.Process | None = None
        self.gone = asyncio.Event()

    @property
    def pid(self) -> int | None:
        """The process."""
        return self._process.pid if self._process else None

    async def spawn(self) -> None:
        """Start the process. It answers its first command when it is ready."""
        ours, theirs = socket.socketpair()
        ours.setblocking(False)  # noqa: FBT003 - a name is not allowed
        try:
            self._process = await asyncio.create_subprocess_exec(
                # -P: the directory that somebody began the daemon in may hold a numpy.py of anyone's.
                *(sys.executable, "-P", "-m", "lofi_core.player", str(theirs.fileno())),
                pass_fds=[theirs.fileno()],
                stdin=asyncio.subprocess.DEVNULL,
                stdout=asyncio.subprocess.DEVNULL,
                # No matrices are multiplied there, and each of BLAS's threads would cost memory.
                env={**os.environ, "OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"},
            )
            with contextlib.suppress(OSError):  # most users may not
                os.setpriority(os.PRIO_PROCESS, self._process.pid, PRIORITY)
            await asyncio.get_running_loop().create_connection(lambda: self, sock=ours)
        except BaseException:
            ours.close()
            raise
        finally:
            theirs.close()

    async def ask(self, command: AnyCommand, timeout_sec: float) -> Reply:
        """Send a command and wait for its reply.

        Raises:
            PlayerGone: the process ended first.
            TimeoutError: no reply came in time; the command may still take effect.
        """
        if self._transport is None or self.gone.is_set():
            raise PlayerGone("the player has ended")
        number = next(self._ids)
        future: asyncio.Future[Reply] = asyncio.get_running_loop().create_future()
        self._asked[number] = command, future
        self._transport.write(encode(msgspec.structs.replace(command, id=number)))
        async with asyncio.timeout(timeout_sec):
            return await future  # given up or not, its reply will say that it was carried out

    def kill(self) -> None:
        """End the process at once."""
        if self._transport:
            self._transport.abort()
        if self._process:
            with contextlib.suppress(ProcessLookupError):
                self._process.kill()

    async def close(self) -> None:
        """Let the process fade out and end; kill it when it does not."""
        if self._transport:
            self._transport.close()
        if self._process:
            try:
                async with asyncio.timeout(CLOSE_SEC):
                    await self._process.wait()
            except TimeoutError:
                self.kill()
                await self._process.wait()

    async def ended(self) -> str:
        """Wait for the end of the process; how it ended, in words."""
        status = await self._process.wait() if self._process else 0
        return f"signal {-status}" if status < 0 else f"exit status {status}"

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Asyncio's call."""
        self._transport = cast("asyncio.Transport", transport)

    def data_received(self, data: bytes) -> None:
        """Asyncio's call."""
        try:
            answers = [decode_answer(content) for content in self._frames.feed(data)]
        except (msgspec.DecodeError, ValueError):
            self.kill()  # no player of ours; its end is treated like any other
            return
        for answer in answers:
            if not isinstance(answer, Reply):
                self._take(answer)
            elif answer.id in self._asked:
                command, future = self._asked.pop(answer.id)
                if answer.error is None:
                    self._carried_out(command)
                if not future.done():
                    future.set_result(answer)

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002
        """Asyncio's call."""
        self.gone.set()
        for _, future in self._asked.values():
            if not future.done():
                future.set_exception(PlayerGone("the player has ended"))
        self._asked.clear()
