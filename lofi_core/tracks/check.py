"""When are index and files looked after?

All are compared when the daemon starts, and when the index had to be made anew. A track that cannot be played
is read to its end.
"""

from __future__ import annotations

import asyncio
import logging
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

from lofi_core import events as ev
from lofi_core.errors import LofiError
from lofi_core.tracks.open_index import FILE_NAME, find_damage
from lofi_core.tracks.reconcile import Found

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine
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
        forget: called with the id of a track that is gone, and nobody had said so.
        publish: gets `track_removed` then.
    """

    def __init__(
        self,
        library: Library,
        data_dir: Path,
        forget: Callable[[str], Coroutine[Any, Any, None]],
        publish: Callable[[ev.Event], None],
    ) -> None:
        self._library = library
        self._index = data_dir / FILE_NAME
        self._forget = forget
        self._publish = publish
        self._tasks: TaskGroup

    def start(self, tasks: TaskGroup) -> None:
        """Begin, in a task group that outlives every command."""
        self._tasks = tasks
        self._library.on_damaged = self._damaged
        tasks.start_soon(self._run)

    def happened(self, event: ev.Event) -> None:
        """Follow the events of the playback."""
        if isinstance(event, ev.PlaybackEnded) and event.reason == "error":
            self._tasks.start_soon(self._examine, event.track_id)

    async def _examine(self, track_id: str) -> None:
        try:
            await self._library.examine(track_id)
        except LofiError as error:
            log.warning("%s", error.text())

    def _damaged(self, track_id: str) -> None:
        self._publish(ev.TrackRemoved(track_id, "damaged"))
        self._tasks.start_soon(self._forget_it, track_id)

    async def _forget_it(self, track_id: str) -> None:
        try:
            await self._forget(track_id)
        except LofiError as error:
            log.warning("%s", error.text())

    async def _run(self) -> None:
        library = self._library
        await self._look_for_damage()
        while True:
            if library.renewed.is_set():
                library.renewed.clear()
                library.check = Check(rebuilding=True)
            await self._compare()
            await library.renewed.wait()

    async def _look_for_damage(self) -> None:
        """Read all of the index, unless it is new in place of a damaged one."""
        library = self._library
        damage = None if library.check.rebuilding else await asyncio.to_thread(find_damage, self._index)
        if damage is None or library.renewed.is_set():  # somebody met it meanwhile
            return
        try:
            await library.renew(damage)
        except LofiError as error:
            log.warning("the index %s is damaged (%s), and stays: %s", self._index, damage, error.text())

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
