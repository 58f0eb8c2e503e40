"""The same request is made once; afterwards it is there at once."""

from pathlib import Path

import msgspec
import numpy as np
import soundfile
from mutagen.flac import FLAC

from lofi_core.rpc.client import Client
from tests.conftest import DaemonProcess, Gate, StartDaemon, events_until_end, wait_for

REQUEST = {"prompt": "again", "backend": "sine", "duration_sec": 2, "seed": 11}


def make(client: Client, **more: object) -> str:
    job = client.call("generate", **{**REQUEST, **more})
    return str(events_until_end(client, job["job_id"])[-1].fields["path"])


def test_a_made_track_is_answered_from_the_cache_with_one_event(daemon: DaemonProcess) -> None:
    client = daemon.client()
    path = make(client)
    answer = client.call("generate", **REQUEST)
    assert (answer["status"], answer["path"]) == ("cached", path)
    assert "job_id" not in answer
    event = wait_for(client, "generation_complete").fields
    assert (event["cached"], event["path"]) == (True, path)
    assert "job_id" not in event


def test_the_cache_survives_a_restart(start_daemon: StartDaemon) -> None:
    first = start_daemon()
    make(first.client())
    assert first.stop() == 0
    assert start_daemon().client().call("generate", **REQUEST)["status"] == "cached"


def test_without_the_cache_the_samples_are_the_same_and_another_seed_differs(daemon: DaemonProcess) -> None:
    client = daemon.client()
    first = soundfile.read(make(client))[0]
    again = soundfile.read(make(client, cache=False))[0]
    other = soundfile.read(make(client, seed=12))[0]
    assert np.array_equal(first, again)
    assert not np.array_equal(first, other)


def test_a_track_whose_file_is_gone_is_made_again(daemon: DaemonProcess) -> None:
    client = daemon.client()
    Path(make(client)).unlink()
    assert client.call("generate", **REQUEST)["status"] == "generating"


def rename_another(client: Client, path: Path) -> None:
    """Put the file of another track in the place of this one."""
    Path(make(client, seed=12)).replace(path)


def change_the_recipe(_client: Client, path: Path) -> None:
    """Have the file say that it was made from other words."""
    file = FLAC(path)  # type: ignore[no-untyped-call]
    recipe = msgspec.json.decode(file["LOFI_RECIPE"][0])
    file["LOFI_RECIPE"] = msgspec.json.encode({**recipe, "prompt": "quite another thing " * 99}).decode()
    file.save()


def test_a_file_that_has_only_the_name_of_a_track_is_set_aside_and_the_track_made(
    daemon: DaemonProcess,
) -> None:
    client = daemon.client()
    path = Path(make(client))
    samples = soundfile.read(path)[0]
    client.call("subscribe", events=["track_removed"])
    for number, (change, other) in enumerate([(rename_another, "seed"), (change_the_recipe, "prompt")]):
        change(client, path)
        content = path.read_bytes()
        answer = client.call("generate", **REQUEST)
        assert "job_id" in answer
        assert wait_for(client, "track_removed").fields == {"track_id": path.stem, "reason": "damaged"}
        events_until_end(client, answer["job_id"])
        assert np.array_equal(soundfile.read(path)[0], samples)
        aside = f"{path.stem}-2.flac" if number else path.name
        assert (daemon.data / "set-aside" / aside).read_bytes() == content
        daemon.wait_for_log(f"is not what its name says: its recipe tells of another {other}\n")


def test_a_streaming_backend_tells_how_much_can_be_played(daemon: DaemonProcess) -> None:
    client = daemon.client()
    job = client.call("generate", **{**REQUEST, "duration_sec": 30})
    events = events_until_end(client, job["job_id"])
    heard = [event.fields for event in events if event.name == "generation_audio"]
    available = [fields["available_sec"] for fields in heard]
    assert available == sorted(available)
    assert available[-1] == 30.0
    spool = soundfile.info(heard[-1]["path"])
    assert (spool.frames, spool.subtype) == (30 * 48_000, "FLOAT")
    assert heard[-1]["path"] != events[-1].fields["path"]
    assert len({fields["gain_db"] for fields in heard}) == 1


def test_a_track_has_exactly_the_samples_that_were_asked_for(daemon: DaemonProcess) -> None:
    info = soundfile.info(make(daemon.client(), duration_sec=2.345))
    assert info.frames == round(2.345 * 48_000)
    assert info.subtype == "PCM_24"


def test_what_was_being_made_when_the_daemon_ends_leaves_nothing_but_its_promise(
    daemon: DaemonProcess, gate: Gate
) -> None:
    client = daemon.client()
    options = {"gate": str(gate.path)}
    client.call("generate", prompt="w", backend="stepped", duration_sec=9, options=options)
    wait_for(client, "generation_start")
    client.call("shutdown")
    gate.open(1)
    assert daemon.process.wait(20) == 0
    left = {path.name for path in daemon.data.rglob("*") if path.is_file()}
    assert left <= {"index.db", "jobs.db", "lock", "daemon", "lofi.log"}
