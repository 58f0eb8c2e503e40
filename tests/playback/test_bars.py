"""On which bar line does the next track come in, as far as one knows?"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from lofi_core import Music
from lofi_core import events as ev
from lofi_core.playback.bars import cross_at_sec, music_of
from tests.playback.studio import studio

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize(
    ("music", "crossfade_sec", "place_sec"),
    [
        (Music(120.0), 3.0, 26.0),  # bars of 2 s
        (Music(120.0), 4.0, 26.0),  # exactly so long before the end
        (Music(120.0), 5.0, 24.0),
        (Music(120.0), 0.0, 30.0),
        (Music(120.0, first_bar_sec=0.5), 3.0, 26.5),
        (Music(90.0, beats_per_bar=3), 3.0, 26.0),
        (Music(60.0, beats_per_bar=7), 3.0, 21.0),
        (Music(60.0, beats_per_bar=16), 3.0, None),  # 16 s: the last line is 14 s before the end
        (Music(20.0, beats_per_bar=64), 3.0, None),  # not one bar
        (Music(120.0, first_bar_sec=60.0), 3.0, None),
        (Music(key="d minor"), 3.0, None),
        (None, 3.0, None),
    ],
)
def test_the_last_line_that_leaves_the_crossfade_its_time(
    music: Music | None, crossfade_sec: float, place_sec: float | None
) -> None:
    assert cross_at_sec(music, 30.0, crossfade_sec) == pytest.approx(place_sec)


def test_a_tempo_whose_beats_no_float_can_hold_still_ends_on_its_last_line() -> None:
    music = Music(77.0, first_bar_sec=0.05)
    assert music.bar_sec is not None
    duration_sec = 0.05 + 31 * music.bar_sec + 3.0
    assert cross_at_sec(music, duration_sec, 3.0) == pytest.approx(duration_sec - 3.0)


@pytest.mark.anyio
@pytest.mark.parametrize(
    "nonsense", [{"tempo_bpm": "fast"}, {"tempo_bpm": 0.0}, [1], "c", {"first_bar_sec": -1}]
)
async def test_what_a_recipe_should_not_say_counts_as_unknown(tmp_path: Path, nonsense: object) -> None:
    async with studio(tmp_path) as made:
        assert music_of(await made.track("a", extra={"music": nonsense})) is None
        assert music_of(await made.track("b")) is None


@pytest.mark.anyio
async def test_a_track_of_the_library_gives_way_on_its_bar(tmp_path: Path) -> None:
    async with studio(tmp_path, crossfade_sec=0.5) as made:
        music = {"tempo_bpm": 240.0, "key": "d minor", "beats_per_bar": 4, "first_bar_sec": 0.25}
        first = await made.track("a", 4.0, extra={"music": music})
        second = await made.track("b", 4.0, extra={"music": music})
        for track in (first, second):
            await made.playback.add(track.track_id)
        await made.playback.play()
        ended = await made.next(ev.PlaybackEnded)
        # The line at 3.25 s; the next one's first bar falls on it.
        assert ended.position_sec == pytest.approx(3.0)


@pytest.mark.anyio
async def test_another_crossfade_is_another_bar(tmp_path: Path) -> None:
    async with studio(tmp_path, crossfade_sec=0.5) as made:
        music = {"tempo_bpm": 240.0}
        for name in "abc":
            track = await made.track(name, 4.0, extra={"music": music})
            await made.playback.add(track.track_id)
        await made.playback.play()
        await made.playback.set_mode(shuffle=None, repeat=None, crossfade_sec=1.5)
        await made.next(ev.PlaybackEnded)
        assert (await made.next(ev.PlaybackEnded)).position_sec == pytest.approx(2.0)
