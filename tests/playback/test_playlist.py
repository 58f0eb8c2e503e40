"""Does the list go on as it should, and outlive daemon and player?"""

from __future__ import annotations

import signal
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from lofi_core.errors import InvalidParams, UnknownTrack
from tests.playback.conftest import listening, make_track, started_tracks, tracks, until

if TYPE_CHECKING:
    from lofi_core.rpc.client import Client
    from tests.conftest import DaemonProcess, StartDaemon


def listed(answer: dict[str, Any]) -> list[str]:
    return [track["track_id"] for track in answer["tracks"]]


def test_tracks_are_added_moved_and_removed(listener: Client) -> None:
    a, b = tracks(listener, 30.0, 31.0)
    c = make_track(listener, "third", 32.0)
    assert listed(listener.call("playlist_add", track_id=c, position=1)) == [a, c, b]
    assert listed(listener.call("playlist_move", **{"from": 0, "to": 2})) == [c, b, a]
    assert listed(listener.call("playlist_add", track_id=a, position=0)) == [a, c, b]
    answer = listener.call("playlist_remove", track_id=c)
    assert listed(answer) == listed(listener.call("playlist_get")) == [a, b]
    assert answer["tracks"][0] | {"path": ""} == {
        "track_id": a,
        "prompt": "track 0",
        "duration_sec": 30.0,
        "path": "",
    }
    assert until(listener, "playlist_changed", length=3)


def test_what_the_list_does_not_have_is_refused(listener: Client) -> None:
    (only,) = tracks(listener, 30.0)
    with pytest.raises(UnknownTrack):
        listener.call("playlist_remove", track_id="0" * 32)
    with pytest.raises(UnknownTrack):
        listener.call("playlist_add", track_id="0" * 32)
    with pytest.raises(InvalidParams, match="position is 7"):
        listener.call("playlist_add", track_id=make_track(listener, "other"), position=7)
    with pytest.raises(InvalidParams, match="to is 1"):
        listener.call("playlist_move", **{"from": 0, "to": 1})
    assert listed(listener.call("playlist_get")) == [only]


def test_the_list_plays_in_order_and_ends_in_silence(listener: Client) -> None:
    made = tracks(listener, 1.0, 1.0)
    listener.call("play")
    assert started_tracks(listener, 2) == made
    until(listener, "playback_ended", track_id=made[1], reason="finished")
    assert listener.call("status")["playback"]["state"] == "stopped"
    assert listener.call("playlist_get")["position"] is None


def test_what_comes_next_may_change_while_a_track_plays(listener: Client) -> None:
    a, b, c = tracks(listener, 30.0, 31.0, 32.0)
    listener.call("play")
    until(listener, "playback_started", track_id=a)
    listener.call("playlist_move", **{"from": 2, "to": 1})
    listener.call("skip")
    until(listener, "playback_started", track_id=c)
    listener.call("playlist_remove", track_id=c)
    until(listener, "playback_started", track_id=b)


def test_an_ended_list_goes_on_with_what_was_added(listener: Client) -> None:
    (first,) = tracks(listener, 1.0)
    listener.call("play")
    until(listener, "playback_ended", track_id=first)
    added = make_track(listener, "added")
    listener.call("playlist_add", track_id=added)
    assert listener.call("play")["track_id"] == added


def test_repeat_one_plays_the_same_track_and_skip_leaves_it(listener: Client) -> None:
    a, b = tracks(listener, 1.0, 30.0)
    listener.call("playlist_mode", repeat="one")
    listener.call("play")
    assert started_tracks(listener, 2) == [a, a]
    listener.call("skip")
    until(listener, "playback_started", track_id=b)


def test_repeat_all_begins_again(listener: Client) -> None:
    a, b = tracks(listener, 1.0, 1.0)
    assert listener.call("playlist_mode", repeat="all")["repeat"] == "all"
    listener.call("play")
    assert started_tracks(listener, 3) == [a, b, a]


def test_shuffle_plays_each_track_once(listener: Client) -> None:
    made = tracks(listener, 30.0, 31.0, 32.0, 33.0)
    assert listener.call("playlist_mode", shuffle=True)["shuffle"]
    listener.call("play")
    heard = started_tracks(listener, 1)
    for _ in made[1:]:
        listener.call("skip")
        heard += started_tracks(listener, 1)
    assert sorted(heard) == sorted(made)
    assert listener.call("skip")["state"] == "stopped"


def test_clear_is_silence_and_an_empty_list(listener: Client) -> None:
    tracks(listener, 30.0)
    listener.call("play")
    assert listed(listener.call("playlist_clear")) == []
    until(listener, "playback_ended", reason="stopped")


def test_a_track_that_is_deleted_while_it_plays_makes_way_for_the_next(listener: Client) -> None:
    a, b = tracks(listener, 30.0, 31.0)
    listener.call("play")
    until(listener, "playback_started", track_id=a)
    listener.call("tracks_delete", track_id=a)
    until(listener, "playback_ended", track_id=a)
    until(listener, "playback_started", track_id=b)
    assert listed(listener.call("playlist_get")) == [b]


@pytest.mark.parametrize("spoil", [Path.unlink, lambda path: path.write_bytes(b"fLaC and then nothing")])
def test_a_file_that_is_gone_or_broken_is_told_and_the_next_goes_on(listener: Client, spoil: Any) -> None:
    a, b, c = tracks(listener, 30.0, 31.0, 32.0)
    spoil(Path(listener.call("tracks_get", track_id=b)["path"]))
    listener.call("play")
    until(listener, "playback_started", track_id=a)
    listener.call("skip")
    ended = until(listener, "playback_ended", track_id=b).fields
    assert (ended["reason"], ended["code"]) == ("error", "TRACK_WRITE_FAILED")
    until(listener, "playback_started", track_id=c)


def test_a_list_of_broken_files_ends_though_it_repeats(listener: Client) -> None:
    made = tracks(listener, 30.0, 31.0)
    listener.call("playlist_mode", repeat="all")
    for track_id in made:
        Path(listener.call("tracks_get", track_id=track_id)["path"]).write_bytes(b"no music")
    listener.call("play")
    for track_id in made:
        until(listener, "playback_ended", track_id=track_id, reason="error")
    assert listener.call("status")["playback"]["state"] == "stopped"


def test_everything_is_there_again_after_the_daemon_was_killed(
    listener: Client, daemon: DaemonProcess, start_daemon: StartDaemon
) -> None:
    a, b = tracks(listener, 30.0, 31.0)
    listener.call("playlist_mode", repeat="all")
    listener.call("volume_set", level=0.5)
    listener.call("play", track_id=b)
    listener.call("seek", position_sec=20.0)
    until(listener, "playback_position")
    daemon.process.send_signal(signal.SIGKILL)
    daemon.process.wait()

    again = listening(start_daemon())
    playlist, status = again.call("playlist_get"), again.call("status")["playback"]
    assert (listed(playlist), playlist["position"], playlist["repeat"]) == ([a, b], 1, "all")
    assert (status["state"], status["track_id"], status["volume"]) == ("stopped", b, 0.5)
    assert again.call("resume") == {"state": "playing", "track_id": b}
    assert until(again, "playback_started").fields["position_sec"] == pytest.approx(20.0, abs=1.0)


def test_a_volume_of_the_configuration_counts_again_once_it_is_changed(start_daemon: StartDaemon) -> None:
    daemon = start_daemon(LOFI_AUDIO_VOLUME="0.8", LOFI_AUDIO_CROSSFADE_SEC="1.5")
    assert daemon.client().call("volume_get") == {"level": 0.8}
    assert daemon.client().call("playlist_get")["crossfade_sec"] == 1.5
    daemon.client().call("volume_set", level=0.3)
    assert daemon.stop() == 0
    daemon = start_daemon(LOFI_AUDIO_VOLUME="0.8")
    assert daemon.client().call("volume_get") == {"level": 0.3}
    assert daemon.stop() == 0
    assert start_daemon(LOFI_AUDIO_VOLUME="0.7").client().call("volume_get") == {"level": 0.7}


def test_a_damaged_file_of_the_playback_costs_the_list_only(home: Path, start_daemon: StartDaemon) -> None:
    (home / "data").mkdir()
    (home / "data" / "playback.json").write_text("{")
    assert start_daemon().client().call("playlist_get")["tracks"] == []
