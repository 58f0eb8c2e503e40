"""A library with very many tracks: one that was really made, again and again under other names."""

from __future__ import annotations

import hashlib
import tempfile
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from benchmarks.own_daemon import OwnDaemon
from lofi_core.tracks.index import TrackIndex
from lofi_core.tracks.layout import track_path

if TYPE_CHECKING:
    from collections.abc import Iterator

REQUEST = {"prompt": "rainy night, jazzy rhodes", "duration_sec": 5, "backend": "procedural", "seed": 1}


@contextmanager
def daemon_with_tracks(count: int, **variables: str) -> Iterator[OwnDaemon]:
    """A daemon whose library has so many tracks; the oldest is what `REQUEST` asks for."""
    with tempfile.TemporaryDirectory(prefix="lofi-", ignore_cleanup_errors=True) as folder:
        home = Path(folder)
        first = OwnDaemon(home, **variables)
        try:
            track_id = first.make(**REQUEST)
        finally:
            first.stop()
        _multiply(home / "data", track_id, count)
        daemon = OwnDaemon(home, **variables)
        try:
            while daemon.client.call("status")["tracks"]["check"]["state"] != "done":
                time.sleep(0.05)  # index and files are compared after each start
            yield daemon
        finally:
            daemon.stop()


def _multiply(data: Path, track_id: str, count: int) -> None:
    """Give a track so many doubles that there are `count` in all. Each is the same file by another name."""
    file, index = track_path(data, track_id), TrackIndex(data / "index.db")
    try:
        with index:
            entry = index.get(track_id)
            assert entry is not None
            for number in range(1, count):
                double = hashlib.sha256(str(number).encode()).hexdigest()[:32]
                recipe = msgspec.structs.replace(
                    entry.recipe, prompt=f"rainy night number {number}", job_id=double[:16]
                )
                index.put(msgspec.structs.replace(entry, track_id=double, recipe=recipe), is_new=True)
                place = track_path(data, double)
                place.parent.mkdir(exist_ok=True)
                place.hardlink_to(file)
    finally:
        index.close()
