"""What can happen to a radio while it plays: listeners, other clients, and things that break."""

from __future__ import annotations

import asyncio
import contextlib
from pathlib import Path
from typing import TYPE_CHECKING

from lofi_core.errors import LofiError
from lofi_core.radio.dial import Wanted
from tests.radio.backends import Simulated
from tests.radio.hours import BRIDGE, Scenario

if TYPE_CHECKING:
    from tests.radio.clock import VirtualClock
    from tests.radio.studio import Studio

MINUTE = 60.0
DEATHS_EVERY_SEC = 7 * MINUTE
DEVICE_GONE_SEC = 10 * MINUTE
SLEEP_SEC = 20 * MINUTE


async def skip_every_20_s(here: Studio, _backend: Simulated) -> None:
    """For ten minutes."""
    await asyncio.sleep(5 * MINUTE)
    for _ in range(30):
        await asyncio.sleep(20)
        await here.radio.skip()


async def pause_two_hours(here: Studio, _backend: Simulated) -> None:
    await asyncio.sleep(10 * MINUTE)
    await here.playback.pause()
    await asyncio.sleep(120 * MINUTE)
    await here.playback.play()


async def kill_the_player(here: Studio, _backend: Simulated) -> None:
    while True:
        await asyncio.sleep(DEATHS_EVERY_SEC)
        here.room.kill()


async def take_the_device(here: Studio, _backend: Simulated) -> None:
    """For so long no player can be started."""
    await asyncio.sleep(5 * MINUTE)
    here.room.spawns = False
    here.room.kill()
    await asyncio.sleep(DEVICE_GONE_SEC)
    here.room.spawns = True


async def fall_asleep(here: Studio, _backend: Simulated) -> None:
    await here.radio.sleep(SLEEP_SEC / 60)
    while here.radio.status().state != "off":  # noqa: ASYNC110 - virtual seconds
        await asyncio.sleep(0.1)
    here.ear.forgive(fade_sec=1.0)


async def fill_the_queue(here: Studio, _backend: Simulated) -> None:
    """Another client has a slow backend work, and more waits than there is room for."""
    number = 0
    while True:
        with contextlib.suppress(LofiError):
            while True:
                number += 1
                here.submit(f"somebody else's {number}", "snail", 60, number)
        await asyncio.sleep(5)


async def like_dislike_and_more(here: Studio, _backend: Simulated) -> None:
    acts = (here.radio.like, here.radio.more, here.radio.dislike)
    for number in range(12):
        await asyncio.sleep(95)
        await acts[number % 3]()


async def change_stations(here: Studio, _backend: Simulated) -> None:
    """Every half minute, there and back."""
    await asyncio.sleep(5 * MINUTE)
    for number in range(20):
        await asyncio.sleep(30)
        words = "ambient, slow pads, night" if number % 2 == 0 else "lofi hip hop, rain, mellow piano"
        await here.radio.start(Wanted(prompts=(words,)))


async def remove_files(here: Studio, _backend: Simulated) -> None:
    """Somebody empties the library's folder by hand, every five minutes, but for what plays."""
    while True:
        await asyncio.sleep(5 * MINUTE)
        current = here.playback.horizon().current
        for file in (here.data / "tracks").rglob("*.flac"):
            if current is None or current.path is None or Path(current.path) != file:
                file.unlink()


async def own_list(here: Studio, _backend: Simulated) -> None:
    """The listener puts tracks of their own into the list, in every way there is."""
    await asyncio.sleep(4 * MINUTE)
    ids = [track.track_id for track in (await here.library.list())[0]]
    await here.playback.add(ids[-1])
    await asyncio.sleep(MINUTE)
    await here.playback.play(ids[0])
    await asyncio.sleep(MINUTE)
    await here.playback.set_mode(shuffle=True, repeat=None, crossfade_sec=None)
    await asyncio.sleep(5 * MINUTE)
    await here.playback.set_mode(shuffle=None, repeat="all", crossfade_sec=None)
    await asyncio.sleep(5 * MINUTE)
    await here.playback.set_mode(shuffle=False, repeat="off", crossfade_sec=None)
    await here.playback.seek(110.0)


async def delete_tracks(here: Studio, _backend: Simulated) -> None:
    """Somebody deletes what plays, and what comes next, every minute and a half."""
    while True:
        await asyncio.sleep(90)
        view = here.playback.horizon()
        for entry in (*view.coming, view.current):
            if entry is not None:
                with contextlib.suppress(LofiError):  # it is not made yet
                    await here.library.delete(entry.track_id)
                await here.playback.forget(entry.track_id)


async def cancel_its_jobs(here: Studio, _backend: Simulated) -> None:
    """Somebody cancels what is being made, again and again."""
    while True:
        await asyncio.sleep(170)
        if (job := here.engine.runner.current) is not None:
            here.engine.cancel(job, "somebody else", force=True)


async def hold_its_jobs(here: Studio, _backend: Simulated) -> None:
    """Somebody holds the job that runs, and lets it go on ten minutes later."""
    await asyncio.sleep(5 * MINUTE)
    while True:
        job = here.engine.runner.current
        if job is not None:
            await here.engine.pause(job)
            await asyncio.sleep(10 * MINUTE)
            here.engine.resume(job)
        await asyncio.sleep(20)


def snail(clock: VirtualClock) -> list[Simulated]:
    return [Simulated(clock, "snail", 0.5, step_sec=5.0)]


def _turtle(clock: VirtualClock) -> Simulated:
    return Simulated(clock, "turtle", 0.3, step_sec=6.0, load_sec=20.0)


def _walker(clock: VirtualClock) -> Simulated:
    return Simulated(clock, "walker", 0.9, step_sec=1.0, load_sec=12.0)


def _hare(clock: VirtualClock) -> Simulated:
    return Simulated(clock, "hare", 3.0, step_sec=4.0, streaming=True)


def _never_loads(clock: VirtualClock) -> Simulated:
    return Simulated(clock, "broken", 3.0, load_sec=5.0, load_fails=10**9)


def _hangs(clock: VirtualClock) -> Simulated:
    """Ten minutes in one step of its third job: nobody else gets the worker."""
    return Simulated(clock, "stuck", 3.0, step_sec=4.0, hangs={3: 600.0})


def _one_step(clock: VirtualClock) -> Simulated:
    """Six minutes for a piece, and nobody else gets the worker before it is done."""
    return Simulated(clock, "monolith", 0.33, step_sec=120.0, load_sec=30.0)


def _slows(clock: VirtualClock) -> Simulated:
    return Simulated(clock, "tired", 4.0, step_sec=4.0, streaming=True, slows={6: 0.25, 9: 2.0})


def _stalls(clock: VirtualClock) -> Simulated:
    """It streams as it is heard, and twice nothing comes for minutes."""
    return Simulated(clock, "stalling", 2.0, step_sec=2.0, streaming=True, hangs={1: 200.0, 5: 400.0})


def _bridges_fail(clock: VirtualClock) -> list[Simulated]:
    return [Simulated(clock, BRIDGE, 40.0, step_sec=3.0, streaming=True, fails_every=2)]


MOMENTS = {
    scenario.name: scenario
    for scenario in (
        Scenario("skips of a hare", _hare, act=skip_every_20_s),
        Scenario("skips of a walker", _walker, act=skip_every_20_s),
        Scenario("skips of a turtle", _turtle, act=skip_every_20_s),
        Scenario("a long pause", _walker, act=pause_two_hours),
        Scenario("the player dies", _hare, act=kill_the_player),
        Scenario("no player for a while", _hare, act=take_the_device),
        Scenario("good night", _walker, act=fall_asleep),
        Scenario("a full queue", _walker, act=fill_the_queue, others=snail, config={"queue_capacity": 3}),
        Scenario("like and dislike", _walker, act=like_dislike_and_more),
        Scenario("another station", _walker, act=change_stations),
        Scenario("files are removed", _hare, act=remove_files),
        Scenario("a model that does not load", _never_loads),
        Scenario("a step that hangs", _hangs),
        Scenario("one long step", _one_step),
        Scenario("it slows down", _slows),
        Scenario("a stream that stalls", _stalls),
        Scenario("bridges fail too", _turtle, others=_bridges_fail),
        Scenario("its jobs are cancelled", _walker, act=cancel_its_jobs),
        Scenario("its jobs are held", _walker, act=hold_its_jobs),
        Scenario("a listener's own list", _walker, act=own_list),
        Scenario("tracks are deleted", _hare, act=delete_tracks),
        Scenario("no bridges", _walker, bridge=False),
        Scenario("a small disk", _turtle, max_gb=0.008),
        Scenario("short pieces", _walker, duration_sec=10.0),
        Scenario("no crossfade", _hare, crossfade_sec=0.0),
        Scenario("the longest crossfade", _walker, crossfade_sec=12.0),
    )
}
