"""Does the doctor see what is wrong with the socket, the daemon, the disk and what is kept there?

Each broken setup is a real one; only a full disk is pretended.
"""

import shutil
import socket
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterable
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from unittest.mock import patch

import pytest

from lofi_core.cli.doctor import clocks, daemons, library, places, sockets
from lofi_core.cli.doctor.finding import Finding
from lofi_core.cli.doctor.patient import Patient
from lofi_core.rpc.ending import write_holder
from tests.cli.conftest import without_privileges
from tests.cli.doctoring import found, hello, the_problem
from tests.cli.scripted import ScriptedDaemon, Silence


@pytest.mark.parametrize(
    ("spoil", "told"),
    [
        (lambda place: place.chmod(0o777), "other users may write to"),
        (lambda place: (place.rmdir(), place.symlink_to("/tmp")), "is a symbolic link"),
        (lambda place: (place.rmdir(), place.write_text("")), "is no directory"),
        (lambda place: (place / "s").write_text(""), "is no socket"),
    ],
    ids=["open to all", "a link", "a file", "no socket"],
)
def test_a_socket_that_the_daemon_would_refuse_is_a_problem(
    environ: Path, monkeypatch: pytest.MonkeyPatch, spoil: Callable[[Path], object], told: str
) -> None:
    place = environ / "run"
    place.mkdir(mode=0o700)
    monkeypatch.setenv("LOFI_SOCKET", str(place / "s"))
    spoil(place)
    finding = the_problem(sockets.check_socket)
    assert told in finding.text
    assert "--socket" in (finding.remedy or "")


def test_a_daemon_that_does_not_answer_is_a_problem(
    scripted: ScriptedDaemon, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(daemons, "ANSWER_SEC", 0.05)
    scripted.answers["hello"] = Silence
    assert "did not answer 'hello'" in the_problem(daemons.check_daemon).text


def test_what_is_no_daemon_is_a_problem(scripted: ScriptedDaemon) -> None:
    scripted.raw_reply = b"HTTP/1.1 400 Bad Request\r\n\r\n"
    assert "does not speak the daemon's language" in the_problem(daemons.check_daemon).text


@pytest.mark.parametrize(
    ("other", "status"), [({"version": "0.0.1"}, "warning"), ({"protocol": 99}, "problem")], ids=str
)
def test_a_daemon_of_another_version_is_told(
    scripted: ScriptedDaemon, other: dict[str, object], status: str
) -> None:
    scripted.answers["hello"] = hello(**other)
    finding = the_problem(daemons.check_daemon)
    assert finding.status == status
    assert "`lofi-core shutdown`" in (finding.remedy or "")


def test_a_socket_that_a_dead_daemon_left_is_no_obstacle(environ: Path) -> None:
    with socket.socket(socket.AF_UNIX) as left:
        left.bind(str(environ / "s"))
    (finding,) = found(daemons.check_daemon)
    assert finding.status == "ok"
    assert "left of one that died" in finding.text


@pytest.mark.parametrize("ending", [False, True])
def test_a_daemon_that_does_not_come_to_its_begin_or_end_is_told_of(environ: Path, ending: bool) -> None:
    command = [sys.executable, "-c", "input()", "as lofi-core would be"]
    with subprocess.Popen(command, stdin=subprocess.PIPE) as process, (environ / "s.lock").open("w") as lock:
        with patch("os.getpid", return_value=process.pid):
            write_holder(lock.fileno(), ending=ending)
        finding = the_problem(daemons.check_daemon)
        process.communicate(b"\n")
    assert f"process {process.pid} has the lock" in finding.text
    assert finding.remedy == f"wait a moment; if it stays so, kill {process.pid}"


def test_a_directory_that_cannot_be_written_is_a_problem(environ: Path) -> None:
    (environ / "data").mkdir()
    (environ / "data").chmod(0o755)
    environ.chmod(0o755)
    with without_privileges():
        told = [one for one in found(places.check_places) if one.status == "problem"]
    assert f"{environ / 'data'} cannot be written: Permission denied" in [one.text for one in told]
    assert not list((environ / "data").iterdir())


@pytest.mark.parametrize(("free", "status"), [(5 * 10**8, "warning"), (10**6, "problem")])
def test_a_disk_with_little_room_is_told(monkeypatch: pytest.MonkeyPatch, free: int, status: str) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda _: shutil._ntuple_diskusage(10**12, 0, free))
    assert {one.status for one in found(places.check_places) if one.area == "disk"} == {status}


def _index(environ: Path, *statements: str) -> None:
    from lofi_core.tracks.index import TrackIndex

    (environ / "data").mkdir(exist_ok=True)
    TrackIndex(environ / "data" / "index.db").close()
    with closing(sqlite3.connect(environ / "data" / "index.db")) as connection:
        for statement in statements:
            connection.execute(statement)
        connection.commit()


def test_an_index_of_a_newer_version_is_a_problem(environ: Path) -> None:
    _index(environ, "PRAGMA user_version = 999")
    assert "made by a newer lofi-core (schema 999" in the_problem(library.check_library).text


def test_an_index_with_a_hole_in_it_is_a_problem(environ: Path) -> None:
    _index(environ)
    with (environ / "data" / "index.db").open("r+b") as file:
        file.seek(4096)
        file.write(b"\xff" * 8192)
    assert "is damaged" in the_problem(library.check_library).text


def test_an_index_in_a_read_only_directory_is_not_called_damaged(environ: Path) -> None:
    _index(environ)
    (environ / "data" / "index.db").chmod(0o644)
    environ.chmod(0o755)
    with without_privileges():
        finding = the_problem(library.check_library)
    assert f"{environ / 'data' / 'index.db'} cannot be read: " in finding.text
    assert f"make {environ / 'data'} writable" in (finding.remedy or "")


def test_files_that_are_set_aside_are_told_with_their_size(environ: Path) -> None:
    place = environ / "data" / "set-aside"
    place.mkdir(parents=True)
    for name in "ab":
        (place / f"{name}.flac").write_bytes(bytes(1000))
    finding = the_problem(library.check_library)
    assert f"2 files, 2.0 kB, are set aside in {place}" in finding.text


def test_tracks_without_their_files_are_told(environ: Path) -> None:
    values = "'t', 'j', NULL, 0, '2026-01-01T00:00:00Z', 1, 1, '', x'00', 0, ''"
    _index(environ, f"INSERT INTO tracks VALUES (1, {values})")
    assert "1 tracks, 1 B in the index, and 0 files" in the_problem(library.check_library).text


def test_a_clock_that_went_back_is_told() -> None:
    def check(patient: Patient) -> Iterable[Finding]:
        patient.newest = (datetime.now(UTC) + timedelta(days=40)).isoformat()
        return clocks.check_clock(patient)

    assert "it went back" in the_problem(check).text
