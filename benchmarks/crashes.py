"""Does anything get lost, doubled or left over when the daemon is killed, again and again, at any moment?

`python -m benchmarks.crashes [KILLS] [SEED]` from the project's folder. One home lives through all of it: a
daemon is started, asked for everything at once, killed with `kill -9` at a random moment, its start included,
and the next one is held to what its clients were told.
"""

from __future__ import annotations

import random
import sqlite3
import sys
import tempfile
import time
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import soundfile

from benchmarks.attack import Attack, Life
from benchmarks.ledger import Ledger
from benchmarks.own_daemon import install

if TYPE_CHECKING:
    from collections.abc import Collection

    from lofi_core.rpc.client import Client

KILLS, SEED = 200, 1
# A daemon serves after some 0.2 s; a track takes less than 0.1 s, and has some ten events.
START_SEC, MOMENT_SEC = 0.25, 0.1
KILLED_AT_START = 0.15  # of the lives
MOST_EVENTS = 60
SETTLED_SEC = 3.0
# What a living daemon may have beside tracks: the two indices, locks, and what it is writing.
LASTING = {"index.db", "jobs.db", "daemon", "cache/spool/lock"}
OPEN = {"index.db-wal", "index.db-shm", "jobs.db-wal"}


@dataclass(slots=True)
class Report:
    """What came of it. `faults` is empty when all is well."""

    seconds: float = 0.0
    kills: dict[str, int] = field(default_factory=dict)
    ledger: Ledger = field(default_factory=Ledger)
    faults: list[str] = field(default_factory=list)
    tracks: int = 0
    files: int = 0


def main(kills: int, seed: int) -> None:
    """Run and print."""
    report = attacked(kills, seed)
    ends = [entry.state for entry in report.ledger.entries.values()]
    rows = {
        "kills": f"{kills} in {report.seconds:.0f} s, seed {seed}",
        **{f"  {when}": str(count) for when, count in report.kills.items()},
        "accepted jobs": str(len(ends)),
        **{f"  {state}": str(ends.count(state)) for state in ("complete", "cancelled", "error", "vanished")},
        "jobs that a later daemon went on with": str(report.ledger.ran_again),
        "tracks in the index": str(report.tracks),
        "files of tracks, each read to its end": str(report.files),
        "faults": str(len(report.faults)),
    }
    for name, value in rows.items():
        print(f"{name:40} {value}")
    for fault in report.faults:
        print(f"  {fault}")
    sys.exit(1 if report.faults else 0)


def attacked(kills: int, seed: int) -> Report:
    """So many lives, and what is left after the last."""
    report, chance, begun = Report(), random.Random(seed), time.monotonic()
    with tempfile.TemporaryDirectory(prefix="lofi-") as folder:
        home = Path(folder)
        install(home, "paced")
        for _ in range(kills):
            _one_life(home, report, chance)
        _last_life(home, report)
    report.faults += report.ledger.faults
    report.seconds = time.monotonic() - begun
    return report


def _one_life(home: Path, report: Report, chance: random.Random) -> None:
    life = Life(home)
    if chance.random() < KILLED_AT_START:
        life.kill_in(chance.uniform(0, START_SEC))
        life.process.wait()
        _count(report, "while it started")
        return
    with life.client() as client:
        _check(life, client, report)
    Attack(life, report.ledger, chance).until_killed(
        chance.randrange(MOST_EVENTS), chance.uniform(0, MOMENT_SEC)
    )
    life.process.wait()
    data = home / "data"
    if list(data.glob("tracks/.tmp-*")):
        _count(report, "while a file was written")
    elif list(data.glob("cache/spool/*/*.wav")):
        _count(report, "while a track was made")
    else:
        _count(report, "at another moment")


def _last_life(home: Path, report: Report) -> None:
    """Let everything be done, end it, and look at what lies there."""
    life = Life(home)
    with life.client() as client:
        _check(life, client, report)
        while report.ledger.live():
            if event := client.next_event(0.1):
                report.ledger.happened(event)
            elif not _is_busy(client):
                break
        report.ledger.check(client)
    life.end()
    data = home / "data"
    left = _beside(set(_found(data)), data)  # reading an index makes files beside it
    report.faults += [f"left over: {name}" for name in sorted(left - LASTING)]
    indexed, found = _indexed(data), _found(data)
    report.tracks, report.files = len(indexed), len(found)
    report.faults += _disagreements(indexed, found)
    report.faults += [f"never ended: job {entry.job_id}" for entry in report.ledger.live()]
    with closing(sqlite3.connect(data / "jobs.db")) as journal:
        for (job_id,) in journal.execute("SELECT job_id FROM accepted"):
            report.faults.append(f"still in the journal: job {job_id}")
    for track_id, (path, _) in found.items():
        if len(soundfile.read(path)[0]) != indexed.get(track_id, (0, 0))[1]:
            report.faults.append(f"track {track_id} has not the frames that the index has")


def _check(life: Life, client: Client, report: Report) -> None:
    """Hold a daemon to what those before it promised; then let go on what was paused."""
    report.ledger.check(client)
    while client.call("status")["tracks"].get("check", {}).get("state") in {"waiting", "running"}:
        time.sleep(0.01)
    # What is being made may be in the one and not in the other at this very moment. So may what a job makes
    # whose client was killed before its answer, and which nobody here knows of: that is over in a moment.
    deadline = time.monotonic() + SETTLED_SEC
    while (faults := _faults_now(life, report)) and time.monotonic() < deadline:
        time.sleep(0.05)
    report.faults += faults
    for entry in report.ledger.live():
        client.call("job_resume", job_id=entry.job_id)
        entry.paused = False


def _faults_now(life: Life, report: Report) -> list[str]:
    data = life.home / "data"
    making = {entry.track_id for entry in report.ledger.live()}
    indexed, found = _indexed(data), _found(data)
    mine = (f"/.tmp-{life.process.pid}-", f"cache/spool/{life.process.pid}-")
    left = sorted(_beside(indexed.keys() | making, data) - LASTING - OPEN)
    return _disagreements(indexed, found, making) + [
        f"left over after a kill: {name}" for name in left if not any(own in f"/{name}" for own in mine)
    ]


def _is_busy(client: Client) -> bool:
    queue = client.call("queue_status")
    return bool(queue["running"] or queue["pending"])


def _indexed(data: Path) -> dict[str, tuple[int, int]]:
    """Bytes and frames of each track, as the index has them."""
    with closing(sqlite3.connect(f"file:{data / 'index.db'}?mode=ro", uri=True)) as index:
        rows = index.execute("SELECT track_id, size_bytes, frames FROM tracks")
        return {track_id: (size_bytes, frames) for track_id, size_bytes, frames in rows}


def _found(data: Path) -> dict[str, tuple[Path, int]]:
    """Path and bytes of each track's file."""
    return {path.stem: (path, path.stat().st_size) for path in data.glob("tracks/??/*.flac")}


def _disagreements(
    indexed: dict[str, tuple[int, int]], found: dict[str, tuple[Path, int]], making: Collection[str] = ()
) -> list[str]:
    faults = []
    for track_id in sorted((indexed.keys() | found.keys()).difference(making)):
        row, file = indexed.get(track_id), found.get(track_id)
        if row is None or file is None or row[0] != file[1]:
            faults.append(f"track {track_id}: the index has {row}, the folder {file}")
    return faults


def _beside(tracks: Collection[str], data: Path) -> set[str]:
    """All files but those that bear the id of a track, and logs and the like."""
    files = {path for path in data.rglob("*") if path.is_file() and path.stem not in tracks}
    names = {str(path.relative_to(data)) for path in files}
    return {name for name in names if not name.startswith("state/") or ".tmp" in name}


def _count(report: Report, when: str) -> None:
    report.kills[when] = report.kills.get(when, 0) + 1


if __name__ == "__main__":
    main(*(int(text) for text in [*sys.argv[1:], *map(str, (KILLS, SEED)[len(sys.argv) - 1 :])]))
