"""What can happen to a radio while it plays: listeners, other clients, and things that break."""

from __future__ import annotations

import asyncio
import contextlib
from pathlib import Path
from typing import TYPE_CHECKING

from lofi_core.errors import LofiError
from lofi_core.radio.dial import Wanted
from tests.radio.backends import Simulated
from tests.radio.hours import Scenario

if TYPE_CHECKING:
    from tests.radio.clock import VirtualClock
    from tests.radio.studio import Studio

MINUTE = 60.0
DEATHS_EVERY_SEC = 7 * MINUTE
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


async def fall_asleep(here: Studio, _backend: Simulated) -> None:
    await here.radio.sleep(SLEEP_SEC / 60)
    while here.radio.status().state != "off":  # noqa: ASYNC110 - virtual seconds
        await asyncio.sleep(0.1)
    here.ear.forgive()


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


MOMENTS = {
    scenario.name: scenario
    for scenario in (
        Scenario("skips of a hare", _hare, act=skip_every_20_s),
        Scenario("skips of a walker", _walker, act=skip_every_20_s),
        Scenario("skips of a turtle", _turtle, act=skip_every_20_s),
        Scenario("a long pause", _walker, act=pause_two_hours),
        Scenario("the player dies", _hare, act=kill_the_player),
        Scenario("good night", _walker, act=fall_asleep),
        Scenario("a full queue", _walker, act=fill_the_queue, others=snail, config={"queue_capacity": 3}),
        Scenario("like and dislike", _walker, act=like_dislike_and_more),
        Scenario("another station", _walker, act=change_stations),
        Scenario("files are removed", _hare, act=remove_files),
        Scenario("a model that does not load", _never_loads),
        Scenario("a step that hangs", _hangs),
        Scenario("no bridges", _walker, bridge=False),
        Scenario("a small disk", _turtle, max_gb=0.008),
        Scenario("short pieces", _walker, duration_sec=10.0),
        Scenario("no crossfade", _hare, crossfade_sec=0.0),
        Scenario("the longest crossfade", _walker, crossfade_sec=12.0),
    )
}
