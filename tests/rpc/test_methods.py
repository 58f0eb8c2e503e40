"""Every method of the table is answered as it says, and no other method is."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec
import pytest

from lofi_core.errors import ERRORS
from lofi_core.events import EVENTS
from lofi_core.rpc.client import Client
from lofi_core.rpc.methods import METHODS
from tests.conftest import DaemonProcess, Gate, events_until_end, wait_for

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.rpc.conftest import Connect
    from tests.rpc.raw import RawSocket

OF_LATER_VERSIONS = ["mixtape_record", "radio_record"]

# These need a daemon, files or a radio of their own, and have tests of their own.
ELSEWHERE = {"shutdown", "remove_model", "radio_more", "radio_sleep"}

# What to send, from the job and the track of a job that ended. Methods that take nothing are not listed.
PARAMS: dict[str, Callable[[dict[str, Any], Path], dict[str, Any]]] = {
    "hello": lambda _, __: {"client": {"name": "test", "version": "1", "pid": 5}},
    "generate": lambda _, __: {"prompt": "another", "backend": "sine", "duration_sec": 1},
    "cancel": lambda job, _: {"job_id": job["job_id"]},
    "job_get": lambda job, _: {"track_id": job["track_id"]},
    "job_pause": lambda job, _: {"job_id": job["job_id"]},
    "job_resume": lambda job, _: {"job_id": job["job_id"]},
    "download_backend": lambda _, __: {"backend": "procedural"},
    "download_cancel": lambda _, __: {"backend": "procedural", "variant": None},
    "default_backend_set": lambda _, __: {"backend": "procedural"},
    "load_backend": lambda _, __: {"backend": "sine"},
    "unload_backend": lambda _, __: {"backend": "sine"},
    "tracks_list": lambda _, __: {"limit": 1, "offset": 0, "query": "a", "favourite": False},
    "tracks_get": lambda job, _: {"track_id": job["track_id"]},
    "tracks_update": lambda job, _: {"track_id": job["track_id"], "favourite": True, "title": "t"},
    "tracks_delete": lambda job, _: {"track_id": job["track_id"]},
    "tracks_export": lambda job, there: {"track_id": job["track_id"], "path": str(there / "a.flac")},
    "tracks_waveform": lambda job, _: {"track_id": job["track_id"], "bins": 4},
    "play": lambda job, _: {"track_id": job["track_id"]},
    "seek": lambda _, __: {"position_sec": 0.5},
    "volume_set": lambda _, __: {"level": 0.5},
    "playlist_add": lambda job, _: {"track_id": job["track_id"], "position": 0},
    "playlist_remove": lambda job, _: {"track_id": job["track_id"]},
    "playlist_move": lambda _, __: {"from": 0, "to": 0},
    "playlist_mode": lambda _, __: {"shuffle": False, "repeat": "off", "crossfade_sec": 0},
    "radio_start": lambda _, __: {
        "prompts": ["a tone"],
        "backend": "sine",
        "duration_sec": 60,
        "sleep_min": 60,
    },
    "audio_device_set": lambda _, __: {"device": "null"},
    "subscribe": lambda _, __: {"events": ["generation_"], "scope": "own"},
    "unsubscribe": lambda _, __: {"events": ["generation_"], "scope": "own"},
}


def finished(client: Client) -> dict[str, Any]:
    """The reply to a `generate` whose track is on disk."""
    accepted: dict[str, Any] = client.call("generate", prompt="a tone", backend="sine", duration_sec=1)
    events_until_end(client, accepted["job_id"])
    return accepted


@pytest.mark.parametrize("name", [name for name in METHODS if name not in ELSEWHERE])
def test_every_method_answers_what_the_table_says(served: DaemonProcess, tmp_path: Path, name: str) -> None:
    with Client(served.socket) as client:
        job = finished(client)
        client.call("playlist_add", track_id=job["track_id"])
        params = PARAMS[name](job, tmp_path) if name in PARAMS else {}
        answer = client.call(name, **params)
    result_type = METHODS[name].result
    msgspec.convert(answer, result_type)
    assert set(answer) <= set(result_type.__struct_encode_fields__)


def test_shutdown_answers_and_ends_the_daemon(daemon: DaemonProcess) -> None:
    assert daemon.client().call("shutdown") == {"status": "shutting_down"}
    assert daemon.process.wait(timeout=20) == 0


@pytest.mark.parametrize("name", OF_LATER_VERSIONS)
def test_a_method_of_a_later_version_is_not_found(wire: RawSocket, name: str) -> None:
    assert wire.error(name, [{"whatever": 1}]).startswith(f"METHOD_NOT_FOUND: no method '{name}'")


def test_a_mistyped_method_gets_the_one_that_was_meant(wire: RawSocket) -> None:
    text = wire.error("generat", [])
    assert text == "METHOD_NOT_FOUND: no method 'generat'\nhint: did you mean 'generate'?"


def test_hello_lists_what_there_is(wire: RawSocket) -> None:
    hello = wire.ask([0, 1, "hello", []])[3]
    assert hello["protocol"] == 1
    assert hello["methods"] == list(METHODS)
    assert hello["events"] == list(EVENTS)


def test_describe_has_a_schema_for_every_method_event_and_code(wire: RawSocket) -> None:
    description = wire.ask([0, 1, "describe", []])[3]
    assert [method["name"] for method in description["methods"]] == list(METHODS)
    assert [event["name"] for event in description["events"]] == list(EVENTS)
    assert list(description["errors"]) == list(ERRORS)
    schemas = [method["params"] for method in description["methods"]]
    assert all(schema["type"] == "object" for schema in schemas)


def test_status_says_what_is_true(daemon: DaemonProcess) -> None:
    client = daemon.client()
    finished(client)
    status = client.call("status")
    assert status["pid"] == daemon.process.pid
    assert status["socket"] == str(daemon.socket)
    assert status["clients"] == 1
    assert status["tracks"]["count"] == 1
    assert status["tracks"]["bytes"] == sum(file.stat().st_size for file in daemon.data.rglob("*.flac"))
    assert status["queue"] == {"length": 0, "capacity": 10, "paused": 0}
    assert 10e6 < status["rss_bytes"] < 1e9


def test_ping_is_answered_while_a_job_is_paused_at_its_next_step(
    quiet: DaemonProcess, gate: Gate, connect: Connect
) -> None:
    client, wire = quiet.client(), connect(quiet)
    walk = {"prompt": "w", "backend": "stepped", "duration_sec": 3, "options": {"gate": str(gate.path)}}
    job_id = client.call("generate", **walk)["job_id"]
    wait_for(client, "generation_start")
    assert wire.ask([0, 1, "job_pause", [{"job_id": job_id}]], [0, 2, "ping", []])[1] == 2
    gate.open(1)
    assert wire.read() == [1, 1, None, {"state": "paused"}]


def test_queue_methods_tell_a_running_job_from_a_pending_one(quiet: DaemonProcess, gate: Gate) -> None:
    client = quiet.client()
    walk = {"backend": "stepped", "duration_sec": 3, "options": {"gate": str(gate.path)}}
    running = client.call("generate", prompt="first", **walk)
    pending = client.call("generate", prompt="second", **walk)
    assert (running["position"], pending["position"], pending["status"]) == (0, 1, "queued")
    queue = client.call("queue_status")
    assert [job["job_id"] for job in queue["running"]] == [running["job_id"]]
    assert [(job["prompt"], job["position"]) for job in queue["pending"]] == [("second", 1)]
    assert client.call("queue_clear") == {"cancelled": 1}
    gate.open(3)
    events_until_end(client, running["job_id"])


def test_a_cached_track_is_answered_without_a_job_and_followed_by_one_event(quiet: DaemonProcess) -> None:
    client = quiet.client()
    first = client.call("generate", prompt="a", backend="sine", duration_sec=1, seed=3)
    events_until_end(client, first["job_id"])
    again = client.call("generate", prompt="a", backend="sine", duration_sec=1, seed=3)
    assert again["status"] == "cached"
    assert "job_id" not in again
    event = wait_for(client, "generation_complete")
    assert event.fields["cached"] is True
    assert event.fields["path"] == again["path"]
