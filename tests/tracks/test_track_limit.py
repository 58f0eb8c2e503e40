"""Which tracks go when the library is larger than the user allows?"""

from __future__ import annotations

import asyncio
import logging
import sqlite3
from contextlib import asynccontextmanager, closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import anyio
import pytest

from lofi_core import events as ev
from lofi_core.errors import TrackWriteFailed
from lofi_core.tracks.library import Library
from lofi_core.tracks.limit import Limit
from lofi_core.tracks.uses import LONGEST_SEC, RecentUses
from tests.conftest import wait_for
from tests.playback.conftest import make_track
from tests.player.conftest import eventually

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

    from lofi_core.tracks.track import Track
    from tests.conftest import StartDaemon
    from tests.tracks.conftest import Studio


def three(studio: Studio) -> list[Track]:
    return [studio.add(name) for name in "abc"]


def test_what_fits_stays(studio: Studio) -> None:
    tracks = three(studio)
    assert studio.store.remove_least_used(sum(track.size_bytes for track in tracks)) is None


def test_what_was_used_longest_ago_goes_first(studio: Studio, tmp_path: Path) -> None:
    a, b, c = three(studio)
    studio.store.get(a.track_id, used=True)
    studio.store.find(c.track_id)  # a look is no use
    studio.complete(studio.store.export(b.track_id, str(tmp_path / "b.flac")))
    removed = [studio.store.remove_least_used(0) for _ in range(4)]
    assert removed == [c.track_id, a.track_id, b.track_id, None]
    assert not any(Path(track.path).exists() for track in (a, b, c))
    assert studio.store.count_and_bytes() == (0, 0)


def test_favourites_what_is_kept_and_what_was_used_just_now_stay(studio: Studio) -> None:
    a, b, c = three(studio)
    studio.store.update(a.track_id, favourite=True)
    assert studio.store.remove_least_used(0, {b.track_id}) == c.track_id
    assert studio.store.remove_least_used(0, {b.track_id}) is None
    assert studio.store.remove_least_used(0, recent_sec=60) is None


def test_a_use_outlives_a_restart_and_a_track_that_is_made_again_is_used(studio: Studio) -> None:
    a, b, _ = three(studio)
    studio.store.get(a.track_id, used=True)
    studio.add("b")
    studio.reopen()
    removed = [studio.store.remove_least_used(0) for _ in range(3)]
    assert removed[1:] == [a.track_id, b.track_id]


def test_a_clock_that_went_back_a_day_changes_neither_what_is_newest_nor_what_goes_first(
    studio: Studio, monkeypatch: pytest.MonkeyPatch
) -> None:
    a, b, _ = three(studio)
    yesterday = datetime.now(UTC) - timedelta(days=1)

    class Back(datetime):
        @classmethod
        def now(cls, tz: Any = None) -> Any:  # noqa: ARG003
            return yesterday

    for module in ("encode", "store"):
        monkeypatch.setattr(f"lofi_core.tracks.{module}.datetime", Back)
    d = studio.add("d")
    assert d.created_at < a.created_at
    studio.store.get(a.track_id, used=True)
    assert studio.store.list()[0][0] == d
    assert studio.store.remove_least_used(0, recent_sec=60) is None
    removed = [studio.store.remove_least_used(0) for _ in range(4)]
    assert (removed[0], removed[2:]) == (b.track_id, [d.track_id, a.track_id])


def test_a_row_whose_file_is_gone_already_goes_too(studio: Studio) -> None:
    track = studio.add()
    Path(track.path).unlink()
    assert studio.store.remove_least_used(0) == track.track_id
    assert studio.store.count_and_bytes() == (0, 0)


def test_what_is_kept_beside_a_file_counts_and_goes_with_it(studio: Studio) -> None:
    import numpy as np

    track = studio.add(kept={"latents": np.zeros(1_000, np.float32)})
    assert studio.store.remove_least_used(track.size_bytes + 100) == track.track_id
    assert not Path(track.path).with_suffix(".npz").exists()


def test_a_full_disk_keeps_nobody_from_what_is_there(
    studio: Studio, full_disk: Callable[[int], Any], caplog: pytest.LogCaptureFixture
) -> None:
    track = studio.add()
    with full_disk(1_000):
        assert studio.store.get(track.track_id, used=True) == track
    assert "is not noted" in caplog.text
    assert studio.store.get(track.track_id, used=True) == track


class Tended:
    """A library under a limit, and what was told of it."""

    def __init__(self, library: Library) -> None:
        self.library = library
        self.in_use: set[str] = set()
        self.told: asyncio.Queue[ev.Event] = asyncio.Queue()
        self.limit: Limit

    async def removed(self) -> str:
        event = await asyncio.wait_for(self.told.get(), 15)
        assert isinstance(event, ev.TrackRemoved)
        assert event.reason == "max_gb"
        return event.track_id

    def made(self) -> None:
        """As the engine tells it."""
        self.limit.happened(
            ev.GenerationComplete("t", "/t", 1.0, 8_000, 1, "p", 1, "sine", "1", 0.1, cached=False)
        )


@asynccontextmanager
async def tended(studio: Studio, max_bytes: int) -> AsyncIterator[Tended]:
    library = await Library.open(studio.data_dir, studio.root / "cache")
    made = Tended(library)
    made.limit = Limit(library, max_bytes / 1e9, lambda: made.in_use, made.told.put_nowait, recent_sec=-1)
    try:
        async with anyio.create_task_group() as tasks:
            made.limit.start(tasks)
            yield made
            tasks.cancel_scope.cancel()
    finally:
        await library.close()


@pytest.mark.anyio
async def test_a_library_that_is_too_large_at_the_start_is_brought_within_the_limit(studio: Studio) -> None:
    a, b, c = three(studio)
    async with tended(studio, c.size_bytes) as made:
        assert [await made.removed(), await made.removed()] == [a.track_id, b.track_id]
        assert (made.library.count, made.library.size_bytes) == (1, c.size_bytes)


@pytest.mark.anyio
async def test_a_track_that_plays_is_used_and_the_next_that_is_made_costs_another(studio: Studio) -> None:
    a, b, c = three(studio)
    async with tended(studio, sum(track.size_bytes for track in (a, b, c))) as made:
        made.limit.happened(ev.PlaybackStarted(a.track_id, 0.0))
        await asyncio.sleep(0)
        await made.library.get(c.track_id)  # behind the note, in the one store thread
        studio.add("d")
        await made.library.find(a.track_id)  # the library counts anew
        made.made()
        assert await made.removed() == b.track_id


@pytest.mark.anyio
async def test_without_a_limit_all_stay(studio: Studio) -> None:
    three(studio)
    async with tended(studio, 0) as made:
        made.made()
        await asyncio.sleep(0.05)
        assert made.library.count == 3


@pytest.mark.anyio
async def test_what_all_stays_is_told_once_and_goes_when_it_is_out_of_use(
    studio: Studio, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("lofi_core.tracks.limit.AGAIN_SEC", 0.02)
    (a,) = [studio.add()]
    with caplog.at_level(logging.INFO, "lofi.tracks"):
        async with tended(studio, 1) as made:
            made.in_use.add(a.track_id)
            await asyncio.sleep(0.2)
            assert caplog.text.count("more than store.max_gb") == 1
            made.in_use.clear()
            assert await made.removed() == a.track_id
            assert f"removed track {a.track_id}" in caplog.text


@pytest.mark.anyio
async def test_a_file_that_cannot_be_removed_is_told_and_the_rest_goes_on(
    studio: Studio, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    a = studio.add()
    unlink: Callable[..., None] = Path.unlink

    def refuse(path: Path, **options: Any) -> None:
        if path.name.startswith(a.track_id):
            raise PermissionError(13, "Permission denied", str(path))
        unlink(path, **options)

    with monkeypatch.context() as patched:
        patched.setattr(Path, "unlink", refuse)
        with pytest.raises(TrackWriteFailed):
            studio.store.remove_least_used(0)
        async with tended(studio, 1) as made:
            await eventually(lambda: a.track_id in caplog.text)
            patched.undo()
            made.made()
            assert await made.removed() == a.track_id


def test_the_daemon_removes_what_passes_the_limit_and_tells_of_it(start_daemon: StartDaemon) -> None:
    daemon = start_daemon()
    client = daemon.client()
    made = [make_track(client, name) for name in "abcd"]
    client.call("playlist_add", track_id=made[0])
    client.call("tracks_update", track_id=made[1], favourite=True)
    daemon.stop()
    with closing(sqlite3.connect(daemon.data / "index.db")) as index, index:
        index.execute(
            "UPDATE tracks SET used_at = '2020-01-01T00:00:00.000Z' WHERE track_id != ?", (made[3],)
        )
    again = start_daemon(LOFI_STORE_MAX_GB="0.000000001")
    client = again.client()
    client.call("subscribe", events=["track_removed"])
    make_track(client, "e")  # by then it has looked
    kept = [track["track_id"] for track in client.call("tracks_list")["tracks"]]
    assert kept[1:] == [made[3], made[1], made[0]]
    assert any(f"removed track {made[2]}" in line for line in again.log)
    client.call("tracks_delete", track_id=made[1])
    assert wait_for(client, "track_removed", 20).fields == {"track_id": made[1], "reason": "deleted"}


def test_what_was_used_long_ago_is_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    now = 0.0
    monkeypatch.setattr("lofi_core.tracks.uses.time.monotonic", lambda: now)
    uses = RecentUses()
    for track_id in "aba":
        now += LONGEST_SEC / 2 + 1
        uses.note(track_id)
    assert uses.within(LONGEST_SEC) == {"a", "b"}
    now += LONGEST_SEC / 2
    uses.note("c")
    assert uses.within(1e9) == {"a", "c"}
