"""Many clients at once in one process: most do what clients do, some are silent, slow or hostile."""

from __future__ import annotations

import asyncio
import contextlib
import time
from dataclasses import dataclass, field
from itertools import cycle, islice
from typing import TYPE_CHECKING, Any

import msgpack

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from pathlib import Path

PATIENCE_SEC = 60.0
TRICKLE_SEC = 0.01
ROUND = [
    ("ping", {}),
    ("status", {}),
    ("tracks_list", {"limit": 5}),
    ("queue_status", {}),
    ("playlist_get", {}),
]
LARGE = b"\x94\x00\x01\xa4ping\xdb\x00\x20\x00\x00" + bytes(64 * 1024)  # two megabytes, it says

Streams = tuple[asyncio.StreamReader, asyncio.StreamWriter]


@dataclass
class Fared:
    """How the honest clients fared.

    Attributes:
        clients: of them.
        requests: answered.
        errors: each a client that was not served as it should be.
        took_ms: of each request, in order of size.
        connected_sec: until everybody was.
        attempts: of the hostile ones: connections made.
    """

    clients: int
    requests: int = 0
    errors: list[str] = field(default_factory=list)
    took_ms: list[float] = field(default_factory=list)
    connected_sec: float = 0.0
    attempts: int = 0

    def at(self, share: float) -> float:
        """A quantile of the times."""
        return self.took_ms[int(share * (len(self.took_ms) - 1))]


async def crowd(path: Path, honest: int, hostile: int, rounds: int) -> Fared:
    """Have so many clients connect, all before the first asks, and each honest one make its rounds."""
    fared = Fared(honest)
    began = time.monotonic()
    async with asyncio.TaskGroup() as tasks:
        everybody_is_in = asyncio.Barrier(honest)
        bad = [
            tasks.create_task(_again_and_again(path, kind, fared)) for kind in islice(cycle(HOSTILE), hostile)
        ]
        good = [tasks.create_task(_honest(path, rounds, everybody_is_in, fared)) for _ in range(honest)]
        await asyncio.wait(good)
        for task in bad:
            task.cancel()
    fared.connected_sec -= began
    fared.took_ms.sort()
    return fared


async def _honest(path: Path, rounds: int, everybody_is_in: asyncio.Barrier, fared: Fared) -> None:
    try:
        async with asyncio.timeout(PATIENCE_SEC):
            reader, writer = await asyncio.open_unix_connection(path)
            unpacker = msgpack.Unpacker(strict_map_key=False)
            await _ask(reader, writer, unpacker, 0, "hello", {})
            await everybody_is_in.wait()
            fared.connected_sec = time.monotonic()
            for number, (method, params) in enumerate(ROUND * rounds, 1):
                began = time.perf_counter()
                await _ask(reader, writer, unpacker, number, method, params)
                fared.took_ms.append((time.perf_counter() - began) * 1000)
                fared.requests += 1
            writer.close()
    except Exception as error:  # noqa: BLE001 - whatever it is, it is told
        fared.errors.append(repr(error))
        await everybody_is_in.abort()


async def _ask(
    reader: asyncio.StreamReader,
    writer: asyncio.StreamWriter,
    unpacker: msgpack.Unpacker,
    number: int,
    method: str,
    params: dict[str, Any],
) -> None:
    writer.write(msgpack.packb([0, number, method, [params] if params else []]))
    while True:
        for message in unpacker:
            if message[:3] == [1, number, None]:
                return
            raise AssertionError(f"{method} is answered with {message!r:.200}")
        if not (data := await reader.read(65536)):
            raise EOFError(f"{method} is not answered")
        unpacker.feed(data)


async def _again_and_again(path: Path, kind: Callable[[Streams], Awaitable[None]], fared: Fared) -> None:
    """Be hostile until cancelled; who is thrown out comes again."""
    while True:
        with contextlib.suppress(OSError):
            streams = await asyncio.open_unix_connection(path)
            fared.attempts += 1
            try:
                await kind(streams)
            finally:
                streams[1].transport.abort()
        await asyncio.sleep(TRICKLE_SEC)


async def _is_silent(streams: Streams) -> None:
    await streams[0].read()


async def _says_half(streams: Streams) -> None:
    streams[1].write(b"\x94\x00\x01\xa8gener")
    await streams[0].read()


async def _trickles(streams: Streams) -> None:
    for byte in msgpack.packb([0, 1, "describe", []]) * 1000:
        streams[1].write(bytes([byte]))
        await streams[1].drain()
        await asyncio.sleep(TRICKLE_SEC)


async def _never_reads(streams: Streams) -> None:
    streams[1].transport.pause_reading()  # type: ignore[attr-defined]
    while True:
        streams[1].write(msgpack.packb([0, 1, "describe", []]) * 50)
        await streams[1].drain()


async def _talks_nonsense(streams: Streams) -> None:
    streams[1].write(b"GET / HTTP/1.1\r\n\r\n\xc1\xc1")
    await streams[0].read()


async def _says_too_much(streams: Streams) -> None:
    while True:
        streams[1].write(LARGE)
        await streams[1].drain()


async def _asks_and_goes(streams: Streams) -> None:
    streams[1].write(
        msgpack.packb([0, 1, "generate", [{"prompt": "x", "backend": "sine", "duration_sec": 1}]])
    )
    await asyncio.sleep(TRICKLE_SEC)


async def _floods(streams: Streams) -> None:
    while True:
        streams[1].write(msgpack.packb([0, 1, "nothing", []]) * 500)
        await streams[1].drain()
        await streams[0].read(1 << 20)


HOSTILE = [
    _is_silent,
    _says_half,
    _trickles,
    _never_reads,
    _talks_nonsense,
    _says_too_much,
    _asks_and_goes,
    _floods,
]
