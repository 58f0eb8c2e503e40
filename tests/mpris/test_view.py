"""Is there a next track where something always comes, and does the key go there?"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from lofi_core.backend import Music
from lofi_core.mpris.keys import Keys
from lofi_core.mpris.metadata import metadata
from lofi_core.mpris.shown import View
from lofi_core.playback.playlist import Entry
from tests.playback.studio import studio

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.anyio
async def test_with_a_radio_there_is_a_next_track_that_is_not_in_the_list_yet(tmp_path: Path) -> None:
    pressed = []

    async def skip() -> None:
        pressed.append("next")

    async with studio(tmp_path) as made:
        view = View(made.playback, lambda: True)
        keys = Keys(made.playback, view, skip, moved=lambda _place_sec: None)
        await keys.next()
        assert (view.shown().can_go_next, pressed) == (False, [])  # nothing plays
        (a,) = await made.entries("a")
        await made.playback.enlist(a, begin=True)
        assert view.shown().can_go_next is True
        await keys.next()
        await keys.seek(40_000_000)
        assert pressed == ["next", "next"]


def test_a_known_tempo_is_told() -> None:
    entry = Entry("f" * 32, "waltz", "A Waltz", 60.0, None, music=Music(tempo_bpm=89.7, beats_per_bar=3))
    told = metadata(entry)
    assert told["xesam:audioBPM"].value == 90
    assert told["xesam:title"].value == "A Waltz"
    entry.music = None
    assert "xesam:audioBPM" not in metadata(entry)
