"""Files and index together: what is stored is found, and nothing else."""

from __future__ import annotations

import dataclasses
import os
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec
import pytest

from lofi_core.errors import InvalidParams, TrackWriteFailed, UnknownTrack
from lofi_core.temporary import _run_of, temporary_path
from lofi_core.tracks.store import TrackStore

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.tracks.conftest import Noise, Studio


def test_a_committed_track_is_found_also_after_a_restart(studio: Studio) -> None:
    track = studio.add()
    assert studio.store.find(track.track_id) == track
    studio.reopen()
    assert studio.store.find(track.track_id) == track


def test_a_track_tells_what_protocol_promises(studio: Studio) -> None:
    track = studio.add(title="Rain")
    wire = msgspec.to_builtins(track)
    promised = (
        "track_id path prompt title duration_sec sample_rate channels format size_bytes seed backend"
        " model_version options loudness_lufs true_peak_dbtp generation_time_sec created_at favourite recipe"
    )
    assert list(wire) == promised.split()
    assert wire["size_bytes"] == Path(wire["path"]).stat().st_size
    assert wire["duration_sec"] == 0.5
    assert wire["created_at"].endswith("Z")


def test_a_track_without_a_title_has_no_such_field(studio: Studio) -> None:
    assert "title" not in msgspec.to_builtins(studio.add())


def test_files_lie_under_the_first_two_digits(studio: Studio) -> None:
    track = studio.add()
    expected = studio.data_dir / "tracks" / track.track_id[:2] / f"{track.track_id}.flac"
    assert Path(track.path) == expected
    assert not studio.leftovers()


def test_a_discarded_track_leaves_nothing(studio: Studio, pink_noise: Noise) -> None:
    encoded = studio.encode(pink_noise(0.5, 8_000))
    studio.store.discard(encoded)
    assert not studio.leftovers()
    assert studio.store.find(encoded.track_id) is None


def test_a_row_whose_file_is_gone_is_dropped(studio: Studio) -> None:
    track = studio.add()
    Path(track.path).unlink()
    assert studio.store.find(track.track_id) is None
    assert studio.store.list() == ([], 0)


def test_a_row_whose_file_is_cut_short_is_dropped(studio: Studio) -> None:
    track = studio.add()
    os.truncate(track.path, track.size_bytes - 1)
    assert studio.store.find(track.track_id) is None


@pytest.mark.parametrize("track_id", ["", "0" * 32, "../../../etc/passwd", "'; DROP TABLE tracks; --", "\0"])
def test_an_id_nobody_has_finds_nothing(studio: Studio, track_id: str) -> None:
    studio.add()
    assert studio.store.find(track_id) is None
    with pytest.raises(UnknownTrack):
        studio.store.get(track_id)


def test_a_replaced_track_keeps_its_mark_and_title(studio: Studio) -> None:
    track = studio.add(title="Rain")
    studio.store.update(track.track_id, favourite=True)
    again = studio.add(seed=8)
    assert (again.title, again.favourite, again.seed) == ("Rain", True, 8)
    assert studio.store.list() == ([again], 1)


def test_a_replaced_track_takes_a_new_title(studio: Studio) -> None:
    studio.add(title="Rain")
    assert studio.add(title="Snow").title == "Snow"


def test_a_commit_the_index_refuses_leaves_neither_file_nor_row(studio: Studio, pink_noise: Noise) -> None:
    encoded = studio.encode(pink_noise(0.5, 8_000))
    with closing(sqlite3.connect(studio.data_dir / "index.db")) as other:
        other.execute("CREATE TRIGGER no BEFORE INSERT ON tracks BEGIN SELECT raise(ABORT, 'not today'); END")
        with pytest.raises(TrackWriteFailed, match="not today"):
            studio.store.commit(encoded)
        other.execute("DROP TRIGGER no")
    assert not list(studio.data_dir.rglob("*.flac"))
    assert studio.store.list() == ([], 0)
    studio.add()


def test_a_commit_whose_file_cannot_be_moved_leaves_no_row(studio: Studio, pink_noise: Noise) -> None:
    encoded = studio.encode(pink_noise(0.5, 8_000))
    (studio.data_dir / "tracks" / encoded.track_id[:2]).touch()  # a file where the folder should be
    with pytest.raises(TrackWriteFailed, match=encoded.track_id):
        studio.store.commit(encoded)
    assert studio.store.list() == ([], 0)
    assert not studio.leftovers()


def test_a_disk_that_is_full_at_commit_leaves_neither_file_nor_row(
    studio: Studio, pink_noise: Noise, full_disk: Callable[[int], Any]
) -> None:
    for name in "abc":
        studio.add(name)
    encoded = studio.encode(pink_noise(0.5, 8_000), name="new", prompt="la " * 60_000)
    with full_disk(4_096), pytest.raises(TrackWriteFailed):
        studio.store.commit(encoded)
    assert len(list(studio.data_dir.rglob("*.flac"))) == 3
    assert studio.store.find(encoded.track_id) is None
    assert studio.store.list()[1] == 3


def test_tracks_are_listed_newest_first_in_pages(studio: Studio) -> None:
    tracks = [studio.add(name) for name in "abcde"][::-1]
    assert studio.store.list() == (tracks, 5)
    assert studio.store.list(limit=2, offset=1) == (tracks[1:3], 5)
    assert studio.store.list(limit=2, offset=9) == ([], 5)
    assert studio.store.list(limit=0) == ([], 5)


@pytest.mark.parametrize(("limit", "offset"), [(-1, 0), (1, -1)])
def test_a_negative_page_is_refused(studio: Studio, limit: int, offset: int) -> None:
    with pytest.raises(InvalidParams, match="-1"):
        studio.store.list(limit=limit, offset=offset)


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("RAINY", True),
        ("rhodes rainy", True),
        ("rainy snow", False),
        ("nachtmusik", True),
        ("SINE", True),
        ("élan", True),
        ("E\u0301LAN", True),
        ("STRASSE", True),
        ("100%", True),
        ("100_", False),
        ("%", True),
        ("_", False),
        ("0%0", False),
        ('"quoted"', True),
        ("it's", True),
        ("'; DROP TABLE tracks; --", False),
        ("control here", True),
        ("雨", True),
        ("  ", True),
    ],
)
def test_a_query_finds_words_as_they_are_typed(studio: Studio, query: str, found: bool) -> None:
    prompt = 'Rainy night, it\'s 100% "quoted" rhodes, ÉLAN straße control\x00\nhere 雨の夜'
    track = studio.add(prompt=prompt, title="Nachtmusik")
    assert studio.store.list(query=query) == (([track], 1) if found else ([], 0))


def test_a_new_title_is_found_and_the_old_one_no_more(studio: Studio) -> None:
    track = studio.add(title="Rain")
    renamed = studio.store.update(track.track_id, title="Snow")
    assert studio.store.list(query="snow") == ([renamed], 1)
    assert studio.store.list(query="rain") == ([], 0)


def test_an_empty_title_takes_the_title_away(studio: Studio) -> None:
    assert studio.store.update(studio.add(title="Rain").track_id, title=" ").title is None


def test_favourites_can_be_listed_alone_or_left_out(studio: Studio) -> None:
    plain, marked = studio.add("a"), studio.add("b")
    marked = studio.store.update(marked.track_id, favourite=True)
    assert studio.store.list(favourite=True) == ([marked], 1)
    assert studio.store.list(favourite=False) == ([plain], 1)


def test_an_update_keeps_what_it_does_not_name(studio: Studio) -> None:
    track = studio.add(title="Rain")
    studio.store.update(track.track_id, favourite=True)
    assert studio.store.update(track.track_id, title="Snow").favourite
    assert studio.store.update(track.track_id, favourite=False).title == "Snow"


def test_a_deleted_track_is_gone_with_its_file(studio: Studio) -> None:
    track, other = studio.add("a"), studio.add("b")
    studio.store.delete(track.track_id)
    assert not Path(track.path).exists()
    assert studio.store.list() == ([other], 1)
    with pytest.raises(UnknownTrack, match=track.track_id):
        studio.store.delete(track.track_id)


def test_count_and_bytes_follow_every_change(studio: Studio) -> None:
    assert studio.store.count_and_bytes() == (0, 0)
    first, second = studio.add("a"), studio.add("b")
    assert studio.store.count_and_bytes() == (2, first.size_bytes + second.size_bytes)
    studio.store.delete(first.track_id)
    assert studio.store.count_and_bytes() == (1, second.size_bytes)
    with closing(TrackStore(studio.data_dir)) as other:
        other.delete(second.track_id)
    assert studio.store.count_and_bytes() == (0, 0)


def test_a_track_is_found_without_all_being_counted(studio: Studio) -> None:
    track = studio.add()
    studio.store.count_and_bytes()
    statements: list[str] = []
    studio.store._index._connection.set_trace_callback(statements.append)
    for used in (False, True):
        studio.store.find(track.track_id, used=used)
        assert studio.store.count_and_bytes() == (1, track.size_bytes)
    assert [said for said in statements if "UPDATE" in said]
    assert not [said for said in statements if "count(" in said]


def test_a_store_in_two_processes_stays_one(studio: Studio) -> None:
    track = studio.add()
    with closing(TrackStore(studio.data_dir)) as other:
        other.update(track.track_id, favourite=True)
    assert studio.store.get(track.track_id).favourite


def test_temporaries_of_a_dead_process_are_removed_at_start(studio: Studio) -> None:
    name_one = (
        "import sys, pathlib; from lofi_core.temporary import temporary_path\n"
        "temporary_path(pathlib.Path(sys.argv[1]), '.flac').touch()"
    )
    subprocess.run([sys.executable, "-c", name_one, str(studio.data_dir / "tracks")], check=True)
    assert studio.leftovers()
    studio.reopen()
    assert not studio.leftovers()


def test_temporaries_of_the_living_stay(studio: Studio) -> None:
    ours = temporary_path(studio.data_dir / "tracks", ".flac")
    theirs = ours.with_name(f".tmp-{os.getppid()}-{_run_of(os.getppid())}-x.flac")
    foreign = ours.with_name(".tmp-not-ours")
    before_us = ours.with_name(f".tmp-{os.getpid()}-0123abcd-x.flac")  # our pid, in an earlier life of it
    before_them = ours.with_name(f".tmp-{os.getppid()}-0123abcd-x.flac")
    for path in (ours, theirs, foreign, before_us, before_them):
        path.touch()
    studio.reopen()
    assert sorted(studio.leftovers()) == sorted([ours, theirs, foreign])


def test_an_index_of_a_newer_version_is_left_alone(studio: Studio) -> None:
    studio.store.close()
    with closing(sqlite3.connect(studio.data_dir / "index.db")) as other:
        other.execute("PRAGMA user_version = 99")
    with pytest.raises(TrackWriteFailed, match="schema 99") as caught:
        TrackStore(studio.data_dir)
    assert "newer" in str(caught.value.hint)


def test_a_data_directory_that_cannot_be_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(TrackWriteFailed, match="opening the track store"):
        TrackStore(tmp_path / "file" / "data")


def test_a_draft_says_all_that_a_recipe_keeps(studio: Studio) -> None:
    fields = {field.name for field in dataclasses.fields(studio.draft())}
    known_elsewhere = {"track_id", "title", "requested_duration_sec", "loudness", "kept", "loose"}
    assert fields - known_elsewhere <= set(studio.add().recipe.__struct_fields__)
