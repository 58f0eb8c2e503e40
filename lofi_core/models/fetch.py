"""Fetch one file: go on from what is here, through cuts and stalls, and keep only what it should be."""

from __future__ import annotations

import time
from dataclasses import dataclass
from http import HTTPStatus
from typing import TYPE_CHECKING

import anyio
import anyio.from_thread
from anyio.to_thread import run_sync
from msgspec.structs import replace

from lofi_core.errors import ModelDownloadFailed, brief
from lofi_core.integrity import Expected, Pin, Trust, read_pins, set_pin, sha256_of
from lofi_core.models.failures import AskAgain, WrongBytes, another_file, disk_error, refusal
from lofi_core.models.mirror import address_of
from lofi_core.models.partial import Partial
from lofi_core.models.source import Upstream, range_start, upstream_of

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    import httpx

    from lofi_core.backend import ModelFile
    from lofi_core.models.progress import FileProgress

WRITE_BYTES = 1024 * 1024
WRITE_EVERY_SEC = 0.25


@dataclass(frozen=True, slots=True)
class Patience:
    """How long to wait for a server, and how often to ask again.

    Attributes:
        connect_sec: for a connection.
        stall_sec: for the next byte.
        attempts: in a row without one new byte.
        pause_sec: after the first of them; each later one takes twice as long as the one before.
        longest_pause_sec: whatever the server asks for.
    """

    connect_sec: float = 20.0
    stall_sec: float = 30.0
    attempts: int = 5
    pause_sec: float = 0.5
    longest_pause_sec: float = 60.0


class Fetch:
    """One file on its way from a server to its name.

    Args:
        client: what asks.
        file: must have a `url`.
        directory: of the variant.
        expected: what the file must be.
        progress: written to.
        received: told of bytes that came over the net.
        check_room: called with a number of bytes that will be written; raises when there is no room.
        patience: with the server.
    """

    def __init__(
        self,
        client: httpx.AsyncClient,
        file: ModelFile,
        directory: Path,
        expected: Expected,
        progress: FileProgress,
        *,
        received: Callable[[int], None],
        check_room: Callable[[int], None],
        patience: Patience,
    ) -> None:
        self._client = client
        self._url = file.url or ""  # names the bytes, in the part and in the pin
        self._address = address_of(self._url)  # is asked for them
        self._path = file.path
        self._directory = directory
        self._expected = expected
        self._from_manifest = file.sha256 is not None
        self._progress = progress
        self._received = received
        self._check_room = check_room
        self._patience = patience

    async def run(self) -> None:
        """Fetch the file.

        Cancelling keeps what has come.

        Raises:
            ModelDownloadFailed: it cannot be had, and why.
        """
        try:
            await self._run()
        except OSError as error:
            raise disk_error(error, self._directory) from error

    async def _run(self) -> None:
        target = self._directory / self._path
        knows = self._expected.sha256 is not None
        partial = await run_sync(lambda: Partial(target, self._url, keep_unknown=knows))
        try:
            self._note(partial)
            resumed = partial.size > 0
            try:
                pin = await self._fetched(partial)
            except WrongBytes:
                if not resumed:
                    raise
                # What was here belonged to another file; from the beginning it may be right.
                pin = await self._fetched(partial)
            await run_sync(self._put_in_place, partial, pin)
            self._progress.stage = "complete"
        finally:
            with anyio.CancelScope(shield=True):
                await run_sync(partial.close)

    async def _fetched(self, partial: Partial) -> Pin:
        """Receive everything and check it. A part that is wrong is dropped."""
        self._progress.stage = "downloading"
        await self._receive_all(partial)
        self._note(partial)
        self._progress.stage = "checking"
        try:
            return await self._checked(partial)
        except WrongBytes:
            await run_sync(partial.restart, Upstream())
            raise

    # -- receiving -------------------------------------------------------------------------------------

    async def _receive_all(self, partial: Partial) -> None:
        """Attempt by attempt, until everything is here."""
        failures, furthest = 0, partial.size
        if partial.size > (self._total(partial) or partial.size):
            await run_sync(partial.restart, Upstream())
        while not self._is_whole(partial):
            try:
                await self._attempt(partial)
            except AskAgain as error:
                if partial.size > furthest:
                    failures, furthest = 0, partial.size
                failures += 1
                if failures >= self._patience.attempts:
                    problem = f"{self._path} from {self._address}: {error}; gave up after {failures} attempts"
                    hint = "what has come is kept: the same command goes on from there"
                    raise ModelDownloadFailed(problem, hint) from error
                doubled = self._patience.pause_sec * 2 ** (failures - 1)
                await anyio.sleep(min(max(doubled, error.pause_sec), self._patience.longest_pause_sec))

    async def _attempt(self, partial: Partial) -> None:
        """Ask once. Returns when the file is whole."""
        import httpx

        headers = {"Accept-Encoding": "identity"}
        start = partial.size
        if start:
            headers["Range"] = f"bytes={start}-"
            if validator := partial.upstream.validator:
                headers["If-Range"] = validator
        try:
            async with self._client.stream("GET", self._address, headers=headers) as response:
                if await self._is_answered(response, partial, start):
                    return
                await self._receive(response, partial)
        except (httpx.UnsupportedProtocol, httpx.InvalidURL, httpx.TooManyRedirects) as error:
            raise ModelDownloadFailed(f"{self._path} from {self._address}: {brief(error)}") from error
        except httpx.TimeoutException as error:
            raise AskAgain(f"the server does not answer ({type(error).__name__})") from error
        except httpx.HTTPError as error:
            raise AskAgain(brief(error)) from error
        if self._total(partial) is None:
            # The server said no length, and ended the answer as one does. A check will tell.
            await run_sync(partial.describe, replace(partial.upstream, size_bytes=partial.size))
        elif not self._is_whole(partial):
            raise AskAgain("the answer ended before the file did")

    async def _is_answered(self, response: httpx.Response, partial: Partial, start: int) -> bool:
        """Look at the head of an answer. True when it says that everything is here already."""
        status, upstream = response.status_code, upstream_of(response)
        if status == HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE and start:
            whole = self._expected.size_bytes in {None, start} and upstream.size_bytes == start
            if whole and partial.upstream.may_be(upstream):
                await run_sync(partial.describe, replace(partial.upstream, size_bytes=start))
                return True
            await run_sync(partial.restart, Upstream())
            raise AskAgain("the server has another file than before")
        if status not in {HTTPStatus.OK, HTTPStatus.PARTIAL_CONTENT}:
            raise refusal(response, self._path, self._address)
        if response.headers.get("content-encoding", "identity") != "identity":
            raise ModelDownloadFailed(f"{self._path} from {self._address}: the server sends it encoded")
        if response.headers.get("content-type", "").startswith("text/html") and ".htm" not in self._path:
            hint = "a network that wants a login first answers like that; open the address in a browser"
            raise ModelDownloadFailed(
                f"{self._path} from {self._address}: a web page came in its place", hint
            )
        self._check_offer(upstream)
        if status == HTTPStatus.PARTIAL_CONTENT and start:
            if range_start(response) != start or not partial.upstream.may_be(upstream):
                await run_sync(partial.restart, Upstream())
                raise AskAgain("the server has another file than before")
            await run_sync(partial.learn, upstream)
        elif status == HTTPStatus.PARTIAL_CONTENT:
            raise AskAgain("the server sends a part that nobody asked for")
        else:
            await run_sync(partial.restart, upstream)
        self._note(partial)
        self._check_room((self._total(partial) or 0) - partial.size)
        return False

    async def _receive(self, response: httpx.Response, partial: Partial) -> None:
        total = self._total(partial)
        buffer = bytearray()
        written_at = time.monotonic()
        try:
            async for chunk in response.aiter_raw():
                buffer += chunk
                self._received(len(chunk))
                if total is not None and partial.size + len(buffer) > total:
                    del buffer[total - partial.size :]
                    raise ModelDownloadFailed(
                        f"{self._address} sends more than the {total:,} bytes it should"
                    )
                now = time.monotonic()
                if len(buffer) >= WRITE_BYTES or now - written_at >= WRITE_EVERY_SEC:
                    data, written_at = bytes(buffer), now
                    buffer.clear()
                    await self._write(partial, data)
        finally:
            # A cut, a cancel: what has come is kept.
            if buffer:
                with anyio.CancelScope(shield=True):
                    await self._write(partial, bytes(buffer))

    async def _write(self, partial: Partial, data: bytes) -> None:
        await run_sync(partial.append, data)
        self._progress.done_bytes = partial.size

    # -- judging ---------------------------------------------------------------------------------------

    def _check_offer(self, upstream: Upstream) -> None:
        """Refuse before the first byte what cannot be the file."""
        for name, wanted, offered in (
            ("size", self._expected.size_bytes, upstream.size_bytes),
            ("sha256", self._expected.sha256, upstream.sha256),
        ):
            if wanted is not None and offered is not None and wanted != offered:
                raise another_file(self._path, self._address, f"{name} {offered}", f"{name} {wanted}")

    async def _checked(self, partial: Partial) -> Pin:
        """Hash what has come.

        Raises:
            WrongBytes: it is not what the manifest, the pin or the server itself says.
        """
        found = await run_sync(sha256_of, partial.path, lambda _: anyio.from_thread.check_cancelled())
        said = self._expected.sha256 or partial.upstream.sha256
        if said is not None and found != said:
            raise another_file(self._path, self._address, f"sha256 {found}", f"sha256 {said}")
        if self._expected.size_bytes not in {None, partial.size}:
            size = f"{self._expected.size_bytes} bytes"
            raise another_file(self._path, self._address, f"{partial.size} bytes", size)
        trust: Trust = "server" if partial.upstream.sha256 else "first_use"
        if self._from_manifest:
            trust = "manifest"
        mirror = None if self._address == self._url else self._address
        return Pin(partial.size, found, trust, self._url, mirror)

    def _put_in_place(self, partial: Partial, pin: Pin) -> None:
        """Pin the file and give it its name. A file that somebody else put there stays, as `NAME.old`."""
        target = self._directory / self._path
        if target.is_file() and self._path not in read_pins(self._directory):
            target.replace(target.with_name(f"{target.name}.old"))
        # In this order: a kill in between leaves a pin without a file, not a file without a pin.
        set_pin(self._directory, self._path, pin)
        partial.commit()

    def _total(self, partial: Partial) -> int | None:
        known = self._expected.size_bytes
        return partial.upstream.size_bytes if known is None else known

    def _is_whole(self, partial: Partial) -> bool:
        return partial.size == self._total(partial)

    def _note(self, partial: Partial) -> None:
        self._progress.done_bytes = partial.size
        self._progress.total_bytes = self._total(partial)
