"""A journal that is damaged, locked or full of old jobs costs what is in it, and never the daemon."""

from __future__ import annotations

import shutil
import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING

import pytest

from lofi_core.errors import TrackWriteFailed
from lofi_core.jobs.history import MAX_ENDED
from lofi_core.jobs.journal_file import SCHEMA_VERSION, AcceptedJob, EndedJob, InUse, JournalFile
from lofi_core.rpc.client import Client
from tests.conftest import StartDaemon, events_until_end

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

TONE = {"prompt": "tone", "backend": "sine", "duration_sec": 1}


def accepted(job_id: str) -> AcceptedJob:
    return AcceptedJob(job_id, "0" * 32, b"{}", "normal", held=False)


@pytest.fixture
def file(tmp_path: Path) -> Iterator[JournalFile]:
    journal = JournalFile(tmp_path / "jobs.db")
    journal.open()
    yield journal
    journal.close()


def test_the_last_thousand_that_ended_are_known_and_no_more(file: JournalFile, tmp_path: Path) -> None:
    for number in range(MAX_ENDED + 2):
        file.end(EndedJob(f"job {number}", "0" * 32, "cancelled", 0))
    known = [file.find_ended(f"job {number}", None) is not None for number in range(MAX_ENDED + 2)]
    assert known == [False] * 2 + [True] * MAX_ENDED
    assert (tmp_path / "jobs.db-wal").stat().st_size < 4e6  # it is folded in every now and then


def test_of_jobs_about_one_track_the_last_one_counts(file: JournalFile) -> None:
    file.end(EndedJob("first", "0" * 32, "error", 3, "CODE", "message", "hint"))
    file.end(EndedJob("second", "0" * 32, "complete", 100, path="/a.flac"))
    assert file.find_ended(None, "0" * 32) == EndedJob("second", "0" * 32, "complete", 100, path="/a.flac")
    assert file.find_ended(None, "1" * 32) is None


def test_only_what_had_the_worker_is_interrupted_by_a_death(file: JournalFile) -> None:
    for job_id in ("ran", "gave back", "waited"):
        file.add(accepted(job_id))
    file.note("ran", "normal", held=False, has_worker=True)
    file.note("gave back", "normal", held=False, has_worker=True)
    file.note("gave back", "high", held=True, has_worker=False)
    stock = {job.job_id: job for job in file.take_stock()}  # as the next daemon finds it
    assert {job_id: job.interrupted for job_id, job in stock.items()} == {
        "ran": 1, "gave back": 0, "waited": 0
    }  # fmt: skip
    assert (stock["gave back"].priority, stock["gave back"].held) == ("high", True)
    file.note("ran", "normal", held=False, has_worker=True)
    file.close()  # an end in good order
    file.open()
    assert [job.interrupted for job in file.take_stock()] == [1, 0, 0]


def test_a_journal_has_one_owner(file: JournalFile, tmp_path: Path) -> None:
    with pytest.raises(InUse, match="another daemon"):
        JournalFile(tmp_path / "jobs.db").open()


def test_a_newer_journal_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "jobs.db"
    with closing(sqlite3.connect(path)) as connection:
        connection.execute(f"PRAGMA user_version = {SCHEMA_VERSION + 1}")
    with pytest.raises(TrackWriteFailed, match=r"has schema 2; this lofi-core knows 1") as refusal:
        JournalFile(path).add(accepted("job"))
    assert "update this one, or move the file away" in (refusal.value.hint or "")


def test_a_damaged_journal_is_put_aside_with_a_warning(start_daemon: StartDaemon, home: Path) -> None:
    home.joinpath("data").mkdir()
    home.joinpath("data", "jobs.db").write_bytes(b"no database " * 1000)
    daemon = start_daemon()
    client = daemon.client()
    assert events_until_end(client, client.call("generate", **TONE)["job_id"])
    daemon.stop()
    assert "jobs.db is damaged, so jobs of before are lost" in "".join(daemon.log)
    assert (daemon.data / "jobs.db.damaged").read_bytes().startswith(b"no database")


def test_a_page_in_the_middle_that_is_damaged_is_found_at_the_start(tmp_path: Path) -> None:
    path = tmp_path / "jobs.db"
    journal = JournalFile(path)
    journal.open()
    for number in range(200):
        journal.add(accepted(f"job {number}"))
    journal.close()
    content = bytearray(path.read_bytes())
    content[2 * 4096 :] = b"\xff" * (len(content) - 2 * 4096)
    path.write_bytes(content)
    journal = JournalFile(path)
    journal.open()
    assert journal.take_stock() == []
    journal.close()
    assert path.with_name("jobs.db.damaged").exists()


@pytest.mark.parametrize("with_its_folder", [False, True])
def test_a_journal_that_is_removed_is_written_anew(
    file: JournalFile, tmp_path: Path, caplog: pytest.LogCaptureFixture, with_its_folder: bool
) -> None:
    file.add(accepted("before"))
    file.note("before", "high", held=False, has_worker=True)
    file.end(EndedJob("over", "0" * 32, "cancelled", 0))
    if with_its_folder:
        shutil.rmtree(tmp_path)
    else:
        (tmp_path / "jobs.db").unlink()
    file.add(accepted("after"))
    assert "was removed" in caplog.text
    copy = tmp_path.with_name(f"{tmp_path.name}-of-a-killed-daemon")
    shutil.copytree(tmp_path, copy)
    again = JournalFile(copy / "jobs.db")
    again.open()
    assert [(job.job_id, job.interrupted) for job in again.take_stock()] == [("before", 1), ("after", 0)]
    assert again.find_ended("over", None) is not None
    again.close()


def test_a_journal_that_another_daemon_began_in_place_of_ours_is_left_alone(
    file: JournalFile, tmp_path: Path
) -> None:
    for removed in tmp_path.iterdir():
        removed.unlink()
    others = JournalFile(tmp_path / "jobs.db")
    others.open()
    others.add(accepted("theirs"))
    with pytest.raises(InUse, match="another journal was put in the place"):
        file.add(accepted("ours"))
    shutil.copytree(tmp_path, copy := tmp_path.with_name(f"{tmp_path.name}-of-a-killed-daemon"))
    again = JournalFile(copy / "jobs.db")
    again.open()
    assert [job.job_id for job in again.take_stock()] == ["theirs"]
    again.close()
    others.close()


def test_without_a_journal_nothing_is_accepted_until_there_is_one(
    start_daemon: StartDaemon, home: Path
) -> None:
    home.joinpath("data", "jobs.db").mkdir(parents=True)  # what even root cannot open
    daemon = start_daemon()
    client = daemon.client()
    with pytest.raises(TrackWriteFailed, match=r"noting job|opening the journal") as refusal:
        client.call("generate", **TONE)
    assert str(daemon.data) in (refusal.value.hint or "")
    assert client.call("queue_status") == {"running": [], "pending": [], "paused": []}
    (daemon.data / "jobs.db").rmdir()
    assert events_until_end(client, client.call("generate", **TONE)["job_id"])
    daemon.stop()
    assert "no job can be accepted" in "".join(daemon.log)


def test_a_second_daemon_on_the_same_data_leaves_the_firsts_jobs_alone(
    start_daemon: StartDaemon, home: Path
) -> None:
    daemon = start_daemon()
    paused = daemon.client().call("generate", **{**TONE, "duration_sec": 600})["job_id"]
    daemon.client().call("job_pause", job_id=paused)
    path = home / "run" / "second.sock"
    second = start_daemon(LOFI_SOCKET=str(path))
    with Client(path, 30) as client:
        assert client.call("queue_status") == {"running": [], "pending": [], "paused": []}
        assert events_until_end(client, client.call("generate", **TONE)["job_id"])
    assert "another daemon keeps its jobs in" in "".join(second.log)
    assert daemon.client().call("job_get", job_id=paused)["state"] == "paused"
