"""What does the daemon's `Player` do with a real process, whose null device takes samples in real time?"""

from __future__ import annotations

import asyncio
import math
import os
import signal
import time
from typing import TYPE_CHECKING

import numpy as np
import pytest
import soxr

from lofi_core.errors import AudioDeviceError, InvalidParams
from lofi_core.player.protocol import Buffering, Ended, Failed, Item, Paused, Position, Resumed, Started
from lofi_core.tracks.spool import Spool
from tests.player.conftest import RATE, Files, Listen, Samples, eventually, first_sound, sine, steepest

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.anyio

MOST_RSS_BYTES = 60e6


def places(seconds: float) -> Samples:
    """A track whose samples say where they are: seconds / 100."""
    at = (np.arange(round(seconds * RATE)) + 1) / RATE / 100
    return np.stack([at, at], axis=1).astype(np.float32)


async def test_what_the_device_took_is_what_is_in_the_file(listen: Listen, files: Files) -> None:
    listener, track = listen(), sine(0.8)
    await listener.player.load([files.item("a", track)])
    started = await listener.next(Started)
    assert (started.item_id, started.position_sec, started.duration_sec) == ("a", 0.0, 0.8)
    ended = await listener.next(Ended)
    assert (ended.item_id, ended.reason, ended.position_sec) == ("a", "finished", 0.8)
    await listener.player.close()
    heard = first_sound(listener.heard())
    assert np.array_equal(heard[: len(track)], track)


@pytest.mark.parametrize("rate", [44_100, 48_000])
async def test_a_tone_cut_into_two_files_has_no_seam(listen: Listen, files: Files, rate: int) -> None:
    listener, track = listen(), sine(1.0, rate=rate)
    parts = [files.item("a", track[:20_003], rate), files.item("b", track[20_003:], rate)]
    await listener.player.load(parts)
    await listener.next(Ended, item_id="b")
    await listener.player.close()
    whole = track if rate == RATE else soxr.resample(track, rate, RATE, "HQ")
    assert np.array_equal(first_sound(listener.heard())[: len(whole) - 1], first_sound(whole)[:-1])


async def test_a_missing_and_a_broken_file_are_told_and_passed_over(
    listen: Listen, files: Files, tmp_path: Path
) -> None:
    (tmp_path / "text.wav").write_text("I am no music")
    listener = listen()
    broken = [Item(id=name, path=str(tmp_path / f"{name}.wav")) for name in ("gone", "text")]
    await listener.player.load([*broken, files.item("a", sine(0.2))])
    for name in ("gone", "text"):
        failed = await listener.next(Failed)
        assert failed.item_id == name
        assert f"{tmp_path}/{name}.wav" in failed.error
        assert (await listener.next(Ended)).reason == "error"
    assert (await listener.next(Started)).item_id == "a"
    assert (await listener.next(Ended)).reason == "finished"


async def test_a_file_that_grows_is_played_as_it_comes(listen: Listen, tmp_path: Path) -> None:
    listener, track = listen(), sine(1.2)
    spool = Spool(tmp_path / "spool.wav", RATE, 2)
    spool.append(track[: RATE // 4].T)
    growing = Item(id="a", path=str(spool.path), growing=True, available_sec=spool.available_sec)
    await listener.player.load([growing])
    assert (await listener.next(Started)).duration_sec is None
    assert (await listener.next(Buffering)).waiting
    spool.append(track[RATE // 4 :].T)
    spool.close()
    assert await listener.player.grow("a", spool.available_sec, final=True)
    assert not (await listener.next(Buffering)).waiting
    assert (await listener.next(Ended)).position_sec == 1.2
    await listener.player.close()
    heard = first_sound(listener.heard())
    back = int(np.flatnonzero(heard[RATE // 4 :, 1])[0]) + RATE // 4
    assert np.array_equal(heard[: RATE // 4 - 480], track[: RATE // 4 - 480])
    assert np.array_equal(heard[back:][480 : len(track) - RATE // 4], track[RATE // 4 + 480 :])


async def test_a_killed_player_is_soon_back_at_the_right_place(listen: Listen, files: Files) -> None:
    listener = listen()
    await listener.player.load([files.item("a", places(20.0)), files.item("b", sine(1.0))], position_sec=5.0)
    await listener.next(Position)
    await asyncio.sleep(0.3)
    first = listener.player.pid
    assert first is not None
    os.kill(first, signal.SIGKILL)
    dead_at, dead_bytes = time.monotonic(), listener.tap.stat().st_size
    assert "signal 9" in (await listener.next(Failed)).error
    await listener.next(Started, item_id="a")
    await eventually(lambda: bool(listener.heard()[dead_bytes // 8 :].any()))
    back_sec = time.monotonic() - dead_at
    assert listener.player.pid != first
    status = await listener.player.status()
    assert status is not None
    assert status.queue == ["b"]
    await listener.player.close()
    before, after = listener.heard()[: dead_bytes // 8, 0], listener.heard()[dead_bytes // 8 :, 0]
    place_sec = before[np.flatnonzero(before)[-1]] * 100
    back_place_sec = after[np.flatnonzero(after)[0] + 480] * 100
    assert abs(back_place_sec - place_sec) < 0.3
    assert back_sec < 4.0  # 0.4 s on a machine left alone, see benchmarks/player.py


async def test_what_kills_the_player_again_and_again_is_left_out(listen: Listen, files: Files) -> None:
    listener = listen()
    await listener.player.load([files.item("a", sine(9.0)), files.item("b", sine(9.0))])
    for _ in range(3):
        await listener.next(Started, item_id="a")
        pid = listener.player.pid
        assert pid is not None
        os.kill(pid, signal.SIGKILL)
        await listener.next(Failed)
    ended = await listener.next(Ended)
    assert (ended.item_id, ended.reason) == ("a", "error")
    await listener.next(Started, item_id="b")


async def test_a_pause_outlasts_the_process(listen: Listen, files: Files) -> None:
    listener = listen(idle_sec=0.2)
    await listener.player.load([files.item("a", places(20.0))], position_sec=3.0)
    await listener.next(Started)
    await listener.player.pause()
    paused = await listener.next(Paused)
    await eventually(lambda: not listener.running)
    await listener.player.resume()
    assert (await listener.next(Resumed)).position_sec == pytest.approx(paused.position_sec, abs=0.02)


async def test_an_idle_player_ends_and_comes_back(listen: Listen, files: Files) -> None:
    listener = listen(idle_sec=0.1)
    assert not listener.running
    await listener.player.load([files.item("a", sine(0.1))])
    await listener.next(Ended)
    await eventually(lambda: not listener.running)
    assert await listener.player.status() is None
    await listener.player.load([files.item("b", sine(0.1))])
    await listener.next(Started, item_id="b")


async def test_skips_seeks_and_stops_are_told(listen: Listen, files: Files) -> None:
    listener, player = (made := listen()), made.player
    await player.load([files.item(name, sine(5.0)) for name in "abc"])
    assert await player.skip() == "b"
    await player.seek(4.0)
    status = await player.status()
    assert status is not None
    assert (status.item_id, status.queue, status.state) == ("b", ["c"], "playing")
    assert 4.0 <= status.position_sec < 4.5
    await player.seek(99.0)
    await listener.next(Started, item_id="c")
    await player.stop()
    await listener.next(Ended, item_id="c")
    ends = [(event.item_id, event.reason) for event in listener.events if isinstance(event, Ended)]
    assert ends == [("a", "skipped"), ("b", "finished"), ("c", "stopped")]


async def test_with_nothing_to_play_no_process_starts(listen: Listen) -> None:
    player = listen().player
    assert await player.skip() is None
    await player.seek(3)
    await player.play()
    await player.pause()
    await player.stop()
    await player.set_volume(0.5)
    assert not await player.grow("a", 1.0)
    assert player.pid is None


@pytest.mark.parametrize("value", [math.nan, math.inf, -0.1, 1.1])
async def test_a_volume_that_is_none_is_refused(listen: Listen, value: float) -> None:
    with pytest.raises(InvalidParams, match="volume"):
        await listen().player.set_volume(value)


async def test_other_values_that_are_none_are_refused(listen: Listen, files: Files) -> None:
    player = listen().player
    item = files.item("a", sine(1.0))
    for seconds in (math.nan, -1.0, 12.5):
        with pytest.raises(InvalidParams, match="crossfade_sec"):
            await player.set_crossfade(seconds)
    for seconds in (math.nan, -1.0, math.inf):
        with pytest.raises(InvalidParams, match="position_sec"):
            await player.load([item], position_sec=seconds)
    with pytest.raises(InvalidParams, match="gain_db"):
        await player.load([files.item("b", sine(0.1), gain_db=math.nan)])
    with pytest.raises(InvalidParams, match="'a' is in the queue already"):
        await player.load([item, item])


async def test_many_commands_at_once_are_all_carried_out(listen: Listen, files: Files) -> None:
    player = listen().player
    await player.load([files.item("a", sine(5.0))])
    volumes = [player.set_volume(n / 50) for n in range(50)]
    await asyncio.gather(
        *volumes, player.seek(2.0), player.pause(), player.queue([files.item("b", sine(1.0))])
    )
    status = await player.status()
    assert status is not None
    assert (status.state, status.volume, status.queue) == ("paused", 49 / 50, ["b"])


async def test_a_device_that_is_not_there_is_refused_and_the_sound_goes_on(
    listen: Listen, files: Files
) -> None:
    player = listen().player
    await player.load([files.item("a", sine(2.0))])
    with pytest.raises(AudioDeviceError, match="no audio device 'Gramophone'"):
        await player.use_device("Gramophone")
    assert await player.use_device("null") == "null"
    status = await player.status()
    assert status is not None
    assert (status.device, status.state) == ("null", "playing")


async def test_without_a_device_nothing_is_loaded_until_one_is_chosen(listen: Listen, files: Files) -> None:
    player = listen().player
    await player.devices()
    player._no_device = "AUDIO_DEVICE_ERROR: this machine has no audio device"
    with pytest.raises(AudioDeviceError, match="no audio device"):
        await player.load([files.item("a", sine(1.0))])
    await player.use_device("null")
    await player.load([files.item("a", sine(1.0))])


async def test_the_process_is_small_and_ctrl_c_does_not_end_it(listen: Listen, files: Files) -> None:
    player = listen(crossfade_sec=0.2).player
    await player.load([files.item("a", sine(0.5, rate=44_100), 44_100), files.item("b", sine(2.0))])
    pid = player.pid
    assert pid is not None
    os.kill(pid, signal.SIGINT)
    status = await player.status()
    assert status is not None
    assert player.pid == pid
    assert status.stats.rss_bytes < MOST_RSS_BYTES


async def test_closing_fades_out_and_ends_the_process(listen: Listen, files: Files) -> None:
    listener = listen()
    await listener.player.load([files.item("a", sine(9.0))])
    await listener.next(Started)
    pid = listener.player.pid
    assert pid is not None
    await listener.player.close()
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)
    heard = first_sound(listener.heard())
    assert not heard[-1_000:].any()
    assert steepest(heard) <= steepest(sine(1.0))
    with pytest.raises(AudioDeviceError, match="closed"):
        await listener.player.load([files.item("b", sine(1.0))])


async def test_a_fade_outlasts_the_time_after_which_an_idle_player_ends(listen: Listen, files: Files) -> None:
    listener = listen(idle_sec=0.05)
    await listener.player.load([files.item("a", sine(9.0))])
    await listener.next(Started)
    await listener.player.stop(0.6)
    assert listener.player.fades_out
    ended = await listener.next(Ended)
    assert (ended.reason, listener.player.fades_out) == ("stopped", False)
    assert ended.position_sec >= 0.6
    await eventually(lambda: not listener.running)
    await listener.player.close()
    heard = first_sound(listener.heard())
    assert np.flatnonzero(heard[:, 1])[-1] >= 0.55 * RATE
    assert steepest(heard) <= steepest(sine(1.0))


async def test_play_during_a_fade_brings_the_sound_back(listen: Listen, files: Files) -> None:
    listener = listen(volume=0.8)
    await listener.player.load([files.item("a", np.full((9 * RATE, 2), 0.5, np.float32))])
    await listener.next(Started)
    await listener.player.stop(5.0)
    await listener.player.play()
    assert not listener.player.fades_out
    await listener.next(Position)
    status = await listener.player.status()
    assert status is not None
    assert (status.state, status.volume) == ("playing", 0.8)
    assert listener.heard()[-1, 0] == np.float32(0.5 * 0.8**3)


async def test_a_player_that_dies_during_a_fade_stays_silent(listen: Listen, files: Files) -> None:
    listener = listen()
    await listener.player.load([files.item("a", sine(9.0)), files.item("b", sine(9.0))])
    await listener.next(Started)
    await listener.player.stop(5.0)
    assert listener.player.pid is not None
    os.kill(listener.player.pid, signal.SIGKILL)
    ended = await listener.next(Ended)
    assert (ended.item_id, ended.reason) == ("a", "stopped")
    status = await listener.player.status()
    assert status is None or status.state == "stopped"
