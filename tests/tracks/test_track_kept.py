"""What a backend wants kept with a track lies beside it, and comes and goes with it."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec
import numpy as np
import pytest

from lofi_core.errors import TrackWriteFailed
from lofi_core.runtime import MAX_KEPT_BYTES, Runtime
from lofi_core.tracks.recipes import read_recipe
from tests.conftest import InstallBackend, StartDaemon, events_until_end

if TYPE_CHECKING:
    from collections.abc import Callable

    from lofi_core.tracks.track import Track
    from tests.tracks.conftest import Noise, Studio

LATENTS = np.arange(24, dtype=np.float16).reshape(1, 2, 3, 4)


def beside(track: Track) -> Path:
    return Path(track.path).with_suffix(".npz")


def load(path: Path) -> dict[str, Any]:
    with np.load(path, allow_pickle=False) as arrays:
        return dict(arrays)


def test_arrays_lie_beside_the_track_as_they_were_and_the_recipe_names_them(studio: Studio) -> None:
    track = studio.add(kept={"latents": LATENTS, "steps": np.array(27)})
    found = load(beside(track))
    assert set(found) == {"latents", "steps"}
    assert found["latents"].dtype == np.float16
    np.testing.assert_array_equal(found["latents"], LATENTS)
    assert track.recipe.extra["kept"] == ["latents", "steps"]
    assert read_recipe(Path(track.path)).extra["kept"] == ["latents", "steps"]
    assert not studio.leftovers()


def test_a_track_that_keeps_nothing_has_nothing_beside_it(studio: Studio) -> None:
    track = studio.add()
    assert not beside(track).exists()
    assert "kept" not in track.recipe.extra


def test_what_is_kept_counts(studio: Studio) -> None:
    track = studio.add(kept={"latents": LATENTS})
    assert track.size_bytes == Path(track.path).stat().st_size
    assert studio.store.count_and_bytes() == (1, track.size_bytes + beside(track).stat().st_size)


def test_a_deleted_track_takes_it_along(studio: Studio) -> None:
    track = studio.add(kept={"latents": LATENTS})
    studio.store.delete(track.track_id)
    assert list(Path(track.path).parent.iterdir()) == []
    assert studio.store.count_and_bytes() == (0, 0)


def test_a_track_whose_file_is_gone_takes_it_along(studio: Studio) -> None:
    track = studio.add(kept={"latents": LATENTS})
    Path(track.path).unlink()
    assert studio.store.find(track.track_id) is None
    assert not beside(track).exists()


def test_a_track_made_again_has_what_was_kept_last(studio: Studio) -> None:
    first = studio.add(kept={"latents": LATENTS})
    studio.add(kept={"latents": LATENTS + 1})
    np.testing.assert_array_equal(load(beside(first))["latents"], LATENTS + 1)
    studio.add()
    assert not beside(first).exists()
    assert studio.store.count_and_bytes()[1] == Path(first.path).stat().st_size


def test_a_track_without_it_is_a_track_still(studio: Studio) -> None:
    track = studio.add(kept={"latents": LATENTS})
    beside(track).unlink()
    assert studio.store.find(track.track_id) == track
    studio.store.delete(track.track_id)


def test_a_discarded_track_leaves_none_of_it(studio: Studio, pink_noise: Noise) -> None:
    studio.store.discard(studio.encode(pink_noise(0.5, 8_000), kept={"latents": LATENTS}))
    assert not studio.leftovers()


def test_a_commit_that_fails_leaves_neither_file(studio: Studio, pink_noise: Noise) -> None:
    encoded = studio.encode(pink_noise(0.5, 8_000), kept={"latents": LATENTS})
    studio.store.close()  # the index cannot be written any more
    with pytest.raises(TrackWriteFailed):
        studio.store.commit(encoded)
    studio.reopen()
    assert not studio.leftovers()
    assert list(studio.data_dir.rglob("*.npz")) == []


def test_a_disk_that_fills_up_while_it_is_written_leaves_nothing(
    studio: Studio, pink_noise: Noise, full_disk: Callable[[int], Any]
) -> None:
    # Noise of 4 kHz and half a second fits where these arrays do not.
    with full_disk(400_000), pytest.raises(TrackWriteFailed):
        studio.encode(pink_noise(0.5, 8_000), kept={"latents": np.zeros(500_000, np.float32)})
    assert not studio.leftovers()


NO_ORDER = "DROP INDEX tracks_in_order;"
BY_AGE = NO_ORDER + "CREATE INDEX tracks_by_age ON tracks (created_at DESC, sequence DESC);"
NO_USE = BY_AGE + "DROP INDEX tracks_by_use; ALTER TABLE tracks DROP COLUMN used_at;"
NOTHING_KEPT = (
    "DROP INDEX tracks_by_size; ALTER TABLE tracks DROP COLUMN kept_bytes;"
    "CREATE INDEX tracks_by_size ON tracks (size_bytes);"
)


@pytest.mark.parametrize(
    ("version", "without"), [(1, NO_USE + NOTHING_KEPT), (2, NO_USE), (3, BY_AGE), (4, NO_ORDER)]
)
def test_a_library_from_before_goes_on(studio: Studio, version: int, without: str) -> None:
    track = studio.add()
    studio.store.close()
    with closing(sqlite3.connect(studio.data_dir / "index.db")) as other:
        other.executescript(f"{without} PRAGMA user_version = {version}")
    studio.reopen()
    with closing(sqlite3.connect(studio.data_dir / "index.db")) as other:
        assert other.execute("SELECT used_at FROM tracks").fetchall() == [(track.created_at,)]
        assert other.execute("PRAGMA user_version").fetchone() == (5,)
        assert "tracks_in_order" in {name for (name,) in other.execute("SELECT name FROM sqlite_master")}
    assert studio.store.find(track.track_id) == track
    assert studio.store.count_and_bytes() == (1, track.size_bytes)
    kept = studio.add("b", kept={"latents": LATENTS})
    assert studio.store.count_and_bytes()[1] > track.size_bytes + kept.size_bytes


@pytest.mark.parametrize(
    ("name", "array", "told"),
    [
        ("../x", LATENTS, "plain identifier"),
        ("file", LATENTS, "plain identifier"),
        ("objects", np.array([{}, None]), "dtype object"),
        ("words", np.array(["rain"]), "only numbers"),
        ("much", np.zeros(MAX_KEPT_BYTES + 1, np.uint8), "at most 64,000,000"),
    ],
)
def test_what_cannot_be_kept_is_refused(name: str, array: Any, told: str) -> None:
    with pytest.raises(ValueError, match=told):
        Runtime().keep(name, array)


def test_what_is_kept_is_a_copy_and_one_jobs_own() -> None:
    model, array = Runtime(), LATENTS.copy()
    first, second = model.for_job(), model.for_job()
    first.keep("latents", array)
    array[:] = 0
    np.testing.assert_array_equal(first.kept["latents"], LATENTS)
    assert (second.kept, model.kept) == ({}, {})


KEEPS = """
    import numpy as np
    from lofi_core import BackendSpec, Schedule, Stage, Step, hookimpl

    @hookimpl
    def describe_backend():
        return BackendSpec("keeps", "Keeps", 8000, 1, 1, 60, model_version="1")

    @hookimpl
    def make_schedule(request):
        return Schedule([Stage("all", 1)])

    @hookimpl
    def generate(request, runtime):
        runtime.keep("latents", np.full((1, 8), request.seed, "float16"))
        yield Step("all", 0, np.full((1, 8000), 0.25, "float32"))
"""


def test_what_a_backend_keeps_in_a_daemon_is_there_afterwards(
    start_daemon: StartDaemon, install_backend: InstallBackend
) -> None:
    install_backend("keeps", KEEPS)
    client = start_daemon().client()
    job = client.call("generate", prompt="x", backend="keeps", duration_sec=1, seed=7)
    events_until_end(client, job["job_id"])
    track = client.call("tracks_get", track_id=job["track_id"])
    assert track["recipe"]["extra"]["kept"] == ["latents"]
    path = Path(track["path"]).with_suffix(".npz")
    np.testing.assert_array_equal(load(path)["latents"], np.full((1, 8), 7))
    assert client.call("status")["tracks"]["bytes"] == track["size_bytes"] + path.stat().st_size
    client.call("tracks_delete", track_id=job["track_id"])
    assert not path.exists()
    assert msgspec.msgpack.encode(track)
