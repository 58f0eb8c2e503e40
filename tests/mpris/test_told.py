"""Does a widget hear of what happens, and of nothing else?"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

import pytest

from tests.mpris.test_keys import SECOND, path_of
from tests.playback.conftest import make_track, tracks, until

if TYPE_CHECKING:
    from lofi_core.rpc.client import Client
    from tests.mpris.desktop import Widget

ODD_PROMPTS = {
    'say "hush" & <b>listen</b>': 'say "hush" & <b>listen</b>',
    "🌧️ rain, naïve, 雨": "🌧️ rain, naïve, 雨",
    "bell\a\tand\x1b[31m red\x00\nlines": "bell and [31m red lines",
    "x" * 200: "x" * 79 + "…",
}


def metadata(widget: Widget) -> dict[str, object]:
    return {name: value for name, (_signature, value) in widget.get("Metadata").items()}


def test_a_track_is_described(client: Client, widget: Widget) -> None:
    track = make_track(client, "rainy night, jazzy rhodes", 5.0)
    client.call("playlist_add", track_id=track)
    widget.press("Play")
    path = client.call("playlist_get")["tracks"][0]["path"]
    assert widget.get("Metadata") == {
        "mpris:trackid": ("o", path_of(track)),
        "mpris:length": ("x", 5 * SECOND),
        "xesam:title": ("s", "rainy night, jazzy rhodes"),
        "xesam:artist": ("as", ["lofi-core"]),
        "xesam:album": ("s", "lofi-core"),
        "xesam:comment": ("as", ["rainy night, jazzy rhodes"]),
        "xesam:url": ("s", Path(path).as_uri()),
    }


@pytest.mark.parametrize("prompt", ODD_PROMPTS)
def test_an_odd_prompt_is_one_line_that_can_be_shown(client: Client, widget: Widget, prompt: str) -> None:
    client.call("playlist_add", track_id=make_track(client, prompt))
    widget.until("CanPlay", True)
    widget.press("Play")
    told = metadata(widget)
    assert told["xesam:title"] == ODD_PROMPTS[prompt]
    assert Path(unquote(urlsplit(str(told["xesam:url"])).path)).is_file()


def test_only_what_changed_is_told_and_the_position_never(client: Client, widget: Widget) -> None:
    first, second = tracks(client, 3.0, 30.0)
    widget.until("CanPlay", True)
    widget.press("Play")
    begun = widget.until("PlaybackStatus", "Playing")
    assert begun.keys() <= {"PlaybackStatus", "CanGoNext", "CanGoPrevious", "Metadata", "CanSeek"}
    until(client, "playback_position", track_id=first)
    until(client, "playback_started", track_id=second)
    widget.press("Pause")
    later = widget.until("PlaybackStatus", "Paused")
    assert later.keys() == {"Metadata", "CanGoNext", "PlaybackStatus"}
    assert later["Metadata"]["mpris:trackid"] == ("o", path_of(second))
    assert later["CanGoNext"] is False


def test_a_track_more_is_a_next_one(client: Client, widget: Widget) -> None:
    tracks(client, 30.0)
    widget.press("Play")
    assert widget.until("PlaybackStatus", "Playing")["CanGoPrevious"] is True
    assert widget.get("CanGoNext") is False
    client.call("playlist_add", track_id=make_track(client, "one more", 30.0))
    assert widget.changes() == {"CanGoNext": True}
    client.call("playlist_clear")
    assert widget.until("CanPlay", False)["CanGoNext"] is False


def test_a_list_that_is_over_shows_no_track(client: Client, widget: Widget) -> None:
    tracks(client, 1.0)
    widget.press("Play")
    widget.until("PlaybackStatus", "Playing")
    over = widget.until("PlaybackStatus", "Stopped")
    assert over["Metadata"] == {}
    assert (over["CanGoPrevious"], over["CanSeek"]) == (False, False)
    assert widget.get("CanPlay") is True


def test_a_seek_by_another_client_is_told(client: Client, widget: Widget) -> None:
    tracks(client, 60.0)
    widget.press("Play")
    until(client, "playback_started")
    client.call("seek", position_sec=40)
    (place,) = widget.signal("Seeked")
    assert 40 * SECOND <= place < 60 * SECOND


def test_a_track_that_is_being_made_has_no_file_until_it_is_finished(client: Client, widget: Widget) -> None:
    client.call("generate", prompt="slow", duration_sec=10, backend="paced", options={"pace": 0.4}, play=True)
    begun = widget.until("PlaybackStatus", "Playing")["Metadata"]
    assert begun["xesam:title"] == ("s", "slow")
    assert "xesam:url" not in begun
    finished = widget.changes()
    assert finished.keys() == {"Metadata"}
    assert "xesam:url" in finished["Metadata"]
