"""Do the methods do what they say, with a real player?"""

from __future__ import annotations

import math
import os
import signal
from typing import TYPE_CHECKING

import pytest

from lofi_core.errors import AudioDeviceError, InvalidParams, UnknownTrack
from tests.playback.conftest import listening, make_track, tracks, until, wait_for_one_of

if TYPE_CHECKING:
    from lofi_core.rpc.client import Client
    from tests.conftest import DaemonProcess, StartDaemon


def test_a_track_plays_to_its_end(listener: Client) -> None:
    track = make_track(listener, "short", 1.0)
    assert listener.call("play", track_id=track) == {"state": "playing", "track_id": track}
    assert until(listener, "playback_started").fields == {"track_id": track, "position_sec": 0.0}
    ended = until(listener, "playback_ended").fields
    assert ended["reason"] == "finished"
    assert ended["position_sec"] == pytest.approx(1.0, abs=0.01)
    assert listener.call("status")["playback"]["state"] == "stopped"


def test_position_is_told_once_a_second(listener: Client) -> None:
    track = make_track(listener, "short", 3.0)
    listener.call("play", track_id=track)
    position = until(listener, "playback_position").fields
    assert position["track_id"] == track
    assert position["duration_sec"] == pytest.approx(3.0)
    assert 0 <= position["position_sec"] < 1.5


def test_pause_holds_and_resume_goes_on_where_it_was(listener: Client) -> None:
    listener.call("play", track_id=make_track(listener, "long", 30.0))
    until(listener, "playback_started")
    assert listener.call("pause")["state"] == "paused"
    held = until(listener, "playback_paused").fields["position_sec"]
    assert listener.call("pause")["state"] == "paused"
    assert listener.call("status")["playback"]["position_sec"] == pytest.approx(held, abs=0.4)
    assert listener.call("resume")["state"] == "playing"
    assert until(listener, "playback_resumed").fields["position_sec"] == pytest.approx(held, abs=0.1)


def test_toggle_turns_playing_into_paused_and_back(listener: Client) -> None:
    listener.call("play", track_id=make_track(listener, "long", 30.0))
    assert [listener.call("toggle")["state"] for _ in range(2)] == ["paused", "playing"]


def test_stop_is_silence_and_play_begins_the_track_anew(listener: Client) -> None:
    track = make_track(listener, "long", 30.0)
    listener.call("play", track_id=track)
    listener.call("seek", position_sec=10)
    assert listener.call("stop") == {"state": "stopped", "track_id": track}
    assert until(listener, "playback_ended").fields["reason"] == "stopped"
    listener.call("play")
    assert until(listener, "playback_started").fields["position_sec"] == 0.0


def test_seek_goes_to_a_place(listener: Client) -> None:
    listener.call("play", track_id=make_track(listener, "long", 30.0))
    assert listener.call("seek", position_sec=20.5) == {"position_sec": 20.5}
    until(listener, "playback_started")
    assert until(listener, "playback_position").fields["position_sec"] >= 20.0


def test_seek_past_the_end_ends_the_track_and_the_next_goes_on(listener: Client) -> None:
    first, second = tracks(listener, 30.0, 30.0)
    listener.call("play")
    until(listener, "playback_started", track_id=first)
    assert listener.call("seek", position_sec=1e6) == {"position_sec": 30.0}
    assert until(listener, "playback_ended").fields["track_id"] == first
    until(listener, "playback_started", track_id=second)


def test_a_seek_while_stopped_is_where_play_begins(listener: Client) -> None:
    tracks(listener, 30.0)
    listener.call("seek", position_sec=12.0)
    listener.call("play")
    assert until(listener, "playback_started").fields["position_sec"] == pytest.approx(12.0)


@pytest.mark.parametrize("place", [-1.0, math.nan, math.inf])
def test_a_place_that_is_none_is_refused(listener: Client, place: float) -> None:
    tracks(listener, 30.0)
    with pytest.raises(InvalidParams, match="position_sec"):
        listener.call("seek", position_sec=place)


def test_an_empty_playlist_has_nothing_to_play_or_seek_in_and_skips_nothing(listener: Client) -> None:
    with pytest.raises(UnknownTrack, match="empty"):
        listener.call("play")
    with pytest.raises(UnknownTrack):
        listener.call("seek", position_sec=1.0)
    for method in ("skip", "stop", "pause"):
        assert listener.call(method) == {"state": "stopped", "track_id": None}


def test_a_track_that_nobody_made_cannot_be_played(listener: Client) -> None:
    with pytest.raises(UnknownTrack):
        listener.call("play", track_id="0" * 32)


def test_skip_goes_to_the_next_and_past_the_last_into_silence(listener: Client) -> None:
    first, second = tracks(listener, 30.0, 30.0)
    listener.call("play")
    until(listener, "playback_started", track_id=first)
    assert listener.call("skip") == {"state": "playing", "track_id": second}
    assert until(listener, "playback_ended").fields["reason"] == "skipped"
    until(listener, "playback_started", track_id=second)
    assert listener.call("skip")["state"] == "stopped"
    assert until(listener, "playback_ended").fields["reason"] == "skipped"


def test_the_volume_is_set_told_and_kept(listener: Client, daemon: DaemonProcess) -> None:
    other = listening(daemon)
    assert listener.call("volume_set", level=0.25) == {"level": 0.25}
    assert until(other, "volume_changed").fields == {"level": 0.25}
    assert other.call("volume_get") == {"level": 0.25}


@pytest.mark.parametrize("level", [math.nan, -0.1, 1.1, math.inf, "loud"])
def test_a_volume_that_is_none_is_refused_and_nothing_changes(listener: Client, level: object) -> None:
    with pytest.raises(InvalidParams, match="level"):
        listener.call("volume_set", level=level)
    assert listener.call("volume_get") == {"level": 1.0}


def test_the_devices_are_listed_and_an_unknown_one_is_refused(listener: Client) -> None:
    assert listener.call("audio_devices")["current"] is not None
    with pytest.raises(AudioDeviceError, match="no-such-device"):
        listener.call("audio_device_set", device="no-such-device")
    assert listener.call("audio_device_set", device="null")["current"] is not None


def test_another_device_is_told(listener: Client) -> None:
    listener.call("play", track_id=make_track(listener, "long", 30.0))
    listener.call("audio_device_set", device="null")
    assert until(listener, "audio_device_changed").fields["wanted"] == "null"


def test_without_a_device_what_cannot_be_played_says_so(start_daemon: StartDaemon) -> None:
    listener = listening(start_daemon(LOFI_AUDIO_DEVICE="default"))
    if listener.call("audio_devices")["current"] is not None:
        pytest.skip("this machine has an audio device")
    track = make_track(listener, "long", 30.0)
    with pytest.raises(AudioDeviceError, match="audio device"):
        listener.call("play", track_id=track)
    assert listener.call("status")["playback"]["state"] == "stopped"
    listener.call("generate", prompt="long", duration_sec=30, backend="sine", seed=1, play=True)
    ended = until(listener, "playback_ended").fields
    assert (ended["track_id"], ended["code"]) == (track, "AUDIO_DEVICE_ERROR")
    listener.call("audio_device_set", device="null")
    assert listener.call("play")["state"] == "playing"


def test_two_clients_command_at_once_and_the_last_word_counts(
    listener: Client, daemon: DaemonProcess
) -> None:
    first, second = tracks(listener, 30.0, 30.0)
    other = daemon.client()
    for track in (first, second) * 3:
        listener.call("play", track_id=track)
        other.call("toggle")
        other.call("toggle")
    until(listener, "playback_started", track_id=second)
    status = other.call("status")["playback"]
    assert (status["state"], status["track_id"]) == ("playing", second)


def test_the_sound_is_back_when_the_player_was_killed(listener: Client) -> None:
    track = make_track(listener, "long", 60.0)
    listener.call("play", track_id=track)
    listener.call("seek", position_sec=20.0)
    until(listener, "playback_position")
    before = listener.call("status")["playback"]["player_pid"]
    os.kill(before, signal.SIGKILL)
    again = wait_for_one_of(listener, "playback_started", "playback_resumed")
    assert (again.name, again.fields["track_id"]) == ("playback_resumed", track)
    assert again.fields["position_sec"] == pytest.approx(20.5, abs=2.0)
    assert until(listener, "playback_position").fields["position_sec"] >= 20.0
    assert listener.call("status")["playback"]["player_pid"] not in {None, before}


def test_a_pause_outlives_the_player(listener: Client) -> None:
    listener.call("play", track_id=make_track(listener, "long", 60.0))
    until(listener, "playback_started")
    listener.call("pause")
    os.kill(listener.call("status")["playback"]["player_pid"], signal.SIGKILL)
    assert listener.call("resume")["state"] == "playing"
    again = wait_for_one_of(listener, "playback_started", "playback_resumed")
    assert again.name == "playback_resumed"
    assert until(listener, "playback_position").fields["position_sec"] < 5.0
