"""While the daemon runs, damage that comes to light is mended, and ends nothing."""

from __future__ import annotations

import logging
import sqlite3
from contextlib import asynccontextmanager, closing
from typing import TYPE_CHECKING

import anyio
import numpy as np
import pytest

from lofi_core.errors import AudioDeviceError
from lofi_core.tracks.check import Checker
from lofi_core.tracks.library import Library
from lofi_core.tracks.store import TrackStore

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from tests.tracks.conftest import Studio


def spoil_unseen(path: Path) -> None:
    """What a disk may do to a page that nobody reads but who asks for a track by its job."""
    with closing(sqlite3.connect(path)) as index:
        index.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        page_bytes = index.execute("PRAGMA page_size").fetchone()[0]
        root = index.execute("SELECT rootpage FROM sqlite_schema WHERE name = 'tracks_by_job'").fetchone()[0]
    with path.open("r+b") as file:
        file.seek((root - 1) * page_bytes)
        file.write(np.random.default_rng(1).bytes(page_bytes))


@asynccontextmanager
async def checked(studio: Studio) -> AsyncIterator[Library]:
    """The library of a daemon that has started on a damaged index, when its check has come to an end."""
    studio.store.close()
    spoil_unseen(studio.data_dir / "index.db")
    library = await Library.open(studio.data_dir, studio.root / "cache")
    try:
        async with anyio.create_task_group() as tasks:
            Checker(library, studio.data_dir, library.delete, lambda _: None).start(tasks)
            with anyio.fail_after(20):
                while library.check.state in {"waiting", "running"}:  # noqa: ASYNC110 - nobody is told
                    await anyio.sleep(0.01)
            yield library
            tasks.cancel_scope.cancel()
    finally:
        await library.close()
        studio.store = TrackStore(studio.data_dir)


@pytest.mark.anyio
async def test_a_player_that_cannot_leave_a_damaged_track_ends_nothing(
    studio: Studio, caplog: pytest.LogCaptureFixture
) -> None:
    async def fail(_: str) -> None:
        raise AudioDeviceError("the player has died")

    library = await Library.open(studio.data_dir, studio.root / "cache")
    async with anyio.create_task_group() as tasks:
        Checker(library, studio.data_dir, fail, lambda _: None).start(tasks)
        library.on_damaged("0" * 32)
        await anyio.wait_all_tasks_blocked()
        tasks.cancel_scope.cancel()
    await library.close()
    assert "the player has died" in caplog.text


@pytest.mark.anyio
async def test_damage_that_only_reading_all_of_the_index_finds_is_called_that(
    studio: Studio, caplog: pytest.LogCaptureFixture
) -> None:
    tracks = [studio.add(name) for name in "ab"]
    with caplog.at_level(logging.INFO):
        async with checked(studio) as library:
            assert library.check.rebuilding
            assert (await library.list())[0] == tracks[::-1]
    assert "the index is whole again: 2 tracks" in caplog.text


@pytest.mark.anyio
async def test_a_damaged_index_that_cannot_be_put_aside_ends_nothing(
    studio: Studio, caplog: pytest.LogCaptureFixture
) -> None:
    track = studio.add()
    obstacle = studio.data_dir / "index.db.damaged"
    obstacle.mkdir()
    async with checked(studio) as library:
        assert "is damaged" in caplog.text
        assert await library.find(track.track_id) == track
        obstacle.rmdir()
        await library.find_job("job-a")  # meets it again, and now there is a way
        assert library.renewed.is_set()
        assert await library.find(track.track_id) == track
