"""Can the radio put in, take out, hurry and fade what it plays, beside what the listener does?"""

from __future__ import annotations

import asyncio
import math
from typing import TYPE_CHECKING

import pytest

from lofi_core import events as ev
from lofi_core.config import Audio
from lofi_core.errors import InvalidParams
from lofi_core.playback.saved import FILE_NAME, Saved, Saver, load
from tests.playback.studio import studio

if TYPE_CHECKING:
    from pathlib import Path

    from lofi_core.playback.playlist import Entry

pytestmark = pytest.mark.anyio


async def test_what_is_enlisted_comes_next_and_the_second_behind_the_first(tmp_path: Path) -> None:
    async with studio(tmp_path) as made:
        a, b, x, y = await made.entries(*"abxy")
        await made.playback.enlist(a, begin=True)
        await made.playback.add(b.track_id)
        await made.playback.enlist(x)
        await made.playback.enlist(y, after=x)
        assert made.names == "axyb"
        await made.started(a)
        await made.playback.skip()
        await made.started(x)
        assert [entry.track_id for entry in made.playback.horizon().coming] == [y.track_id, b.track_id]


async def test_what_is_enlisted_again_moves_and_what_plays_stays(tmp_path: Path) -> None:
    async with studio(tmp_path) as made:
        a, b, c = await made.entries(*"abc")
        for entry in (c, b, a):
            await made.playback.enlist(entry)
        await made.playback.play()
        await made.started(c)
        await made.playback.enlist(b)
        await made.playback.enlist(c)
        assert made.names == "cba"
        await made.playback.enlist(b, after=a)
        assert made.names == "cab"


async def test_enlisting_begins_only_what_is_stopped_and_never_touches_a_pause(tmp_path: Path) -> None:
    async with studio(tmp_path) as made:
        a, b, c = await made.entries(*"abc")
        await made.playback.enlist(a)
        assert made.playback.horizon().state == "stopped"
        await made.playback.enlist(b, begin=True)
        await made.started(b)
        await made.playback.pause()
        await made.next(ev.PlaybackPaused)
        await made.playback.enlist(c, begin=True)
        assert made.playback.horizon().state == "paused"
        assert made.playback.horizon().current is b
        await made.playback.stop()
        await made.playback.enlist(b, begin=True)
        await made.started(b)


async def test_a_track_that_has_no_sound_yet_waits_for_it(tmp_path: Path) -> None:
    async with studio(tmp_path) as made:
        a, b = await made.entries("a", "b", seconds=0.6)
        path, b.path = b.path, None
        await made.playback.enlist(a, begin=True)
        await made.playback.enlist(b)
        await made.next(ev.PlaybackEnded, track_id=a.track_id)
        assert path is not None
        made.playback.incoming.happened(completion(b, path))
        await made.started(b)
        assert (await made.next(ev.PlaybackEnded)).reason == "finished"


async def test_what_is_withdrawn_is_not_heard_and_what_plays_is_not_withdrawn(tmp_path: Path) -> None:
    async with studio(tmp_path, crossfade_sec=0.0) as made:
        a, b, c = await made.entries("a", "b", "c", seconds=1.5)
        await made.playback.enlist(a, begin=True)
        await made.playback.enlist(b)
        await made.playback.enlist(c, after=b)
        await made.started(a)
        await made.playback.withdraw([a, b])
        assert made.names == "ac"
        await made.playback.withdraw([b])  # out already
        await made.started(c)
        heard = [event.track_id for event in made.told if isinstance(event, ev.PlaybackStarted)]
        assert heard == [a.track_id, c.track_id]


async def test_an_entry_replaces_what_plays_at_once_whatever_waits(tmp_path: Path) -> None:
    async with studio(tmp_path) as made:
        a, b, c, d = await made.entries(*"abcd")
        await made.playback.replace_now(a)
        await made.playback.enlist(b)
        await made.started(a)
        await made.playback.replace_now(c)
        ended = await made.next(ev.PlaybackEnded)
        assert (ended.track_id, ended.reason) == (a.track_id, "skipped")
        await made.started(c)
        assert made.playback.horizon().coming == (b,)
        await made.playback.pause()
        await made.playback.replace_now(d)
        await made.started(d)
        assert made.playback.horizon().state == "paused"


async def test_a_fade_ends_in_silence_and_play_brings_it_back(tmp_path: Path) -> None:
    async with studio(tmp_path, volume=0.7) as made:
        a, b = await made.entries("a", "b")
        await made.playback.enlist(a, begin=True)
        await made.playback.enlist(b)
        await made.started(a)
        await made.playback.fade_out(8.0)
        assert made.playback.horizon().state == "playing"
        await made.playback.play()
        await made.next(ev.PlaybackPosition)
        await made.playback.fade_out(0.4)
        ended = await made.next(ev.PlaybackEnded)
        assert (ended.track_id, ended.reason) == (a.track_id, "stopped")
        assert made.playback.horizon().state == "stopped"
        assert made.playback.sound.volume == 0.7
        await made.playback.play()
        assert (await made.started(a)).position_sec == 0.0
        await made.playback.skip()
        await made.started(b)


@pytest.mark.parametrize("seconds", [-1.0, math.nan, math.inf])
async def test_a_fade_of_no_length_that_is_one_is_refused(tmp_path: Path, seconds: float) -> None:
    async with studio(tmp_path) as made:
        (a,) = await made.entries("a")
        await made.playback.enlist(a, begin=True)
        with pytest.raises(InvalidParams, match="fade_sec"):
            await made.playback.fade_out(seconds)
        assert made.playback.horizon().state == "playing"


async def test_the_horizon_says_how_long_there_is_something_to_play(tmp_path: Path) -> None:
    async with studio(tmp_path) as made:
        nothing = made.playback.horizon()
        assert (nothing.state, nothing.current, nothing.remaining_sec) == ("stopped", None, 0.0)
        a, b = await made.entries("a", "b")
        await made.playback.enlist(a, begin=True)
        await made.playback.enlist(b)
        await made.playback.seek(20.0)
        horizon = made.playback.horizon()
        assert (horizon.state, horizon.current, horizon.coming) == ("playing", a, (b,))
        assert horizon.remaining_sec == pytest.approx(10.0, abs=0.5)
        assert horizon.position_sec + horizon.remaining_sec == pytest.approx(30.0)
        await made.playback.set_mode(shuffle=None, repeat="one", crossfade_sec=None)
        assert made.playback.horizon().remaining_sec == math.inf


async def test_listeners_hear_what_clients_hear_in_the_same_order(tmp_path: Path) -> None:
    async with studio(tmp_path) as made:
        a, b = await made.entries("a", "b", seconds=0.5)
        await made.playback.enlist(a, begin=True)
        await made.playback.enlist(b)
        await made.next(ev.PlaybackEnded, track_id=b.track_id)
        assert made.overheard == made.told


async def test_two_daemons_on_one_directory_say_so_once_each_and_spoil_nothing(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path = tmp_path / FILE_NAME
    one, two = Saver(path, lambda: Saved(tracks=["a" * 32])), Saver(path, lambda: Saved(tracks=["b" * 32]))

    def warnings() -> int:
        return caplog.text.count("another daemon")

    await one.save()
    assert warnings() == 0
    await two.save()
    assert warnings() == 1
    await two.save()
    assert warnings() == 1
    await one.save()
    assert warnings() == 2
    await asyncio.gather(*(saver.save() for saver in (one, two) * 20))
    assert (warnings(), "cannot be saved" in caplog.text) == (2, False)
    assert load(path, Audio()).tracks in (["a" * 32], ["b" * 32])


def completion(entry: Entry, path: str) -> ev.GenerationComplete:
    """As the engine tells it."""
    return ev.GenerationComplete(
        *(entry.track_id, path, 0.6, 48_000, 2, "b", 1, "sine", "1", 0.1), cached=False, job_id="job"
    )


async def test_what_begins_without_a_sound_begins_when_it_is_made(tmp_path: Path) -> None:
    async with studio(tmp_path) as here:
        a, b = await here.entries("a", "b")
        a_path, b_path = str(a.path), str(b.path)
        a.path = b.path = None
        await here.playback.enlist(a, begin=True)
        here.playback.incoming.happened(completion(a, a_path))
        await here.started(a)
        await here.playback.replace_now(b)
        here.playback.incoming.happened(completion(b, b_path))
        await here.next(ev.PlaylistChanged)
        await here.playback.skip()
        await here.started(b)


async def test_a_fade_while_the_next_track_is_waited_for_is_a_stop(tmp_path: Path) -> None:
    async with studio(tmp_path) as here:
        a, b = await here.entries("a", "b", seconds=0.6)
        path, b.path = str(b.path), None
        await here.playback.enlist(a, begin=True)
        await here.playback.enlist(b)
        await here.next(ev.PlaybackEnded, track_id=a.track_id)
        assert here.playback.horizon().state == "playing"
        await here.playback.fade_out(9.0)
        assert here.playback.horizon().state == "stopped"
        here.playback.incoming.happened(completion(b, path))
        await here.next(ev.PlaylistChanged)
        assert here.playback.horizon().state == "stopped"


async def test_a_fade_over_the_last_sound_there_is_ends_with_it(tmp_path: Path) -> None:
    async with studio(tmp_path) as here:
        a, b = await here.entries("a", "b", seconds=0.6)
        b.path = None
        await here.playback.enlist(a, begin=True)
        await here.playback.enlist(b)
        await here.started(a)
        await here.playback.fade_out(9.0)
        assert (await here.next(ev.PlaybackEnded)).reason == "finished"
        assert here.playback.horizon().state == "stopped"


async def test_an_entry_that_comes_while_nothing_sounds_is_heard_from_its_begin(tmp_path: Path) -> None:
    async with studio(tmp_path) as here:
        a, b, c = await here.entries("a", "b", "c", seconds=0.6)
        b.path = None
        await here.playback.enlist(a, begin=True)
        await here.playback.enlist(b)
        await here.next(ev.PlaybackEnded, track_id=a.track_id)
        await here.playback.replace_now(c)
        assert (await here.started(c)).position_sec == 0.0
        assert (await here.next(ev.PlaybackEnded)).reason == "finished"


async def test_a_place_in_what_is_withdrawn_is_none_in_what_follows(tmp_path: Path) -> None:
    async with studio(tmp_path) as here:
        a, b = await here.entries("a", "b")
        await here.playback.enlist(a)
        await here.playback.enlist(b)
        await here.playback.seek(20.0)
        await here.playback.withdraw([a])
        await here.playback.play()
        assert (await here.started(b)).position_sec == 0.0
