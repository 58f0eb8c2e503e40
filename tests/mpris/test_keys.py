"""Do media keys and widgets reach the music?"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import pytest
from jeepney.wrappers import DBusErrorResponse

from tests.mpris.desktop import Widget
from tests.playback.conftest import listening, tracks, until

if TYPE_CHECKING:
    from lofi_core.rpc.client import Client
    from tests.conftest import StartDaemon
    from tests.mpris.desktop import SessionBus

SECOND = 1_000_000


def path_of(track_id: str) -> str:
    return f"/lofi_core/track/{track_id}"


def playing(client: Client) -> tuple[str, str | None]:
    now = client.call("status")["playback"]
    return now["state"], now["track_id"]


def place(client: Client) -> float:
    return float(client.call("status")["playback"]["position_sec"])


def test_the_keys_play_hold_go_on_skip_and_stop(client: Client, widget: Widget) -> None:
    first, second = tracks(client, 30.0, 30.0)
    widget.press("PlayPause")
    until(client, "playback_started", track_id=first)
    widget.press("PlayPause")
    assert playing(client) == ("paused", first)
    widget.press("Play")
    assert playing(client) == ("playing", first)
    widget.press("Pause")
    assert playing(client) == ("paused", first)
    widget.press("Next")
    assert playing(client) == ("paused", second)
    widget.press("Stop")
    assert playing(client) == ("stopped", second)


def test_keys_with_no_effect_are_no_errors_but_the_one_that_must_be(client: Client, widget: Widget) -> None:
    for key in ("Play", "Pause", "Next", "Previous", "Stop"):
        widget.press(key)
    widget.press("Seek", "x", SECOND)
    widget.press("SetPosition", "ox", "/org/mpris/MediaPlayer2/TrackList/NoTrack", 0)
    error, text = widget.refusal("PlayPause")
    assert error == "org.freedesktop.DBus.Error.Failed"
    assert text.startswith("UNKNOWN_TRACK: nothing to play: the playlist is empty\nhint: ")
    assert playing(client) == ("stopped", None)


def test_next_on_the_last_track_does_nothing(client: Client, widget: Widget) -> None:
    (only,) = tracks(client, 30.0)
    widget.press("Play")
    widget.press("Next")
    assert playing(client) == ("playing", only)


def test_previous_is_the_track_before_or_after_three_seconds_this_one_anew(
    client: Client, widget: Widget
) -> None:
    first, second = tracks(client, 30.0, 30.0)
    client.call("play", track_id=second)
    until(client, "playback_started")
    widget.press("Pause")
    until(client, "playback_paused")
    client.call("seek", position_sec=10)
    widget.press("Previous")
    assert (playing(client), place(client)) == (("paused", second), 0)
    widget.press("Previous")
    assert playing(client) == ("paused", first)
    widget.press("Previous")
    assert playing(client) == ("paused", first)


def test_going_back_leaves_a_pause_a_pause(client: Client, widget: Widget) -> None:
    first, second = tracks(client, 30.0, 30.0)
    client.call("play", track_id=second)
    widget.press("Pause")
    widget.press("Previous")
    until(client, "playback_started", track_id=first)
    assert playing(client) == ("paused", first)
    widget.press("Play")
    assert until(client, "playback_resumed").fields["track_id"] == first


def test_seek_goes_on_and_back_and_not_before_the_begin(client: Client, widget: Widget) -> None:
    tracks(client, 30.0)
    widget.press("Play")
    until(client, "playback_started")
    widget.press("Pause")
    held = until(client, "playback_paused").fields["position_sec"]
    widget.press("Seek", "x", 10 * SECOND)
    assert place(client) == pytest.approx(held + 10, abs=0.01)
    assert widget.get("Position") == pytest.approx(place(client) * SECOND, abs=1000)
    widget.press("Seek", "x", -20 * SECOND)
    assert place(client) == 0


def test_seek_past_the_end_is_the_next_track(client: Client, widget: Widget) -> None:
    _first, second = tracks(client, 30.0, 30.0)
    widget.press("Play")
    widget.press("Seek", "x", 2**62)
    assert playing(client) == ("playing", second)
    widget.press("Seek", "x", 2**62)
    assert playing(client)[0] == "stopped"


def test_a_position_can_be_set_in_the_track_that_plays(client: Client, widget: Widget) -> None:
    (track,) = tracks(client, 30.0)
    widget.press("Play")
    widget.press("Pause")
    widget.press("SetPosition", "ox", path_of(track), 20 * SECOND)
    assert widget.signal("Seeked") == (20 * SECOND,)
    assert place(client) == 20


def test_a_position_in_another_track_or_outside_this_one_is_ignored(client: Client, widget: Widget) -> None:
    track, other = tracks(client, 30.0, 30.0)
    widget.press("Play")
    widget.press("Pause")
    widget.press("SetPosition", "ox", path_of(other), 20 * SECOND)
    widget.press("SetPosition", "ox", path_of(track), 31 * SECOND)
    widget.press("SetPosition", "ox", path_of(track), -1)
    assert place(client) < 20


def test_the_volume_goes_both_ways(client: Client, widget: Widget) -> None:
    widget.set("Volume", "d", 0.25)
    assert until(client, "volume_changed").fields == {"level": 0.25}
    assert widget.changes() == {"Volume": 0.25}
    client.call("volume_set", level=0.75)
    assert widget.changes() == {"Volume": 0.75}
    assert widget.get("Volume") == 0.75


@pytest.mark.parametrize(("asked", "level"), [(-0.1, 0.0), (1.05, 1.0)])
def test_a_step_beyond_the_scale_of_the_volume_ends_there(
    client: Client, widget: Widget, asked: float, level: float
) -> None:
    client.call("volume_set", level=0.5)
    widget.set("Volume", "d", asked)
    assert client.call("volume_get") == {"level": level}


def test_a_volume_that_is_no_number_is_refused(widget: Widget) -> None:
    with pytest.raises(DBusErrorResponse) as refused:
        widget.set("Volume", "d", math.nan)
    assert refused.value.name == "org.freedesktop.DBus.Error.InvalidArgs"
    assert "volume nan is not from 0 to 1" in refused.value.data[0]


def test_order_and_repeat_go_both_ways(client: Client, widget: Widget) -> None:
    widget.set("Shuffle", "b", True)
    assert widget.changes() == {"Shuffle": True}
    for loop, repeat in (("Track", "one"), ("Playlist", "all"), ("None", "off")):
        widget.set("LoopStatus", "s", loop)
        assert widget.changes() == {"LoopStatus": loop}
        assert client.call("playlist_get")["repeat"] == repeat
    client.call("playlist_mode", shuffle=False, repeat="all")
    assert widget.changes() == {"Shuffle": False, "LoopStatus": "Playlist"}


def test_a_way_to_repeat_that_is_none_is_refused(widget: Widget) -> None:
    with pytest.raises(DBusErrorResponse) as refused:
        widget.set("LoopStatus", "s", "Twice")
    assert (
        refused.value.data[0] == "INVALID_PARAMS: LoopStatus is 'Twice'; must be one of None, Track, Playlist"
    )


def test_without_an_audio_device_the_key_is_told_so(bus: SessionBus, start_daemon: StartDaemon) -> None:
    daemon = start_daemon(DBUS_SESSION_BUS_ADDRESS=bus.address, LOFI_AUDIO_DEVICE="default")
    client = listening(daemon)
    if client.call("audio_devices")["current"] is not None:
        pytest.skip("this machine has an audio device")
    tracks(client, 30.0)
    widget = Widget(bus.address)
    error, text = widget.refusal("Play")
    assert error == "org.freedesktop.DBus.Error.Failed"
    assert text.startswith("AUDIO_DEVICE_ERROR: ")
    assert widget.get("PlaybackStatus") == "Stopped"
    widget.close()


def test_a_rate_of_nothing_is_a_pause_and_any_other_is_ignored(client: Client, widget: Widget) -> None:
    (track,) = tracks(client, 30.0)
    widget.press("Play")
    widget.set("Rate", "d", 2.0)
    assert playing(client) == ("playing", track)
    widget.set("Rate", "d", 0.0)
    assert playing(client) == ("paused", track)
    assert widget.get("Rate") == 1.0
