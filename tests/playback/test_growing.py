"""Is a track heard while it is made, and is what was asked for with `play` played?"""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from lofi_core.errors import UnknownTrack
from tests.playback.conftest import listening, make_track, tracks, until

if TYPE_CHECKING:
    from lofi_core.rpc.client import Client, Notification
    from tests.conftest import DaemonProcess, Gate, InstallBackend, StartDaemon

# Streams a tenth of a second a step; each takes `pace` times as long as it sounds. After `fails_at` it fails.
PACED = """
    import time
    import msgspec
    import numpy as np
    from lofi_core import BackendSpec, Schedule, Stage, Step, hookimpl

    class Options(msgspec.Struct, forbid_unknown_fields=True):
        pace: float = 0.0
        fails_at: int = -1

    @hookimpl
    def describe_backend():
        return BackendSpec(
            "paced", "Paced", 8000, 1, 1, 600, model_version="1", streaming=True, options=Options
        )

    @hookimpl
    def make_schedule(request):
        return Schedule([Stage("walk", steps=round(request.duration_sec * 10))])

    @hookimpl
    def generate(request):
        for index in range(round(request.duration_sec * 10)):
            time.sleep(0.1 * request.options.pace)
            if index == request.options.fails_at:
                raise RuntimeError("this model broke")
            yield Step("walk", index, np.full((1, 800), 0.1, "float32"))
"""


@pytest.fixture
def client(install_backend: InstallBackend, start_daemon: StartDaemon) -> Client:
    install_backend("paced", PACED)
    client = listening(start_daemon())
    client.call("subscribe", events=["generation"])
    return client


def generate(client: Client, seconds: float, prompt: str = "a wave", **options: float) -> dict[str, str]:
    answer: dict[str, str] = client.call(
        "generate", prompt=prompt, duration_sec=seconds, backend="paced", play=True, options=options
    )
    return answer


def until_ended(client: Client) -> list[Notification]:
    """All events up to the first end of a track."""
    seen: list[Notification] = []
    while not seen or seen[-1].name != "playback_ended":
        event = client.next_event(20)
        assert event is not None, [event.name for event in seen]
        seen.append(event)
    return seen


def test_a_track_of_the_embedded_backend_is_heard_before_it_is_made(client: Client) -> None:
    accepted = client.call("generate", prompt="rain", duration_sec=120, backend="procedural", play=True)
    names = []
    while "generation_complete" not in names:
        event = client.next_event(60)
        assert event is not None
        names.append(event.name)
    assert "playback_started" in names
    status = client.call("status")["playback"]
    assert (status["state"], status["track_id"]) == ("playing", accepted["track_id"])
    assert status["duration_sec"] == pytest.approx(120.0)


def test_a_slow_track_says_when_it_plays_and_is_then_heard_without_a_gap(client: Client) -> None:
    generate(client, 2.0, pace=2.0)
    seen = until_ended(client)
    names = [event.name for event in seen]
    waits = [event.fields for event in seen if event.name == "playback_buffering"]
    assert all(wait["position_sec"] == 0.0 for wait in waits)  # and none of them in the middle of the track
    assert 1.0 <= waits[0]["starts_in_sec"] < 4.0
    assert names.index("playback_started") < names.index("generation_complete")
    assert seen[-1].fields["reason"] == "finished"
    assert seen[-1].fields["position_sec"] == pytest.approx(2.0, abs=0.01)


def test_a_fast_track_is_heard_at_once_and_whole(client: Client) -> None:
    generate(client, 2.0, pace=0.2)
    seen = until_ended(client)
    assert "playback_buffering" not in [event.name for event in seen]
    assert seen[-1].fields["position_sec"] == pytest.approx(2.0, abs=0.01)


def test_a_seek_beyond_what_there_is_waits_there_and_says_how_long(client: Client) -> None:
    generate(client, 60.0, pace=0.2)
    until(client, "playback_started")
    client.call("seek", position_sec=6.0)
    waiting = until(client, "playback_buffering").fields
    assert waiting["position_sec"] == pytest.approx(6.0)
    assert 0.1 < waiting["starts_in_sec"] < 10.0
    assert until(client, "playback_resumed").fields["position_sec"] == pytest.approx(6.0, abs=0.1)


def test_a_track_that_fails_while_it_is_heard_ends_in_its_error(client: Client) -> None:
    accepted = generate(client, 60.0, pace=0.1, fails_at=100)
    ended = until(client, "playback_ended").fields
    assert (ended["track_id"], ended["reason"]) == (accepted["track_id"], "error")
    assert (ended["code"], "this model broke" in ended["message"]) == ("MODEL_INFERENCE_FAILED", True)
    assert client.call("playlist_get")["tracks"] == []


def test_a_track_that_is_cancelled_while_it_is_heard_makes_way(client: Client) -> None:
    accepted = generate(client, 60.0, pace=0.5)
    until(client, "playback_started")
    client.call("cancel", track_id=accepted["track_id"])
    until(client, "playback_ended", track_id=accepted["track_id"])
    assert client.call("status")["playback"]["state"] == "stopped"


def test_what_is_made_to_be_played_comes_behind_what_plays(client: Client) -> None:
    before, after = tracks(client, 30.0, 31.0)
    client.call("play")
    until(client, "playback_started", track_id=before)
    made = generate(client, 1.0)["track_id"]
    until(client, "generation_complete", track_id=made)
    playlist = client.call("playlist_get")["tracks"]
    assert [track["track_id"] for track in playlist] == [before, made, after]
    later = generate(client, 1.1)["track_id"]
    until(client, "generation_complete", track_id=later)
    assert [track["track_id"] for track in client.call("playlist_get")["tracks"]][1:3] == [made, later]
    client.call("skip")
    until(client, "playback_started", track_id=made)


def test_a_finished_track_is_read_from_the_library_once_the_player_begins_again(client: Client) -> None:
    track = generate(client, 60.0)["track_id"]
    until(client, "generation_complete", track_id=track)
    until(client, "playback_position")
    for spool in Path(client.path.parent.parent / "data" / "cache" / "spool").rglob("*.wav"):
        spool.unlink()  # as a minute later
    os.kill(client.call("status")["playback"]["player_pid"], signal.SIGKILL)
    until(client, "playback_resumed", track_id=track)
    until(client, "playback_position", track_id=track)


def test_a_track_of_the_library_is_played_at_once(daemon: DaemonProcess, listener: Client) -> None:
    make_track(listener, "known", 2.0)
    accepted = listener.call("generate", prompt="known", duration_sec=2.0, backend="sine", seed=1, play=True)
    assert accepted["status"] == "cached"
    until(listener, "playback_started", track_id=accepted["track_id"])


def test_a_backend_that_does_not_stream_is_heard_when_its_track_is_done(listener: Client) -> None:
    accepted = listener.call("generate", prompt="walk", duration_sec=2.0, backend="stepped", play=True)
    until(listener, "playback_started", track_id=accepted["track_id"])


def test_after_a_stop_nothing_begins_by_itself(client: Client) -> None:
    track = generate(client, 2.0, pace=2.0)["track_id"]
    until(client, "playback_buffering")
    client.call("stop")
    until(client, "generation_complete", track_id=track)
    assert client.call("status")["playback"]["state"] == "stopped"


def test_the_player_is_started_when_the_request_is_accepted(listener: Client, gate: Gate) -> None:
    options = {"gate": str(gate.path)}
    assert listener.call("status")["playback"]["player_pid"] is None
    listener.call("generate", prompt="walk", backend="stepped", play=True, options=options)
    until_end = time.monotonic() + 15
    while listener.call("status")["playback"]["player_pid"] is None:  # no event tells it
        assert time.monotonic() < until_end
        time.sleep(0.02)


def test_a_track_that_is_being_made_can_be_played_though_nobody_asked_for_it_then(client: Client) -> None:
    job = client.call("generate", prompt="a", duration_sec=2, backend="paced", options={"pace": 0.5})
    assert client.call("play", track_id=job["track_id"]) == {"state": "stopped", "track_id": None}
    started = until(client, "playback_started").fields
    assert started["track_id"] == job["track_id"]
    assert until(client, "playback_ended").fields["reason"] == "finished"


def test_a_track_whose_job_waits_can_be_played_and_a_stop_forgets_it(client: Client) -> None:
    jobs = [
        client.call("generate", prompt=name, duration_sec=2, backend="paced", options={"pace": 0.4})
        for name in "abc"
    ]
    client.call("play", track_id=jobs[1]["track_id"])
    client.call("stop")
    client.call("play", track_id=jobs[2]["track_id"])
    assert until(client, "playback_started").fields["track_id"] == jobs[2]["track_id"]
    client.call("playlist_clear")
    with pytest.raises(UnknownTrack):
        client.call("play", track_id="0" * 32)


def test_a_track_whose_job_was_cancelled_cannot_be_played(client: Client) -> None:
    job = client.call("generate", prompt="a", duration_sec=20, backend="paced", options={"pace": 1.0})
    client.call("cancel", job_id=job["job_id"])
    until(client, "generation_cancelled")
    with pytest.raises(UnknownTrack):
        client.call("play", track_id=job["track_id"])
