"""Files and index agree again, whatever happened to either."""

from __future__ import annotations

import logging
import os
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec
import numpy as np
import pytest
import soundfile

from lofi_core.temporary import temporary_path
from lofi_core.tracks.library import Library
from lofi_core.tracks.open_index import find_damage
from lofi_core.tracks.reconcile import Found
from lofi_core.tracks.store import TrackStore

if TYPE_CHECKING:
    from lofi_core.tracks.track import Track
    from tests.tracks.conftest import Noise, Studio


def compared(studio: Studio) -> Found:
    """Index and files, compared as at a start."""
    found = Found()
    studio.complete(studio.store.reconcile(found))
    return found


def without_row(studio: Studio, *tracks: Track) -> None:
    """A crash between the rename and the commit."""
    with closing(sqlite3.connect(studio.data_dir / "index.db")) as index, index:
        index.executemany("DELETE FROM tracks WHERE track_id = ?", [(track.track_id,) for track in tracks])


def spoil(path: Path) -> None:
    """What a disk may do to a page in the middle of a file."""
    with path.open("r+b") as file:
        file.seek(path.stat().st_size // 2)
        file.write(np.random.default_rng(1).bytes(4096))


def test_what_agrees_stays_as_it_is(studio: Studio) -> None:
    tracks = [studio.add(name) for name in "cba"]
    assert compared(studio) == Found()
    assert studio.store.list() == (tracks[::-1], 3)


def test_a_file_without_a_row_is_taken_back_letter_by_letter(studio: Studio) -> None:
    lost, other = studio.add("a", kept={"grid": np.ones(9)}), studio.add("b", title="Rain")
    without_row(studio, lost, other)
    assert compared(studio) == Found(taken_back=2)
    assert studio.store.list() == ([other, lost], 2)
    assert (
        studio.store.count_and_bytes()[1] > lost.size_bytes + other.size_bytes
    )  # and what is kept beside it


def test_a_file_without_a_row_is_found_before_anything_is_compared(studio: Studio) -> None:
    track = studio.add()
    without_row(studio, track)
    assert studio.store.find(track.track_id) == track


def test_title_and_favourite_come_back_as_they_were_last(studio: Studio) -> None:
    track = studio.add(title="Rain")
    studio.store.update(track.track_id, favourite=True)
    marked = studio.store.update(track.track_id, title="Snow")
    without_row(studio, track)
    compared(studio)
    assert studio.store.find(track.track_id) == marked


def test_a_title_of_a_version_without_marks_comes_back_from_the_tags(studio: Studio) -> None:
    track = studio.add(title="Rain")
    Path(track.path).with_suffix(".json").unlink()
    without_row(studio, track)
    compared(studio)
    assert studio.store.find(track.track_id) == track


def test_marks_of_a_version_without_marks_files_are_written_down(studio: Studio) -> None:
    track = studio.add()
    with closing(sqlite3.connect(studio.data_dir / "index.db")) as index, index:
        index.execute("UPDATE tracks SET favourite = 1")
    assert compared(studio) == Found()
    assert msgspec.json.decode(Path(track.path).with_suffix(".json").read_bytes()) == {"favourite": True}


def test_a_track_of_which_nothing_is_said_any_more_has_no_marks_file(studio: Studio) -> None:
    track = studio.add(title="Rain")
    studio.store.update(track.track_id, title="")
    assert not Path(track.path).with_suffix(".json").exists()


def test_a_row_whose_file_is_gone_is_dropped_with_what_lay_beside_it(
    studio: Studio, caplog: pytest.LogCaptureFixture
) -> None:
    track = studio.add(title="Rain", kept={"grid": np.ones(9)})
    Path(track.path).unlink()
    assert compared(studio) == Found(dropped=1)
    assert studio.store.list() == ([], 0)
    assert not list(Path(track.path).parent.iterdir())
    assert f"track {track.track_id} is dropped from the index: its file is gone" in caplog.text


def test_a_file_that_another_program_tagged_stays_ours(studio: Studio) -> None:
    track = studio.add()
    studio.store.update(track.track_id, favourite=True)
    from mutagen.flac import FLAC

    file = FLAC(track.path)  # type: ignore[no-untyped-call]
    file["ALBUM"] = "x" * 20_000
    file.save()
    found = studio.store.get(track.track_id)
    assert found.size_bytes == Path(track.path).stat().st_size > track.size_bytes
    assert found.favourite


@pytest.mark.parametrize("name", ["a" * 32, "song", "b" * 32])
def test_a_file_that_is_not_ours_is_set_aside(studio: Studio, pink_noise: Noise, name: str) -> None:
    folder = studio.data_dir / "tracks" / "aa"
    folder.mkdir()
    soundfile.write(folder / f"{name}.flac", pink_noise(0.1, 8_000).T, 8_000)
    content = folder.joinpath(f"{name}.flac").read_bytes()
    assert compared(studio) == Found(set_aside=1)
    assert (studio.data_dir / "set-aside" / f"{name}.flac").read_bytes() == content
    assert not list(folder.iterdir())


def test_a_file_that_is_cut_short_is_set_aside_and_what_was_said_of_it_waits(
    studio: Studio, caplog: pytest.LogCaptureFixture
) -> None:
    track = studio.add(title="Rain")
    os.truncate(track.path, track.size_bytes // 2)
    assert compared(studio) == Found(set_aside=1)
    assert studio.store.find(track.track_id) is None
    assert "is no whole track of ours" in caplog.text
    assert compared(studio) == Found()  # at the next start
    assert studio.add().title == "Rain"


def test_what_was_said_of_a_track_goes_with_its_file_from_among_those_set_aside(studio: Studio) -> None:
    track = studio.add(title="Rain", kept={"grid": np.ones(9)})
    os.truncate(track.path, track.size_bytes // 2)
    assert compared(studio) == Found(set_aside=1)
    assert compared(studio) == Found(leftovers=1)  # the arrays were of that file
    (studio.data_dir / "set-aside" / Path(track.path).name).unlink()
    assert compared(studio) == Found(leftovers=1)
    assert not list(Path(track.path).parent.iterdir())


def test_two_files_of_one_name_are_both_set_aside(studio: Studio) -> None:
    for _ in range(2):
        (studio.data_dir / "tracks" / "song.flac").write_bytes(b"x")
        compared(studio)
    assert sorted(path.name for path in (studio.data_dir / "set-aside").iterdir()) == [
        "song-2.flac",
        "song.flac",
    ]


def test_what_belongs_to_no_track_goes_and_what_is_no_business_of_ours_stays(studio: Studio) -> None:
    folder = Path(studio.add().path).parent
    gone = [folder / f"{folder.name}{'0' * 30}.npz", folder / f"{folder.name}{'0' * 30}.json"]
    dead = folder / ".tmp-999999999-0123abcd-x.json"
    stay = [temporary_path(folder, ".json"), folder / ".DS_Store", folder / "notes.txt"]
    for path in (*gone, dead, *stay):
        path.touch()
    assert compared(studio) == Found(leftovers=3)
    assert [path.exists() for path in (*gone, dead, *stay)] == [False] * 3 + [True] * 3


def test_a_track_that_another_process_stores_just_now_is_left_alone(studio: Studio) -> None:
    track = studio.add()
    steps = studio.store.reconcile(found := Found())
    next(steps)
    with closing(TrackStore(studio.data_dir)) as other:
        other.delete(track.track_id)
        studio.add("b")
    studio.complete(steps)
    assert found == Found()


def test_no_more_than_twenty_are_told_one_by_one(studio: Studio, caplog: pytest.LogCaptureFixture) -> None:
    for number in range(25):
        (studio.data_dir / "tracks" / f"{number}.flac").touch()
    assert compared(studio).summary() == "25 set aside, no tracks or no whole ones"
    assert len(caplog.records) == 20


@pytest.mark.parametrize("damage", [b"no database at all " * 300, b"", b"SQLite format 3\0" + b"\0" * 84])
def test_an_index_that_is_damaged_at_the_start_is_made_anew(
    studio: Studio, damage: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    tracks = [studio.add("a"), studio.add("b", title="Rain")]
    studio.store.close()
    index = studio.data_dir / "index.db"
    index.write_bytes(damage)
    studio.store = TrackStore(studio.data_dir)
    assert compared(studio) == Found(taken_back=2)
    assert studio.store.list() == (tracks[::-1], 2)
    if damage:
        assert (studio.data_dir / "index.db.damaged").read_bytes() == damage
        assert f"the index {index} is damaged" in caplog.text


def test_a_database_of_somebody_else_is_put_aside(studio: Studio) -> None:
    track = studio.add()
    studio.store.close()
    (studio.data_dir / "index.db").unlink()
    with closing(sqlite3.connect(studio.data_dir / "index.db")) as other:
        other.execute("CREATE TABLE tracks (x)")
        other.execute("PRAGMA user_version = 3")
    studio.store = TrackStore(studio.data_dir)
    assert studio.store.renewals == 1
    assert studio.store.find(track.track_id) == track


def test_a_page_that_is_spoilt_is_found_by_reading_all_of_the_index(studio: Studio) -> None:
    for name in "abcdefgh":
        studio.add(name, prompt="la " * 1_000)
    studio.store.close()
    index = studio.data_dir / "index.db"
    assert find_damage(index) is None
    spoil(index)
    assert find_damage(index) is not None
    studio.store = TrackStore(studio.data_dir)


@pytest.mark.anyio
async def test_an_index_that_turns_out_to_be_damaged_is_made_anew_under_way(studio: Studio) -> None:
    tracks = [studio.add(name, prompt="la " * 1_000) for name in "abcdefgh"]
    studio.store.close()
    spoil(studio.data_dir / "index.db")
    library = await Library.open(studio.data_dir, studio.root / "cache")
    try:
        assert [await library.find(track.track_id) for track in tracks] == tracks
        await library.list(limit=100)  # by now all of it was read
        assert library.renewed.is_set() or library.check.rebuilding
        await library.reconcile()
        assert library.count == 8
    finally:
        await library.close()
        studio.store = TrackStore(studio.data_dir)


@pytest.mark.anyio
async def test_a_track_is_stored_though_the_index_is_damaged(studio: Studio, pink_noise: Noise) -> None:
    old = studio.add("old", prompt="la " * 1_000)
    library = await Library.open(studio.data_dir, studio.root / "cache")
    encoded = studio.encode(pink_noise(0.5, 8_000), name="new")
    with closing(sqlite3.connect(studio.data_dir / "index.db")) as other:
        other.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    index = studio.data_dir / "index.db"
    with index.open("r+b") as file:
        file.seek(4096)
        file.write(np.random.default_rng(1).bytes(index.stat().st_size - 4096))
    try:
        track = await library.commit(encoded)
        assert await library.find(track.track_id) == track
        await library.reconcile()
        assert (await library.list())[0] == [track, old]
    finally:
        await library.close()
    assert not studio.leftovers()


def test_comparing_is_told(studio: Studio, caplog: pytest.LogCaptureFixture) -> None:
    without_row(studio, studio.add())
    with caplog.at_level(logging.INFO):
        assert compared(studio).summary() == "1 taken back into the index"
    assert "from the recipe in its file" in caplog.text
