"""What is heard when the station's backend is slow, fails or is held, and what stays when the radio goes?"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from tests.conftest import STEPPED, events_until_end
from tests.radio.conftest import PROMPT, listening, plays, tune, until

if TYPE_CHECKING:
    from lofi_core.rpc.client import Client
    from tests.conftest import Gate, InstallBackend, StartDaemon

BROKEN = """
    from lofi_core import BackendSpec, Schedule, Stage, hookimpl

    @hookimpl
    def describe_backend():
        return BackendSpec("broken", "Broken", 8000, 1, 1, 60, model_version="1")

    @hookimpl
    def make_schedule(request):
        return Schedule([Stage("walk", steps=1)])

    @hookimpl
    def generate(request):
        raise RuntimeError("out of tune")
        yield
"""


def make(client: Client, prompt: str, seconds: float, **fields: Any) -> str:
    """A track in the library; its id."""
    accepted = client.call("generate", prompt=prompt, duration_sec=seconds, **fields)
    events_until_end(client, accepted["job_id"])
    return str(accepted["track_id"])


def held_up(client: Client, gate: Gate) -> dict[str, Any]:
    """A radio whose backend never takes a step."""
    return tune(client, backend="stepped", options={"gate": str(gate.path)})


def test_a_slow_backend_is_bridged_with_what_the_library_has_of_that_mood(
    listener: Client, gate: Gate
) -> None:
    make(listener, "heavy metal, fast drums", 25)
    track = make(listener, PROMPT, 25)
    held_up(listener, gate)
    assert plays(listener, source="library") == track
    status = listener.call("radio_status")
    assert (status["now"]["source"], status["making"]["backend"]) == ("library", "stepped")


def test_of_two_that_fit_the_liked_one_comes_and_never_a_disliked_one(listener: Client, gate: Gate) -> None:
    tracks = [make(listener, PROMPT, 25, seed=seed) for seed in range(3)]
    for track, rate in ((tracks[0], "radio_dislike"), (tracks[2], "radio_like")):
        listener.call("play", track_id=track)
        until(listener, "playback_started", track_id=track)
        listener.call(rate)
    listener.call("playlist_clear")
    held_up(listener, gate)
    assert plays(listener, source="library") == tracks[2]
    listener.call("skip")
    assert plays(listener, source="library") == tracks[1]
    listener.call("skip")
    assert plays(listener) in tracks[1:]


def test_an_empty_library_is_bridged_with_a_fresh_piece_of_a_quick_backend(
    listener: Client, gate: Gate
) -> None:
    held_up(listener, gate)
    track = plays(listener, source="bridge")
    until(listener, "generation_complete", track_id=track)
    assert listener.call("tracks_get", track_id=track)["backend"] == "procedural"
    assert listener.call("radio_status")["bridges"] == 1


def test_a_backend_that_fails_again_and_again_is_left_alone_and_bridged(
    start_daemon: StartDaemon, install_backend: InstallBackend
) -> None:
    install_backend("broken", BROKEN)
    listener = listening(start_daemon())
    tune(listener, backend="broken", duration_sec=30)
    plays(listener, source="bridge")
    held = until(listener, "radio_changed", state="playing").fields.get("held", "")
    while "out of tune" not in held:
        held = until(listener, "radio_changed", state="playing").fields.get("held", "")
    status = listener.call("radio_status")
    assert status["failures"] >= 2
    assert "tried again in" in status["held"]


def test_what_others_put_into_the_list_is_played_and_stays(listener: Client) -> None:
    mine, later = (make(listener, name, 8, backend="sine", seed=1) for name in ("mine", "later"))
    listener.call("playlist_add", track_id=mine)
    tune(listener)
    plays(listener)
    listener.call("play", track_id=mine)
    until(listener, "playback_started", track_id=mine)
    listener.call("playlist_add", track_id=later)
    plays(listener, source="made")
    listener.call("radio_stop")
    listed = [track["track_id"] for track in listener.call("playlist_get")["tracks"]]
    assert {mine, later} <= set(listed)


def test_a_piece_whose_file_is_broken_is_left_and_the_next_one_is_heard(listener: Client) -> None:
    tune(listener)
    plays(listener)
    while listener.call("radio_status")["ahead"] < 2:
        until(listener, "generation_complete")
    playlist = listener.call("playlist_get")
    broken = playlist["tracks"][playlist["position"] + 2]
    Path(broken["path"]).write_bytes(b"no music at all")
    for _ in range(2):
        listener.call("skip")
    assert until(listener, "playback_ended", track_id=broken["track_id"]).fields["reason"] == "error"
    until(listener, "playback_position")
    status = listener.call("status")["playback"]
    assert status["state"] == "playing"
    assert status["track_id"] != broken["track_id"]


def test_a_full_queue_is_waited_for(start_daemon: StartDaemon, install_backend: InstallBackend) -> None:
    install_backend("stepped", STEPPED)
    listener = listening(start_daemon(LOFI_QUEUE_CAPACITY="1", LOFI_RADIO_BRIDGE_BACKEND=""))
    track = make(listener, PROMPT, 25)
    for seed in range(2):
        listener.call("generate", prompt="long", duration_sec=600, seed=seed)
    tune(listener)
    assert plays(listener) == track
    assert "queue is full" in listener.call("radio_status")["held"]


def test_the_last_station_is_played_where_none_is_named_after_a_restart_too(
    start_daemon: StartDaemon,
) -> None:
    daemon = start_daemon()
    listener = listening(daemon)
    tune(listener, prompts=["slow dusty drums"])
    plays(listener)
    daemon.stop()
    again = start_daemon().client()
    assert again.call("radio_status")["state"] == "off"
    assert again.call("radio_start")["station"]["prompts"] == ["slow dusty drums"]
