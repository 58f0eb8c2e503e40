"""Complete one variant of a backend's model files: check, make sure of room, fetch what lacks."""

from __future__ import annotations

import shutil
import time
from typing import TYPE_CHECKING

import anyio
import anyio.from_thread
from anyio.to_thread import run_sync

from lofi_core import __version__
from lofi_core.errors import ModelDownloadFailed, ModelNotFound, brief
from lofi_core.integrity import expected_of, files_of, read_pins, wrong_files
from lofi_core.models.failures import disk_error, no_room
from lofi_core.models.fetch import Fetch, Patience
from lofi_core.models.mirror import address_of
from lofi_core.models.partial import part_size
from lofi_core.models.progress import Tally
from lofi_core.models.source import upstream_of

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    import httpx

    from lofi_core.backend import ModelFile, ModelFiles
    from lofi_core.models.progress import FileProgress

PARALLEL_FILES = 4
# Room that must be left when everything has come: the system needs some to go on.
SPARE_BYTES = 64 * 1024 * 1024
TICK_SEC = 0.25


class Download:
    """One variant on its way.

    Args:
        model: the variant.
        directory: where its files belong.
        verify: read and check files that are there too, not only their sizes.
        show: told of each file that has moved on, a few times a second.
        patience: with servers.
    """

    def __init__(
        self,
        model: ModelFiles,
        directory: Path,
        *,
        verify: bool,
        show: Callable[[FileProgress], None],
        patience: Patience,
    ) -> None:
        self.model = model
        self.directory = directory
        self.tally = Tally(list(model.paths))
        self._verify = verify
        self._show = show
        self._patience = patience
        self._shown: dict[str, tuple[int, str]] = {}

    async def run(self) -> None:
        """Return when every file is there and right. Cancelling keeps what has come.

        Raises:
            ModelDownloadFailed: the first file that cannot be had, and why.
            ModelNotFound: a file lacks, and there is no address to fetch it from.
        """
        try:
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(self._tick)
                await self._complete()
                tasks.cancel_scope.cancel()
        except BaseExceptionGroup as group:
            error = _first(group)
            if isinstance(error, OSError):
                raise disk_error(error, self.directory) from error
            raise error from None
        self._show_changes()

    async def _complete(self) -> None:
        problems = await self._problems()
        wanted = [file for file in files_of(self.model) if file.path in problems]
        without = [file.path for file in wanted if file.url is None]
        if without:
            problem = f"there is no address to download {', '.join(without)} from"
            raise ModelNotFound(problem, f"put it into {self.directory}")
        if not wanted:
            return
        async with await run_sync(_new_client, self._patience) as client:
            await self._ask_for_sizes(client, wanted)
            await run_sync(self._check_room_for, wanted)
            limiter = anyio.CapacityLimiter(PARALLEL_FILES)
            async with anyio.create_task_group() as tasks:
                for file in wanted:
                    tasks.start_soon(self._fetch, client, file, limiter)

    async def _problems(self) -> dict[str, str]:
        """Path of each file that must be fetched, and why."""
        for file in self.tally.files.values():
            file.stage = "checking"
        note = self._note_checked if self._verify else None
        problems = await run_sync(wrong_files, self.model, self.directory, note)
        for path, file in self.tally.files.items():
            target = self.directory / path
            file.stage = "waiting" if path in problems else "complete"
            file.done_bytes = part_size(target) if path in problems else target.stat().st_size
            file.total_bytes = None if path in problems else file.done_bytes
        return problems

    def _note_checked(self, path: str, count: int) -> None:
        """In the thread that reads."""
        anyio.from_thread.check_cancelled()
        self.tally.files[path].done_bytes += count

    async def _ask_for_sizes(self, client: httpx.AsyncClient, wanted: list[ModelFile]) -> None:
        """Ask the servers about files whose size nobody has stated. One that does not say is no error."""
        pins = await run_sync(read_pins, self.directory)
        async with anyio.create_task_group() as tasks:
            for file in wanted:
                size = expected_of(file, pins.get(file.path)).size_bytes
                self.tally.files[file.path].total_bytes = size
                if size is None:
                    tasks.start_soon(self._ask_for_size, client, file)

    async def _ask_for_size(self, client: httpx.AsyncClient, file: ModelFile) -> None:
        import httpx

        try:
            response = await client.head(address_of(file.url or ""), headers={"Accept-Encoding": "identity"})
        except (httpx.HTTPError, httpx.InvalidURL):
            return  # the download itself will tell, with all its patience
        if response.is_success:
            self.tally.files[file.path].total_bytes = upstream_of(response).size_bytes

    def _check_room_for(self, wanted: list[ModelFile]) -> None:
        missing = 0
        for file in wanted:
            progress = self.tally.files[file.path]
            missing += max((progress.total_bytes or 0) - progress.done_bytes, 0)
        self.directory.mkdir(parents=True, exist_ok=True)
        self._check_room(missing)

    def _check_room(self, count: int) -> None:
        free = shutil.disk_usage(self.directory).free
        if count + SPARE_BYTES > free:
            raise no_room(self.directory, count + SPARE_BYTES, free)

    async def _fetch(
        self, client: httpx.AsyncClient, file: ModelFile, limiter: anyio.CapacityLimiter
    ) -> None:
        async with limiter:
            pin = (await run_sync(read_pins, self.directory)).get(file.path)
            progress = self.tally.files[file.path]
            fetch = Fetch(
                client,
                file,
                self.directory,
                expected_of(file, pin),
                progress,
                received=self.tally.received,
                check_room=self._check_room,
                patience=self._patience,
            )
            await fetch.run()

    async def _tick(self) -> None:
        while True:
            self.tally.look(time.monotonic())
            self._show_changes()
            await anyio.sleep(TICK_SEC)

    def _show_changes(self) -> None:
        for path, file in self.tally.files.items():
            state = (file.done_bytes, file.stage)
            if file.stage != "waiting" and self._shown.get(path) != state:
                self._shown[path] = state
                self._show(file)


_WHO = {"User-Agent": f"lofi-core/{__version__}"}


def _new_client(patience: Patience) -> httpx.AsyncClient:
    """In a thread: importing it and reading the certificates takes a tenth of a second."""
    import httpx

    timeout = httpx.Timeout(patience.stall_sec, connect=patience.connect_sec, pool=None)
    try:
        hooks = {"response": [_stay_encrypted]}
        return httpx.AsyncClient(timeout=timeout, follow_redirects=True, headers=_WHO, event_hooks=hooks)
    except (ValueError, ImportError, OSError) as error:  # a proxy or certificate variable that makes no sense
        hint = "look at HTTPS_PROXY, HTTP_PROXY, ALL_PROXY, SSL_CERT_FILE in the daemon's environment"
        raise ModelDownloadFailed(f"cannot set up downloads: {brief(error)}", hint) from error


async def _stay_encrypted(answer: httpx.Response) -> None:
    """Refuse to be led out of https, where anybody on the way could put another file in place of ours."""
    asked = answer.request.url
    if answer.has_redirect_location and asked.scheme == "https":
        leads_to = asked.join(answer.headers["location"])
        if leads_to.scheme != "https":
            problem = f"{asked.host} leads to {leads_to.scheme}://{leads_to.host}, which is not encrypted"
            raise ModelDownloadFailed(problem, "the source has been tampered with, or your network has")


def _first(group: BaseExceptionGroup[BaseException]) -> BaseException:
    """The error to tell of: one failure cancels the other files, which is no news."""
    _, rest = group.split(anyio.get_cancelled_exc_class())
    error: BaseException = rest or group
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return error
