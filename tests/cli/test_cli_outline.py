"""What is drawn of a track that plays, and what is left of that where there is little room?"""

from collections.abc import Iterator

import pytest

from lofi_core.cli import outline as module
from lofi_core.cli.now_playing import NowPlaying
from lofi_core.cli.outline import outline
from lofi_core.cli.terminal import BRIGHT, FAINT, PLAIN
from lofi_core.rpc.client import Client
from tests.cli.scripted import ScriptedDaemon

TRACK = {"track_id": "t", "prompt": "a long and rainy night", "duration_sec": 100.0, "path": "/t.flac"}
PLAYBACK = {"state": "paused", "track_id": "t", "position_sec": 25.0, "volume": 1.0}


def plain(text: str) -> str:
    for code in (BRIGHT, FAINT, PLAIN):
        text = text.replace(code, "")
    return text


def test_loud_places_are_high_and_what_was_heard_is_bright() -> None:
    drawn = outline([0.0, 0.25, 0.5, 0.4] * 5, heard=0.25, width=20)
    assert plain(drawn) == "▁▃█▆" * 5
    assert drawn.startswith(f"{BRIGHT}▁▃█▆▁{PLAIN}{FAINT}")


@pytest.mark.parametrize("count", [1, 7, 20, 33, 80])
def test_any_number_of_peaks_fills_the_width(count: int) -> None:
    assert plain(outline([0.5] * count, 0.0, 20)) == "█" * 20


def test_a_track_that_is_being_made_has_a_bar_and_silence_is_low() -> None:
    assert plain(outline([], 0.3, 10)) == "━━━───────"
    assert plain(outline([0.0] * 10, 0.3, 10)) == "▁" * 10


def test_there_is_none_where_it_would_be_small_or_cannot_be_printed(monkeypatch: pytest.MonkeyPatch) -> None:
    assert outline([0.5], 0.0, 9) == ""
    monkeypatch.setattr(module, "can_print", lambda _: False)
    assert outline([0.5], 0.0, 20) == ""


@pytest.fixture
def now(scripted: ScriptedDaemon) -> Iterator[NowPlaying]:
    scripted.answers |= {
        "status": {"playback": PLAYBACK},
        "playlist_get": {"tracks": [TRACK]},
        "tracks_waveform": lambda fields: {"peaks": [0.5] * fields["bins"]},
    }
    with Client(scripted.path) as client:
        yield NowPlaying(client)


@pytest.mark.parametrize("width", [20, 40, 60, 72, 80, 100, 200])
def test_the_line_never_wraps(now: NowPlaying, width: int) -> None:
    assert len(plain(now.text(width))) <= width


def test_a_wide_line_has_all_a_narrow_one_the_name_and_the_narrowest_the_place(now: NowPlaying) -> None:
    assert plain(now.text(120)) == (
        f"paused  0:25 / 1:40  100%  {'█' * 38}  [space n + - q]  a long and rainy night"
    )
    assert now.text(66) == "paused  0:25 / 1:40  100%  [space n + - q]  a long and rainy night"
    assert now.text(22) == "paused  0:25 / 1:40  1"
