"""A full disk, a read-only directory, files that are gone, that rotted, and an index that did."""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from tests.conftest import wait_for
from tests.disasters.conftest import make, mounted, read_only, rot
from tests.disasters.page import told

if TYPE_CHECKING:
    from collections.abc import Callable

    from lofi_core.rpc.client import Client
    from tests.conftest import StartDaemon
    from tests.disasters.conftest import Outcome

    Lofi = Callable[..., Outcome]


def fill(directory: Path, name: str = "filler") -> Path:
    """Take what room is left; returns the file that has it."""
    filler = directory / name
    with filler.open("wb", buffering=0) as file, contextlib.suppress(OSError):
        while file.write(bytes(4096)):
            continue
    return filler


def listed(client: Client) -> list[str]:
    """The prompts of the library, newest first."""
    return [track["prompt"] for track in client.call("tracks_list")["tracks"]]


def test_a_full_disk(start_daemon: StartDaemon, home: Path, lofi: Lofi) -> None:
    with mounted(home / "data", "-t", "tmpfs", "-o", "size=4m", "lofi"):
        daemon = start_daemon()
        client = daemon.client()
        for prompt in ("one", "two"):
            assert make(lofi, prompt).status == 0
        spools = make(lofi, "far too long", 60)
        assert told("A full disk", spools.err)
        filler = fill(home / "data")
        begins = make(lofi, "no room at all")
        assert told("A full disk", begins.err)
        two, one = client.call("tracks_list")["tracks"]
        assert told("A full disk", lofi("tracks", "fav", one["track_id"]).err)
        os.truncate(filler, filler.stat().st_size - 420_000)  # room for the samples, not for their file
        encodes = make(lofi, "no room for two")
        assert told("A full disk", encodes.err)
        assert encodes.status == 1
        fill(home / "data", "filler-2")

        assert (spools.status, begins.status) == (1, 1)
        assert lofi("tracks", "export", two["track_id"], home / "two.wav").status == 0
        client.call("subscribe", events=["playback"])
        client.call("play", track_id=two["track_id"])
        wait_for(client, "playback_started")
        assert lofi("tracks", "rm", one["track_id"]).status == 0  # which makes room
        assert listed(client) == ["two"]
        filler.unlink()
        assert make(lofi, "there is room again").status == 0
        assert not list((home / "data").rglob(".tmp-*"))
        daemon.stop()


def test_a_directory_that_is_read_only(start_daemon: StartDaemon, home: Path, lofi: Lofi) -> None:
    daemon = start_daemon()
    client = daemon.client()
    assert make(lofi, "one").status == 0
    (one,) = client.call("tracks_list")["tracks"]
    with read_only(home / "data"):
        heading = "A read-only data directory"
        assert told(heading, make(lofi, "two").err)
        assert told(heading, lofi("tracks", "fav", one["track_id"]).err)
        assert told(heading, lofi("tracks", "rm", one["track_id"]).err)

        assert listed(client) == ["one"]
        assert make(lofi, "one").status == 0  # from the library
        assert lofi("tracks", "export", one["track_id"], home / "one.mp3").status == 0
        daemon.stop()
        command = [sys.executable, "-m", "lofi_core", "serve"]
        again = subprocess.run(command, env=daemon.environ, capture_output=True, text=True, check=False)
        assert again.returncode == 1
        assert told(heading, again.stderr)
    assert listed(start_daemon().client()) == ["one"]


def test_deleted_files(start_daemon: StartDaemon, home: Path, lofi: Lofi) -> None:
    daemon = start_daemon()
    client = daemon.client()
    for prompt in ("one", "two", "three"):
        assert make(lofi, prompt).status == 0
    three, two, one = client.call("tracks_list")["tracks"]
    lofi("tracks", "fav", two["track_id"])
    Path(one["path"]).unlink()
    outcome = lofi("tracks", "export", one["track_id"], home / "one.wav")
    assert told("Deleted files", outcome.err)
    daemon.wait_for_log("its file is gone")
    assert told("Deleted files", "".join(daemon.log))
    assert make(lofi, "one").status == 0  # is made again
    assert listed(client) == ["one", "three", "two"]

    (home / "data" / "index.db").unlink()
    for companion in (home / "data").glob("index.db-*"):
        companion.unlink()
    Path(three["path"]).unlink()
    assert make(lofi, "four").status == 0
    daemon.wait_for_log("the index is whole again: 3 tracks")
    assert told("Deleted files", "".join(daemon.log))
    assert listed(client) == ["four", "one", "two"]
    assert client.call("tracks_get", track_id=two["track_id"])["favourite"]

    shutil.rmtree(home / "data" / "tracks")
    assert make(lofi, "five").status == 0
    daemon.stop()
    again = start_daemon()
    again.wait_for_log("3 dropped, their files are gone")
    assert listed(again.client()) == ["five"]
    shutil.rmtree(home / "data")
    assert make(lofi, "six").status == 0
    assert listed(again.client()) == ["six"]


def test_a_file_that_rotted(start_daemon: StartDaemon, home: Path, lofi: Lofi) -> None:
    daemon = start_daemon()
    client = daemon.client()
    client.call("subscribe", events=["playback", "track_removed"])
    for prompt in ("one", "two"):
        assert make(lofi, prompt, 4).status == 0
    two, one = client.call("tracks_list")["tracks"]
    rot(Path(one["path"]))
    rot(Path(two["path"]))
    outcome = lofi("tracks", "export", one["track_id"], home / "one.flac")
    assert (outcome.status, (home / "one.flac").exists()) == (1, False)
    assert told("A corrupt FLAC", outcome.err)
    assert wait_for(client, "track_removed").fields == {"track_id": one["track_id"], "reason": "damaged"}

    client.call("play", track_id=two["track_id"])
    ended = wait_for(client, "playback_ended").fields
    assert ended["reason"] == "error"
    assert told("A corrupt FLAC", f"{ended['code']}: {ended['message']}\nhint: {ended['hint']}")
    assert wait_for(client, "track_removed").fields["track_id"] == two["track_id"]

    assert [make(lofi, prompt, 4).status for prompt in ("one", "two")] == [0, 0]
    assert lofi("tracks", "export", two["track_id"], home / "two.flac").status == 0
    assert {path.stem for path in (home / "data" / "set-aside").iterdir()} == {
        one["track_id"],
        two["track_id"],
    }


def test_a_corrupt_index(start_daemon: StartDaemon, home: Path, lofi: Lofi) -> None:
    daemon = start_daemon()
    for prompt in ("one", "two", "three"):
        assert make(lofi, prompt, 2, "--title", prompt.upper()).status == 0
    before = daemon.client().call("tracks_list")["tracks"]
    lofi("tracks", "fav", before[1]["track_id"])
    before[1]["favourite"] = True
    daemon.stop()
    index = home / "data" / "index.db"
    index.write_bytes(b"\0" * 1000 + os.urandom(index.stat().st_size))

    daemon = start_daemon()
    assert told("A corrupt index", "".join(daemon.log))
    assert make(lofi, "two").status == 0  # from the library, whatever the index has yet
    daemon.wait_for_log("the index is whole again: 3 tracks")
    assert told("A corrupt index", lofi("status").out)
    assert daemon.client().call("tracks_list")["tracks"] == before
    assert (home / "data" / "index.db.damaged").exists()
