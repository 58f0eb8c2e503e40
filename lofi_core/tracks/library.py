"""How do the event loop and the worker threads reach the tracks, all of which live in one store thread?"""

from __future__ import annotations

import asyncio
import logging
from functools import partial
from typing import TYPE_CHECKING, Any, ParamSpec, TypeVar

from lofi_core.errors import ShuttingDown, TrackWriteFailed
from lofi_core.tracks.check import Check
from lofi_core.tracks.failures import TrackDamaged
from lofi_core.tracks.open_index import is_damage
from lofi_core.tracks.slices import run_in_slices
from lofi_core.tracks.spool_directory import SpoolDirectory
from lofi_core.tracks.store import TrackStore
from lofi_core.worker import Worker

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Collection, Sequence
    from concurrent.futures import Future
    from pathlib import Path

    from numpy.typing import NDArray

    from lofi_core.tracks.encode import EncodedTrack
    from lofi_core.tracks.spool import Spool
    from lofi_core.tracks.track import Exported, Track, TrackDraft

P = ParamSpec("P")
R = TypeVar("R")

log = logging.getLogger("lofi.tracks")

STOP_SEC = 5.0
TELL_EVERY_PERCENT = 10


class Library:
    """All tracks, from the event loop. Methods not marked otherwise are called there and never block it.

    A waiting call that is cancelled is taken back if it has not begun; `encode` and `export` stop at their
    next block and leave nothing behind.

    Attributes:
        worker: the store thread; what else is on the disk is written there too.
        check: how far the comparison of index and files is, and what it found.
        on_damaged: told the id of each track that turned out to be damaged, and is gone.
        renewed: set when the index was found damaged and made anew, so that it has to be filled.
    """

    def __init__(self, worker: Worker, store: TrackStore, spools: SpoolDirectory) -> None:
        self.worker = worker
        self._store = store
        self._spools = spools
        self._live: set[Spool] = set()  # touched in the store thread only
        self._closed = False
        self._totals = store.count_and_bytes()
        self._renewals_seen = store.renewals
        self.renewed = asyncio.Event()
        self.on_damaged: Callable[[str], None] = _ignore
        self.check = Check(rebuilding=store.renewals > 0)

    @property
    def count(self) -> int:
        """Tracks in the store, from memory, as of the last time that one was asked for through here."""
        return self._totals[0]

    @property
    def size_bytes(self) -> int:
        """Of all files together, from memory."""
        return self._totals[1]

    @classmethod
    async def open(cls, data_dir: Path, cache_dir: Path) -> Library:
        """Open or make the store under `data_dir` and this process's spool directory under `cache_dir`.

        Raises:
            TrackWriteFailed: either cannot be written, or the index is damaged.
        """
        worker = Worker("lofi-store")
        try:
            return await worker.run(_open, worker, data_dir, cache_dir)
        except BaseException:
            worker.stop(0)
            raise

    async def close(self) -> None:
        """Finish what is queued, remove this process's spools, close the index and end the thread."""
        if self._closed:
            return
        self._closed = True
        try:
            await self.worker.run(self._close_all)
        finally:
            self.worker.stop(STOP_SEC)

    async def new_spool(self, name: str, sample_rate: int, channels: int) -> Spool:
        """Begin a spool. `name` is a plain file name, such as the job's id."""
        return await self._run(self._begin_spool, name, sample_rate, channels)

    def append(self, spool: Spool, block: Any) -> Future[None]:
        """Check a chunk, then queue it to be written and measured. Called in a worker thread, not the loop.

        The chunk is copied, so the backend may reuse its buffer. One of more than 65,536 frames is written
        piece by piece, and all but the last piece before this returns: that bounds the memory it takes and
        lets others use the store thread in between. Chunks of one spool come from one thread at a time.

        Args:
            spool: from `new_spool`.
            block: `Step.audio` as the backend yielded it.

        Returns:
            Done when the whole chunk is on disk. Wait for it to keep a fast backend from running ahead; its
            exception is `TrackWriteFailed`.

        Raises:
            InferenceFailed: the chunk is not audio; nothing of it was written.
            TrackWriteFailed: a piece could not be written.
        """
        from lofi_core.tracks.audio import check_audio
        from lofi_core.tracks.spool import BLOCK_FRAMES

        audio: NDArray[Any] = check_audio(block, spool.channels)
        last = max(0, (audio.shape[1] - 1) // BLOCK_FRAMES * BLOCK_FRAMES)
        for start in range(0, last, BLOCK_FRAMES):
            self._submit(spool.append, audio[:, start : start + BLOCK_FRAMES]).result()
        return self._submit(spool.append, audio[:, last:])

    def after_appends(self, call: Callable[P, None], *args: P.args, **kwargs: P.kwargs) -> None:
        """Queue a call for the store thread, behind the chunks appended so far. From any thread."""
        self._submit(call, *args, **kwargs)

    async def encode(
        self, spool: Spool, draft: TrackDraft, on_progress: Callable[[float], None] = lambda _: None
    ) -> EncodedTrack:
        """Encode a spool, which takes no more samples from now on, to a temporary file.

        Args:
            spool: stays on disk until `discard_spool`.
            draft: what the engine knows of the track.
            on_progress: called in the store thread with the fraction done.

        Raises:
            InferenceFailed: the spool is empty.
            TrackWriteFailed: the disk is full or read-only; nothing is left behind.
        """
        begin = partial(self._store.encode, spool, draft)
        return await run_in_slices(self._open_worker(), begin, on_progress, self._store.discard)

    async def commit(self, encoded: EncodedTrack) -> Track:
        """Store an encoded track; see `TrackStore.commit`."""
        return await self._change(self._store.commit, encoded)

    async def discard(self, encoded: EncodedTrack) -> None:
        """Remove an encoded track that is not wanted after all."""
        await self._run(self._store.discard, encoded)

    async def retire_spool(self, spool: Spool) -> None:
        """Keep a spool's file for a while, and no more than that of it."""
        await self._run(spool.retire)

    async def discard_spool(self, spool: Spool) -> None:
        """Remove a spool's file."""
        await self._run(self._end_spool, spool)

    async def find(self, track_id: str, *, used: bool = False) -> Track | None:
        """The track, None when there is none or its file is gone; `used` as in `TrackStore.find`."""
        return await self._change(self._store.find, track_id, used=used)

    async def find_job(self, job_id: str) -> Track | None:
        """The track that a job made; see `TrackStore.find_job`."""
        return await self._change(self._store.find_job, job_id)

    async def get(self, track_id: str, *, used: bool = False) -> Track:
        """The track; `UnknownTrack` when there is none. `used` as in `TrackStore.find`."""
        return await self._change(self._store.get, track_id, used=used)

    async def list(
        self, limit: int = 50, offset: int = 0, query: str | None = None, *, favourite: bool | None = None
    ) -> tuple[Sequence[Track], int]:
        """A page of tracks, newest first, and how many match; see `TrackStore.list`."""
        return await self._change(self._store.list, limit, offset, query, favourite=favourite)

    async def update(
        self, track_id: str, *, favourite: bool | None = None, title: str | None = None
    ) -> Track:
        """Mark or rename a track; see `TrackStore.update`."""
        return await self._run(self._store.update, track_id, favourite=favourite, title=title)

    async def delete(self, track_id: str) -> None:
        """Remove a track; `UnknownTrack` when there is none."""
        await self._change(self._store.delete, track_id)

    async def remove_least_used(self, max_bytes: int, keep: Collection[str], recent_sec: float) -> str | None:
        """Remove the track that was used longest ago; see `TrackStore.remove_least_used`."""
        return await self._change(self._store.remove_least_used, max_bytes, keep, recent_sec)

    async def waveform(self, track_id: str, bins: int = 80) -> Sequence[float]:
        """Peaks of 0 to 1 in `bins` equal parts of the track."""
        begin = partial(self._mended, self._store.waveform, track_id, bins)
        return await self._reading(track_id, run_in_slices(self._open_worker(), begin, _ignore, _ignore))

    async def export(
        self, track_id: str, path: str, format_name: str | None = None, *, overwrite: bool = False
    ) -> Exported:
        """Write a copy outside of the store; see `TrackStore.export`."""
        begin = partial(self._mended, self._store.export, track_id, path, format_name, overwrite=overwrite)
        return await self._reading(track_id, run_in_slices(self._open_worker(), begin, _ignore, _ignore))

    async def examine(self, track_id: str) -> None:
        """Read all of a track that cannot be played, as somebody says; a damaged one is set aside."""
        begin = partial(self._store.examine, track_id)
        if damaged := await run_in_slices(self._open_worker(), begin, _ignore, _ignore):
            await self._heed(track_id, damaged)

    async def set_aside(self, track: Track, why: str) -> None:
        """Set a file aside that is not what its name says."""
        if damaged := await self._run(self._store.set_aside, track, why):
            await self._heed(track.track_id, damaged)

    async def reconcile(self) -> None:
        """Make the index say what files there are; `check` tells how far that is.

        Raises:
            TrackWriteFailed: the disk does not let us; or the index is damaged, and a new one was begun.
        """
        begin = partial(self._store.reconcile, self.check.found)
        try:
            await run_in_slices(self._open_worker(), begin, self._compared, _ignore)
        except TrackWriteFailed as error:
            if is_damage(error.__cause__):
                await self.renew(error.__cause__)
            raise

    async def renew(self, why: object) -> None:
        """Put the damaged index aside and begin a new one."""
        await self._run(self._store.renew, why)

    def _begin_spool(self, name: str, sample_rate: int, channels: int) -> Spool:
        from lofi_core.tracks.spool import Spool

        spool = Spool(self._spools.spool_path(name), sample_rate, channels)
        self._live.add(spool)
        return spool

    def _end_spool(self, spool: Spool) -> None:
        self._live.discard(spool)
        spool.discard()

    def _close_all(self) -> None:
        try:
            for spool in self._live:
                spool.close()
            self._spools.close()
        finally:
            self._store.close()

    def _open_worker(self) -> Worker:
        if self._closed:
            raise ShuttingDown("the track store is closed")
        return self.worker

    def _submit(self, function: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> Future[R]:
        return self._open_worker().submit(function, *args, **kwargs)

    async def _reading(self, track_id: str, doing: Awaitable[R]) -> R:
        try:
            return await doing
        except TrackDamaged as error:
            await self._heed(track_id, error)
            raise

    async def _heed(self, track_id: str, damaged: TrackDamaged) -> None:
        """A track is gone, and nobody asked for that."""
        log.error("%s", damaged.text())
        await self._change(self._store.count_and_bytes)
        self.on_damaged(track_id)

    async def _run(self, function: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
        try:
            return await self._open_worker().run(partial(self._mended, function, *args, **kwargs))
        finally:
            if self._store.renewals != self._renewals_seen:
                self._renewals_seen = self._store.renewals
                self.renewed.set()

    def _mended(self, function: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
        """Call; where the index turns out to be damaged, again with a new one. Store thread."""
        try:
            return function(*args, **kwargs)
        except TrackWriteFailed as error:
            if not is_damage(error.__cause__):
                raise
            self._store.renew(error.__cause__)
        return function(*args, **kwargs)

    def _compared(self, fraction: float) -> None:
        percent = int(fraction * 100)
        if percent != self.check.percent:
            self.check.percent = percent
            self._totals = self._store.count_and_bytes()
            if self.check.rebuilding and percent % TELL_EVERY_PERCENT == 0:
                log.info("the index is made anew: %d %%, %d tracks so far", percent, self.count)

    async def _change(self, function: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
        def call() -> R:
            try:
                return function(*args, **kwargs)
            finally:  # one may have been dropped just now, or another process has stored some
                self._totals = self._store.count_and_bytes()

        return await self._run(call)


def _open(worker: Worker, data_dir: Path, cache_dir: Path) -> Library:
    store = TrackStore(data_dir)
    try:
        return Library(worker, store, SpoolDirectory(cache_dir))
    except BaseException:
        store.close()
        raise


def _ignore(_: object) -> None:
    """For work whose progress nobody watches and whose result needs no undoing."""
