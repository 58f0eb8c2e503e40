"""When are index and files compared? When the daemon starts, and whenever the index had to be made anew."""

from __future__ import annotations

import asyncio
import logging
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

from lofi_core.errors import LofiError
from lofi_core.tracks.open_index import FILE_NAME, find_damage
from lofi_core.tracks.reconcile import Found

if TYPE_CHECKING:
    from pathlib import Path

    from anyio.abc import TaskGroup

    from lofi_core.tracks.library import Library

log = logging.getLogger("lofi.tracks")


@dataclass(slots=True)
class Check:
    """How far the comparison is.

    Attributes:
        rebuilding: the index was damaged; all tracks are taken back into a new one.
        found: what did not agree, so far.
    """

    state: Literal["waiting", "running", "done", "failed"] = "waiting"
    percent: int = 0
    rebuilding: bool = False
    found: Found = field(default_factory=Found)


class Checker:
    """Has index and files agree. On the event loop; the store thread does the work, in slices.

    Args:
        library: whose.
        data_dir: where its index lies.
    """

    def __init__(self, library: Library, data_dir: Path) -> None:
        self._library = library
        self._index = data_dir / FILE_NAME

    def start(self, tasks: TaskGroup) -> None:
        """Begin, in a task group that outlives every command."""
        tasks.start_soon(self._run)

    async def _run(self) -> None:
        damage = None if self._library.check.rebuilding else await asyncio.to_thread(find_damage, self._index)
        if damage is not None:
            await self._library.renew(damage)
        while True:
            self._library.renewed.clear()
            await self._compare()
            await self._library.renewed.wait()
            self._library.check = Check(rebuilding=True)

    async def _compare(self) -> None:
        library, check = self._library, self._library.check
        check.state = "running"
        try:
            await library.reconcile()
        except LofiError as error:
            check.state = "failed"
            log.warning("index and files could not be compared: %s", error.text())
        else:
            check.state = "done"
            self._sum_up(check)

    def _sum_up(self, check: Check) -> None:
        if check.rebuilding:
            log.info("the index is whole again: %d tracks", self._library.count)
        elif summary := check.found.summary():
            log.info("index and files were compared: %s", summary)
