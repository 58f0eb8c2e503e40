"""Everything of the daemon but its socket, in virtual time."""

from __future__ import annotations

import asyncio
import os
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING
from unittest.mock import patch

from lofi_core import plugins as plugin_host
from lofi_core.config import Audio, Config, Models, Paths, Settings
from lofi_core.daemon import STEP_GRACE_SEC, _radio, _Road, _workshop
from lofi_core.jobs.request import Wish, prepare
from lofi_core.playback.control import Playback
from lofi_core.player import handle
from lofi_core.rpc.handlers.jobs import JobMethods
from lofi_core.rpc.hub import Hub
from lofi_core.runtime import Runtime
from tests.radio.backends import RATE
from tests.radio.device import Room
from tests.radio.ear import Ear

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
    from pathlib import Path

    from anyio.abc import TaskGroup

    from lofi_core.events import Event
    from lofi_core.jobs.engine import Engine
    from lofi_core.jobs.job import Job
    from lofi_core.plugins import PluginHost
    from lofi_core.radio.radio import Radio
    from lofi_core.tracks.library import Library
    from tests.radio.backends import Simulated
    from tests.radio.clock import VirtualClock


class Told:
    """Every event, counted by its kind; the newest of each."""

    def __init__(self) -> None:
        self.counts: dict[str, int] = {}
        self.last: dict[str, Event] = {}

    def take(self, event: Event, _audience: object = None) -> None:
        kind = type(event).__name__
        self.counts[kind] = self.counts.get(kind, 0) + 1
        self.last[kind] = event


@dataclass
class Studio:
    """What a scenario works with."""

    clock: VirtualClock
    config: Config
    plugins: PluginHost
    library: Library
    engine: Engine
    playback: Playback
    room: Room
    told: Told
    radio: Radio
    jobs_listeners: list[Callable[[Event], None]]
    tasks: TaskGroup
    data: Path

    @property
    def ear(self) -> Ear:
        self.room.catch_up()
        return self.room.ear

    def disk_bytes(self) -> int:
        """What all tracks take together, as the file system has it."""
        return sum(file.stat().st_size for file in (self.data / "tracks").rglob("*") if file.is_file())

    def background(self, act: Awaitable[None]) -> None:
        """Let something happen meanwhile; what it raises ends the simulation."""

        async def run() -> None:
            await act

        self.tasks.start_soon(run)

    def submit(self, prompt: str, backend: str, seconds: float, seed: int = 1) -> Job:
        wish = Wish(prompt, seconds, backend, seed)
        return self.engine.submit(prepare(wish, self.plugins, self.config), client="the test")

    async def make(self, prompt: str, backend: str, seconds: float, seed: int = 1) -> str:
        """A finished track; its id."""
        job = self.submit(prompt, backend, seconds, seed)
        while not job.has_ended:  # noqa: ASYNC110 - virtual seconds
            await asyncio.sleep(0.5)
        return job.track_id


@asynccontextmanager
async def studio(
    clock: VirtualClock, home: Path, backends: Sequence[Simulated], config: Config | None = None
) -> AsyncIterator[Studio]:
    """Open everything, as `daemon._serve` does."""
    config = config or Config(audio=Audio(crossfade_sec=0.0), models=Models(keep_alive_sec=300))
    names = ("socket", "config", "data", "cache", "state", "models")
    settings = Settings(config, Paths(**{name: home / name for name in names}))
    room = Room(clock, Ear(RATE, clock.now))
    runtime = Runtime()
    with (
        patch.object(plugin_host, "_installed", lambda: backends),
        patch.object(handle, "Link", room.link),
        # Real seconds, against a loss of power that is not simulated.
        patch.object(os, "fsync", lambda _: None),
    ):
        plugins = plugin_host.PluginHost(config.backends, settings.paths.models, runtime)
        told = Told()
        road = _Road(told.take)
        async with _workshop(settings, plugins, runtime, road.publish, own_processes=False) as (
            library,
            engine,
            tasks,
        ):
            playback = await Playback.open(library, settings.paths.data, config.audio, told.take)
            playback.deck.streams._clock = lambda: clock.now  # bound to real time when it was defined
            playback.start(tasks)
            road.listeners.append(playback.incoming.happened)
            hub = Hub(plugins.observe)
            jobs = JobMethods(engine, library, playback, plugins, config, hub, asyncio.get_running_loop())
            radio = _radio(settings, engine, library, playback, jobs, told.take)
            radio.serve(tasks)
            road.listeners.append(radio.job_happened)
            yield Studio(
                *(
                    clock,
                    config,
                    plugins,
                    library,
                    engine,
                    playback,
                    room,
                    told,
                    radio,
                    road.listeners,
                    tasks,
                ),
                settings.paths.data,
            )
            await engine.close(STEP_GRACE_SEC)
            await playback.close()
