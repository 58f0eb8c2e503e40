"""Can one go back, and is the end the end by the time that it is told?"""

from __future__ import annotations

import random
from typing import TYPE_CHECKING

import pytest

from lofi_core import events as ev
from lofi_core.playback.playlist import Entry, Playlist
from tests.playback.studio import studio

if TYPE_CHECKING:
    from pathlib import Path


def heard(of: Playlist, count: int) -> list[str]:
    """Go on so many times; what was current."""
    names = []
    for _ in range(count):
        entry = of.next(skipping=True)
        assert entry is not None
        of.go_to(entry)
        names.append(entry.track_id)
    return names


def taken_back(of: Playlist) -> str | None:
    """Go back once; where that is."""
    entry = of.previous()
    if entry is not None:
        of.go_to(entry)
    return entry.track_id if entry else None


def playlist(names: str) -> Playlist:
    made = Playlist(random.Random(1))
    for name in names:
        made.add(Entry(name, name, None, 1.0, f"/{name}.flac"))
    return made


def test_in_order_one_goes_back_through_the_list_to_its_begin() -> None:
    of = playlist("abc")
    heard(of, 2)
    assert [taken_back(of) for _ in range(3)] == ["b", "a", None]


def test_a_list_that_repeats_has_its_end_before_its_begin() -> None:
    of = playlist("abc")
    of.repeat = "all"
    assert taken_back(of) == "c"


def test_by_chance_one_goes_back_through_what_was_heard() -> None:
    of = playlist("abcdef")
    of.set_shuffle(True)
    names = ["a", *heard(of, 4)]
    assert [taken_back(of) for _ in range(5)] == [*reversed(names[:-1]), None]


def test_what_was_taken_out_is_passed_over_on_the_way_back() -> None:
    of = playlist("abcdef")
    of.set_shuffle(True)
    first, second, _third = heard(of, 3)
    of.remove(next(entry for entry in of.entries if entry.track_id == second))
    assert taken_back(of) == first


@pytest.mark.anyio
async def test_previous_is_the_track_before_and_later_in_a_track_its_begin(tmp_path: Path) -> None:
    async with studio(tmp_path) as made:
        a, b = await made.entries(*"ab")
        await made.playback.enlist(a)
        await made.playback.enlist(b, begin=True)
        await made.started(b)
        await made.playback.pause()
        await made.next(ev.PlaybackPaused)
        await made.playback.seek(10)
        await made.playback.previous()
        assert (made.playback.horizon().current, made.playback.horizon().position_sec) == (b, 0)
        await made.playback.previous()
        await made.started(a)


@pytest.mark.anyio
async def test_previous_holds_when_the_playback_does(tmp_path: Path) -> None:
    async with studio(tmp_path) as made:
        a, b = await made.entries(*"ab")
        await made.playback.enlist(a)
        await made.playback.enlist(b, begin=True)
        await made.playback.pause()
        await made.playback.previous()
        await made.started(a)
        assert made.playback.horizon().state == "paused"
        await made.playback.play()
        assert (await made.next(ev.PlaybackResumed)).track_id == a.track_id


@pytest.mark.anyio
async def test_what_has_yet_to_be_made_is_nothing_to_go_back_to(tmp_path: Path) -> None:
    async with studio(tmp_path) as made:
        (a,) = await made.entries("a")
        await made.playback.enlist(a, begin=True)
        await made.started(a)
        await made.playback.pause()
        made.playback.playlist.add(Entry("unmade", "unmade", None, 30.0, None), 0)
        await made.playback.previous()
        horizon = made.playback.horizon()
        assert (horizon.current, horizon.position_sec) == (a, 0)


@pytest.mark.anyio
async def test_who_hears_that_the_last_track_ended_finds_silence(tmp_path: Path) -> None:
    async with studio(tmp_path) as made:
        (a,) = await made.entries("a", seconds=1.0)
        found = []

        def look(event: ev.Event) -> None:
            if isinstance(event, ev.PlaybackEnded):
                horizon = made.playback.horizon()
                found.append((horizon.state, horizon.current))

        made.playback.listeners.append(look)
        await made.playback.enlist(a, begin=True)
        await made.next(ev.PlaybackEnded)
        assert found == [("stopped", None)]
