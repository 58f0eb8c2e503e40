"""Where a client may have a file written, asked of a real daemon with paths that were meant badly."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from lofi_core.errors import LofiError
from tests.conftest import events_until_end
from tests.rpc.raw import RawSocket

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.conftest import DaemonProcess


@pytest.fixture(scope="module")
def track_id(at_rest: DaemonProcess) -> str:
    with at_rest.client() as client:
        asked = client.call("generate", prompt="a tone", backend="sine", duration_sec=1, seed=3, cache=False)
        events_until_end(client, asked["job_id"])
    return str(asked["track_id"])


@pytest.fixture
def wire(victim: DaemonProcess) -> Iterator[RawSocket]:
    opened = RawSocket(victim.socket)
    yield opened
    opened.socket.close()


def answer_to(wire: RawSocket, track_id: str, path: str | bytes, **more: object) -> str:
    """The code of the refusal, or `ok`."""
    _, _, error, _ = wire.ask([0, 1, "tracks_export", [{"track_id": track_id, "path": path, **more}]])
    return "ok" if error is None else str(error[1]).partition(":")[0]


@pytest.mark.parametrize(
    ("path", "code"),
    [
        ("out.flac", "INVALID_PARAMS"),
        ("../out.flac", "INVALID_PARAMS"),
        ("~/out.flac", "INVALID_PARAMS"),
        ("", "INVALID_PARAMS"),
        ("/", "INVALID_PARAMS"),
        ("/tmp/..", "INVALID_PARAMS"),
        ("/tmp/out.flac/", "INVALID_PARAMS"),
        ("/tmp/a\0/out.flac", "INVALID_PARAMS"),
        (b"/tmp/\xff.flac", "INVALID_PARAMS"),
        (b"/tmp/\xed\xa0\x80.flac", "INVALID_PARAMS"),
        ("/dev/null", "INVALID_PARAMS"),
        ("/dev/full", "INVALID_PARAMS"),
        ("/proc/self/mem", "TRACK_WRITE_FAILED"),
        ("/proc/self/out.flac", "TRACK_WRITE_FAILED"),
        ("/nowhere/at/all.flac", "TRACK_WRITE_FAILED"),
        ("/tmp/" + "x" * 300 + ".flac", "TRACK_WRITE_FAILED"),
        ("/tmp/" + "x/" * 3000 + "x.flac", "TRACK_WRITE_FAILED"),
    ],
)
def test_a_path_that_is_no_place_for_a_file_is_refused(
    wire: RawSocket, track_id: str, path: str | bytes, code: str
) -> None:
    assert answer_to(wire, track_id, path, format="flac", overwrite=True) == code


@pytest.mark.parametrize(
    "way", ["data", "data/tracks", "linked", "linked/tracks", "x/../data", "/proc/self/root"]
)
def test_no_way_leads_into_the_data_directory(
    victim: DaemonProcess, wire: RawSocket, track_id: str, tmp_path: Path, way: str
) -> None:
    (tmp_path / "linked").symlink_to(victim.data)
    home = victim.data.parent
    (home / "x").mkdir(exist_ok=True)
    start = (
        Path(f"{way}{victim.data}") if way.startswith("/") else (tmp_path if "linked" in way else home) / way
    )
    assert answer_to(wire, track_id, f"{start}/out.flac") == "NOT_PERMITTED"
    assert not list(victim.data.rglob("out.flac"))


def test_what_is_there_is_replaced_only_when_asked_and_never_followed(
    victim: DaemonProcess, wire: RawSocket, track_id: str, tmp_path: Path
) -> None:
    index = victim.data / "index.db"
    before = index.stat().st_ino
    link, device, fifo = tmp_path / "a.flac", tmp_path / "b.flac", tmp_path / "c.flac"
    link.symlink_to(index)
    device.symlink_to("/dev/full")
    os.mkfifo(fifo)
    (tmp_path / "d.flac").mkdir()
    assert answer_to(wire, track_id, str(link)) == "TRACK_WRITE_FAILED"
    assert answer_to(wire, track_id, str(link), overwrite=True) == "ok"
    assert index.stat().st_ino == before
    assert not link.is_symlink()
    for name in ("b.flac", "c.flac", "d.flac"):
        assert answer_to(wire, track_id, str(tmp_path / name), overwrite=True) == "INVALID_PARAMS"
    assert device.is_symlink()
    assert fifo.is_fifo()


def test_a_track_that_is_none_leads_to_no_file(victim: DaemonProcess) -> None:
    with victim.client() as client:
        for name in ("../../etc/passwd", "/etc/passwd", "..", "index.db", "%2e%2e", "a" * 33, ""):
            for method in ("tracks_get", "tracks_delete", "tracks_waveform", "play", "playlist_add"):
                with pytest.raises(LofiError, match=r"no track|is not|track"):
                    client.call(method, track_id=name)
    assert Path("/etc/passwd").exists()
