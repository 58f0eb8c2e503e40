"""A track with `keep` false is made for whoever asks, and nothing of it stays."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from lofi_core.errors import InvalidParams, UnknownTrack
from lofi_core.jobs.request import Wish, prepare
from lofi_core.tracks.recipes import read_recipe
from tests.conftest import DaemonProcess, Gate, events_until_end
from tests.radio.backends import Simulated
from tests.radio.clock import VirtualClock, simulate
from tests.radio.studio import studio

if TYPE_CHECKING:
    from lofi_core.rpc.client import Client

REQUEST = {"prompt": "again", "backend": "sine", "duration_sec": 2, "seed": 11}


def make(client: Client, **more: object) -> dict[str, Any]:
    job = client.call("generate", **{**REQUEST, **more})
    return events_until_end(client, job["job_id"])[-1].fields


def exists(path: str | None) -> bool:
    return path is not None and Path(path).exists()


def test_it_has_the_same_samples_and_the_library_is_as_it_was(daemon: DaemonProcess) -> None:
    client = daemon.client()
    kept = make(client)
    before = client.call("tracks_list"), Path(kept["path"]).read_bytes()
    loose = make(client, keep=False)
    assert not loose["cached"]
    assert loose["path"] != kept["path"]
    recipes = [read_recipe(Path(made["path"])) for made in (kept, loose)]
    assert recipes[0].samples_sha256 == recipes[1].samples_sha256 is not None
    with pytest.raises(UnknownTrack):
        client.call("tracks_get", track_id=loose["track_id"])
    assert (client.call("tracks_list"), Path(kept["path"]).read_bytes()) == before
    daemon.stop()
    assert not Path(loose["path"]).exists()


def test_nobody_joins_its_job_and_it_joins_nobodys(daemon: DaemonProcess, gate: Gate) -> None:
    client = daemon.client()
    gated = {"backend": "stepped", "options": {"gate": str(gate.path)}}
    first = client.call("generate", **{**REQUEST, **gated})
    others = [client.call("generate", **{**REQUEST, **gated}, keep=keep) for keep in (False, False, True)]
    assert len({first["track_id"], *(other["track_id"] for other in others)}) == 3
    assert others[-1]["job_id"] == first["job_id"]


def test_it_cannot_be_played(daemon: DaemonProcess) -> None:
    with pytest.raises(InvalidParams, match="play is true and keep is false"):
        daemon.client().call("generate", **REQUEST, keep=False, play=True)


def test_its_file_goes_a_minute_after_it_was_made(tmp_path: Path) -> None:
    async def main(clock: VirtualClock) -> list[bool]:
        async with studio(clock, tmp_path, [Simulated(clock, "calm", speed=2.0)]) as rooms:
            wish = Wish("rain", 8.0, "calm", 1, keep=False)
            job = rooms.engine.submit(prepare(wish, rooms.plugins, rooms.config), client="the test")
            while not job.has_ended:  # noqa: ASYNC110 - virtual seconds
                await asyncio.sleep(0.5)
            there = [exists(job.path)]
            for seconds in (58.0, 4.0):
                await asyncio.sleep(seconds)
                there.append(exists(job.path))
            return there

    assert simulate(main) == [True, True, False]
