"""The async face of the store: what the engine, the RPC handlers and the shutdown do with it."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import soundfile

from lofi_core.errors import (
    AudioDeviceError,
    InferenceFailed,
    ShuttingDown,
    TrackWriteFailed,
    UnknownTrack,
)
from lofi_core.rpc.handlers.tracks import TrackMethods
from lofi_core.rpc.params import TrackParams
from lofi_core.tracks import slices
from lofi_core.tracks.library import Library
from lofi_core.tracks.spool import BLOCK_FRAMES

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from lofi_core.tracks.spool import Spool
    from lofi_core.tracks.track import Track
    from tests.tracks.conftest import Noise, Studio

pytestmark = pytest.mark.anyio


@pytest.fixture
async def library(tmp_path: Path, anyio_backend: str) -> AsyncIterator[Library]:
    opened = await Library.open(tmp_path / "data", tmp_path / "cache")
    yield opened
    await opened.close()


async def spooled(library: Library, audio: Any, rate: int = 48_000) -> Spool:
    spool = await library.new_spool("job", rate, len(audio))
    await asyncio.to_thread(lambda: library.append(spool, audio).result())
    return spool


async def stored(library: Library, studio: Studio, audio: Any, name: str = "a") -> Track:
    spool = await spooled(library, audio)
    track = await library.commit(await library.encode(spool, studio.draft(name)))
    await library.discard_spool(spool)
    return track


async def test_samples_become_a_track_that_is_found(
    library: Library, studio: Studio, pink_noise: Noise
) -> None:
    track = await stored(library, studio, pink_noise(2))
    assert await library.find(track.track_id) == track
    assert await library.list(query="prompt a") == ([track], 1)
    assert soundfile.info(track.path).frames == 96_000


async def test_chunks_are_spooled_in_the_order_they_were_appended(library: Library) -> None:
    spool = await library.new_spool("job", 8_000, 1)
    chunks = [np.full((1, 100 + n), n / 100, np.float32) for n in range(50)]
    futures = [library.append(spool, chunk) for chunk in chunks]
    await asyncio.gather(*map(asyncio.wrap_future, futures))
    assert np.array_equal(soundfile.read(spool.path, dtype="float32")[0], np.concatenate(chunks, axis=1)[0])


async def test_the_buffer_of_a_chunk_may_be_reused_at_once(library: Library) -> None:
    spool = await library.new_spool("job", 8_000, 1)
    buffer = np.full((1, 1_000), 0.5, np.float32)
    future = library.append(spool, buffer)
    buffer[:] = 0
    await asyncio.wrap_future(future)
    assert (soundfile.read(spool.path)[0] == 0.5).all()


async def test_a_chunk_longer_than_a_block_is_whole_once_its_future_is_done(
    library: Library, pink_noise: Noise
) -> None:
    audio = pink_noise(3 * BLOCK_FRAMES / 48_000)
    spool = await spooled(library, audio)
    assert np.array_equal(soundfile.read(spool.path, dtype="float32")[0].T, audio)


async def test_what_is_no_audio_is_refused_in_the_callers_thread(library: Library) -> None:
    spool = await library.new_spool("job", 8_000, 2)
    with pytest.raises(InferenceFailed, match="NaN"):
        library.append(spool, np.full((2, 10), np.nan, np.float32))
    assert spool.frames == 0


async def test_two_spools_of_one_name_are_two_files(library: Library) -> None:
    first, second = await library.new_spool("job", 8_000, 1), await library.new_spool("job", 8_000, 1)
    assert first.path != second.path


async def test_a_spool_stays_until_it_is_discarded(
    library: Library, studio: Studio, pink_noise: Noise
) -> None:
    spool = await spooled(library, pink_noise(1))
    await library.commit(await library.encode(spool, studio.draft()))
    assert spool.path.exists()
    await library.discard_spool(spool)
    assert not spool.path.exists()


async def test_progress_is_told_from_the_store_thread(
    library: Library, studio: Studio, pink_noise: Noise
) -> None:
    told: list[tuple[float, str]] = []
    spool = await spooled(library, pink_noise(4))
    await library.encode(spool, studio.draft(), lambda f: told.append((f, threading.current_thread().name)))
    fractions, threads = zip(*told, strict=True)
    assert list(fractions) == sorted(fractions)
    assert fractions[-1] == 1.0
    assert set(threads) == {"lofi-store"}


async def test_others_get_the_store_thread_while_a_long_track_is_encoded(
    library: Library, studio: Studio, pink_noise: Noise, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(slices, "SLICE_SEC", 0)  # one block a slice, of which 20 s have 15
    spool = await spooled(library, pink_noise(20))
    encoding = asyncio.create_task(library.encode(spool, studio.draft()))
    for _ in range(5):
        assert await library.find("0" * 32) is None
    assert not encoding.done()
    await library.discard(await encoding)


async def test_cancelling_an_encode_leaves_no_file(
    library: Library, studio: Studio, pink_noise: Noise, tmp_path: Path
) -> None:
    begun = asyncio.Event()
    loop = asyncio.get_running_loop()
    spool = await spooled(library, pink_noise(20))

    def on_progress(_: float) -> None:
        loop.call_soon_threadsafe(begun.set)

    encoding = asyncio.create_task(library.encode(spool, studio.draft(), on_progress))
    await begun.wait()
    encoding.cancel()
    with pytest.raises(asyncio.CancelledError):
        await encoding
    await library.list()  # behind the clean-up in the store thread
    assert not list((tmp_path / "data").rglob("*.flac"))


async def test_an_encode_cancelled_at_its_very_end_leaves_no_file(
    library: Library, studio: Studio, pink_noise: Noise, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(slices, "SLICE_SEC", 60)  # the whole of it is one slice
    at_the_end, go_on = asyncio.Event(), threading.Event()
    loop = asyncio.get_running_loop()

    def on_progress(_: float) -> None:
        loop.call_soon_threadsafe(at_the_end.set)
        go_on.wait()  # the slice goes on to its end after the task was cancelled

    spool = await spooled(library, pink_noise(0.5))
    encoding = asyncio.create_task(library.encode(spool, studio.draft(), on_progress))
    await at_the_end.wait()
    encoding.cancel()
    go_on.set()
    with pytest.raises(asyncio.CancelledError):
        await encoding
    await library.list()
    assert not list((tmp_path / "data").rglob("*.flac"))


async def test_a_discarded_track_is_not_found(library: Library, studio: Studio, pink_noise: Noise) -> None:
    encoded = await library.encode(await spooled(library, pink_noise(1)), studio.draft())
    await library.discard(encoded)
    assert not encoded.temporary.exists()
    with pytest.raises(UnknownTrack):
        await library.get(encoded.track_id)


async def test_count_and_size_are_known_without_asking_the_store(
    library: Library, studio: Studio, pink_noise: Noise
) -> None:
    assert (library.count, library.size_bytes) == (0, 0)
    first = await stored(library, studio, pink_noise(0.5), "a")
    second = await stored(library, studio, pink_noise(0.5), "b")
    assert (library.count, library.size_bytes) == (2, first.size_bytes + second.size_bytes)
    await library.delete(first.track_id)
    assert (library.count, library.size_bytes) == (1, second.size_bytes)
    await asyncio.to_thread(Path(second.path).unlink)
    assert await library.find(second.track_id) is None
    assert (library.count, library.size_bytes) == (0, 0)


async def test_tracks_that_another_process_stored_are_counted_once_they_are_listed(
    library: Library, studio: Studio
) -> None:
    track = studio.add()
    assert (await library.list())[0] == [track]
    assert (library.count, library.size_bytes) == (1, track.size_bytes)


async def test_the_count_is_right_after_a_restart(
    library: Library, studio: Studio, pink_noise: Noise, tmp_path: Path
) -> None:
    track = await stored(library, studio, pink_noise(0.5))
    await library.close()
    again = await Library.open(tmp_path / "data", tmp_path / "cache")
    assert (again.count, again.size_bytes) == (1, track.size_bytes)
    assert await again.find(track.track_id) == track
    await again.close()


async def test_tracks_are_marked_drawn_and_exported(
    library: Library, studio: Studio, pink_noise: Noise, tmp_path: Path
) -> None:
    track = await stored(library, studio, pink_noise(1))
    assert (await library.update(track.track_id, favourite=True)).favourite
    assert len(await library.waveform(track.track_id, 12)) == 12
    exported = await library.export(track.track_id, str(tmp_path / "out.ogg"))
    assert exported.size_bytes == (tmp_path / "out.ogg").stat().st_size


async def test_a_track_is_deleted_and_told_of_though_the_player_fails(
    library: Library, studio: Studio
) -> None:
    class Broken:
        async def forget(self, _: str) -> None:
            raise AudioDeviceError("the player has died")

    track, told = studio.add(), asyncio.Queue[Any]()
    broken: Any = Broken()
    methods = TrackMethods(library, broken, told.put_nowait)
    nobody: Any = None
    answer = await methods.tracks_delete(nobody, TrackParams(track.track_id))
    assert answer.deleted
    assert (await told.get()).reason == "deleted"
    assert await library.find(track.track_id) is None


async def test_closing_removes_the_spools_and_ends_the_thread(library: Library) -> None:
    spool = await library.new_spool("job", 8_000, 1)
    await library.close()
    assert not spool.path.parent.exists()
    assert "lofi-store" not in {thread.name for thread in threading.enumerate()}


async def test_a_closed_library_says_so(library: Library) -> None:
    spool = await library.new_spool("job", 8_000, 1)
    await library.close()
    await library.close()
    with pytest.raises(ShuttingDown):
        await library.find("0" * 32)
    with pytest.raises(ShuttingDown):
        library.append(spool, np.zeros((1, 1), np.float32))


async def test_a_store_that_cannot_open_leaves_no_thread(tmp_path: Path) -> None:
    (tmp_path / "data").touch()
    with pytest.raises(TrackWriteFailed):
        await Library.open(tmp_path / "data", tmp_path / "cache")
    left = [thread for thread in threading.enumerate() if thread.name == "lofi-store"]
    for thread in left:
        thread.join(5)
    assert not any(thread.is_alive() for thread in left)


@pytest.mark.parametrize(
    ("module", "heavy"),
    [
        ("lofi_core.tracks.track", "numpy soundfile mutagen sqlite3"),
        ("lofi_core.tracks.library", "numpy soundfile mutagen"),
    ],
)
def test_importing_brings_nothing_heavy(module: str, heavy: str) -> None:
    program = f"import sys, {module}; print([name for name in {heavy.split()!r} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", program], check=True, capture_output=True, text=True)
    assert done.stdout.strip() == "[]"
