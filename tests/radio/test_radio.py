"""Does a radio that is on do what its listener wants?"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from lofi_core.errors import (
    InvalidBackend,
    InvalidDuration,
    InvalidOption,
    InvalidParams,
    InvalidPrompt,
    UnknownTrack,
)
from tests.radio.conftest import PROMPT, plays, tune, until

if TYPE_CHECKING:
    from lofi_core.rpc.client import Client


def test_a_radio_plays_one_piece_after_another(listener: Client) -> None:
    status = tune(listener)
    assert (status["state"], status["station"]["prompts"]) == ("playing", [PROMPT])
    first, second, third = (plays(listener, source="made") for _ in range(3))
    assert len({first, second, third}) == 3
    status = listener.call("radio_status")
    assert status["played"] >= 3
    assert status["silence_sec"] == 0.0
    assert listener.call("status")["radio"]["state"] == "playing"


def test_the_first_piece_is_heard_while_it_is_made(listener: Client) -> None:
    tune(listener, duration_sec=120)
    until(listener, "playback_started")
    until(listener, "generation_complete")


def test_a_radio_that_is_stopped_takes_what_was_not_heard_along(listener: Client) -> None:
    tune(listener)
    heard = plays(listener)
    assert listener.call("radio_stop")["state"] == "off"
    assert until(listener, "playback_ended").fields["reason"] == "stopped"
    assert [track["track_id"] for track in listener.call("playlist_get")["tracks"]] == [heard]
    assert listener.call("radio_status")["station"] is None


@pytest.mark.parametrize("method", ["stop", "playlist_clear"])
def test_silence_that_somebody_wants_turns_it_off(listener: Client, method: str) -> None:
    tune(listener)
    plays(listener)
    listener.call(method)
    assert until(listener, "radio_changed", state="off")
    assert listener.call("radio_status")["state"] == "off"


def test_a_skip_goes_to_the_next_piece(listener: Client) -> None:
    tune(listener)
    first = plays(listener)
    until(listener, "generation_complete")
    until(listener, "generation_complete")
    assert listener.call("skip")["track_id"] != first
    assert plays(listener) != first


def test_what_is_liked_is_a_favourite(listener: Client) -> None:
    tune(listener)
    track = plays(listener)
    until(listener, "generation_complete", track_id=track)
    assert listener.call("radio_like")["now"] == {
        "track_id": track,
        "prompt": PROMPT,
        "source": "made",
        "liked": True,
    }
    assert listener.call("tracks_get", track_id=track)["favourite"] is True


def test_what_is_disliked_is_left(listener: Client) -> None:
    tune(listener)
    track = plays(listener)
    listener.call("radio_dislike")
    assert plays(listener) != track


def test_more_like_this_keeps_words_tempo_and_key(listener: Client) -> None:
    tune(listener, prompts=[PROMPT, "slow dusty drums, upright bass"])
    track = plays(listener)
    until(listener, "generation_complete", track_id=track)
    prompt = listener.call("tracks_get", track_id=track)["prompt"]
    listener.call("radio_more")
    until(listener, "radio_changed", note="more like this")
    made = [until(listener, "generation_start").fields["prompt"] for _ in range(3)]
    assert made == [prompt] * 3


def test_a_sleep_timer_ends_it(listener: Client) -> None:
    tune(listener)
    plays(listener)
    assert listener.call("radio_sleep", sleep_min=60)["sleep_in_sec"] == pytest.approx(3600, abs=30)
    assert listener.call("radio_sleep")["sleep_in_sec"] is None
    listener.call("radio_sleep", sleep_min=0.1)
    until(listener, "radio_changed", state="off")
    assert listener.call("status")["playback"]["state"] == "stopped"


def test_a_pause_holds_it_and_play_goes_on(listener: Client) -> None:
    tune(listener)
    plays(listener)
    listener.call("pause")
    assert until(listener, "radio_changed", state="paused")
    listener.call("play")
    assert until(listener, "radio_changed", state="playing")


def test_another_station_comes_at_once(listener: Client) -> None:
    tune(listener)
    plays(listener)
    assert tune(listener, prompts=["slow dusty drums"])["station"]["prompts"] == ["slow dusty drums"]
    until(listener, "radio_changed", note="slow dusty drums from now on")
    plays(listener)
    assert listener.call("radio_status")["now"]["prompt"] == "slow dusty drums"


@pytest.mark.parametrize(
    ("fields", "error"),
    [
        ({"prompts": []}, InvalidPrompt),
        ({"prompts": [" "]}, InvalidPrompt),
        ({"backend": "nobody"}, InvalidBackend),
        ({"duration_sec": 1e6}, InvalidDuration),
        ({"options": {"tempo": -1}}, InvalidOption),
        ({"preset": "lofi"}, InvalidParams),
        ({"crossfade_sec": 99}, InvalidParams),
        ({"sleep_min": -1}, InvalidParams),
    ],
)
def test_what_could_never_be_made_is_refused_before_any_work(
    listener: Client, fields: dict[str, object], error: type[Exception]
) -> None:
    with pytest.raises(error):
        tune(listener, **fields)
    assert listener.call("radio_status")["state"] == "off"


def test_a_radio_that_is_off_has_nothing_to_like_or_to_sleep_after(listener: Client) -> None:
    for method in ("radio_like", "radio_dislike"):
        with pytest.raises(UnknownTrack):
            listener.call(method)
    for method in ("radio_more", "radio_sleep"):
        with pytest.raises(InvalidParams, match="off"):
            listener.call(method)
    assert listener.call("radio_stop")["state"] == "off"


def test_presets_are_stations_with_a_name(listener: Client) -> None:
    names = [preset["name"] for preset in listener.call("radio_presets")["presets"]]
    assert "lofi" in names
