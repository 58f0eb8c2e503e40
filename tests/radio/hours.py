"""Hours of radio with backends of any speed: what was heard, and what it took."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from lofi_core import events as ev
from lofi_core.config import Audio, Config
from lofi_core.config import Radio as RadioConfig
from lofi_core.memory import give_back, resident_bytes
from lofi_core.radio.dial import Wanted
from tests.radio.backends import Simulated
from tests.radio.clock import simulate
from tests.radio.studio import Studio, studio

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from pathlib import Path

    from lofi_core.radio.status import RadioStatus
    from tests.radio.clock import VirtualClock
    from tests.radio.ear import Ear

PROMPT = "lofi hip hop, rain, mellow piano"
BRIDGE = "procedural"
SAMPLE_SEC = 300.0
real_seconds = time.perf_counter  # `time.monotonic` is virtual meanwhile


@dataclass(frozen=True)
class Scenario:
    """One kind of radio.

    Attributes:
        station: makes the backend that the station is played with.
        bridge: there is a backend for bridges.
        act: what happens meanwhile; the radio is on when it begins.
        config: changes to the configuration.
        max_gb: `[radio] max_gb`.
    """

    name: str
    station: Callable[[VirtualClock], Simulated]
    bridge: bool = True
    act: Callable[[Studio, Simulated], Awaitable[None]] | None = None
    max_gb: float = 0.05
    duration_sec: float = 120.0
    crossfade_sec: float = 3.0
    others: Callable[[VirtualClock], list[Simulated]] = lambda _clock: []
    config: dict[str, Any] = field(default_factory=dict)


SCENARIOS = {
    scenario.name: scenario
    for scenario in (
        Scenario("turtle", lambda clock: Simulated(clock, "turtle", 0.3, step_sec=6.0, load_sec=20.0)),
        Scenario("walker", lambda clock: Simulated(clock, "walker", 0.9, step_sec=1.0, load_sec=12.0)),
        Scenario("hare", lambda clock: Simulated(clock, "hare", 3.0, step_sec=4.0, streaming=True)),
        Scenario("flaky", lambda clock: Simulated(clock, "flaky", 3.0, step_sec=6.0, fails_every=2)),
    )
}


@dataclass
class Report:
    """What came of it.

    Attributes:
        status: the radio's own words at the end.
        ear: what was really heard.
        heard: pieces begun, by where they came from, counted from events alone.
        rss: bytes after each `SAMPLE_SEC`.
        disk: bytes of all tracks together, then.
        failed: jobs and loads that failed, as the backends know.
        first_sec: from `radio_start` to the first sound.
        real_sec: what it took.
    """

    scenario: str
    hours: float
    status: RadioStatus
    ear: Ear
    backend: Simulated
    heard: dict[str, int]
    rss: list[int]
    disk: list[int]
    jobs: int
    failed: int
    first_sec: float
    real_sec: float

    @property
    def growth(self) -> float:
        """The most memory since a sixth of the time was over, against that moment's: 0.05 is 5 %."""
        warm = len(self.rss) // 6
        return max(self.rss[warm:]) / self.rss[warm] - 1


class Heard:
    """Counts which pieces began, from events alone.

    Args:
        station: the backend that the station is played with.
    """

    def __init__(self, station: str) -> None:
        self.counts = {"made": 0, "bridge": 0, "again": 0}
        self._station = station
        self._made_by: dict[str, str] = {}
        self._ids: set[str] = set()
        self._last: str | None = None

    def take(self, event: ev.Event) -> None:
        if isinstance(event, ev.GenerationStart):
            self._made_by[event.track_id] = event.backend
        elif isinstance(event, ev.PlaybackStarted) and event.track_id != self._last:
            self._last = event.track_id
            again, own = event.track_id in self._ids, self._made_by.get(event.track_id) == self._station
            self.counts["again" if again else "made" if own else "bridge"] += 1
            self._ids.add(event.track_id)
        elif isinstance(event, ev.PlaybackEnded):  # without it another player process goes on
            self._last = None


def play(scenario: Scenario, home: Path, hours: float) -> Report:
    """Run a scenario for so many virtual hours."""
    begun = real_seconds()

    async def main(clock: VirtualClock) -> Report:
        backend = scenario.station(clock)
        backends = [backend, *scenario.others(clock)]
        if scenario.bridge and BRIDGE not in {each.name for each in backends}:
            backends.append(Simulated(clock, BRIDGE, 40.0, step_sec=3.0, streaming=True, knows_music=True))
        config = Config(
            default_backend=backend.name,
            audio=Audio(crossfade_sec=scenario.crossfade_sec),
            radio=RadioConfig(
                duration_sec=scenario.duration_sec,
                max_gb=scenario.max_gb,
                bridge_backend=BRIDGE if scenario.bridge else "",
            ),
            **scenario.config,
        )
        async with studio(clock, home, backends, config) as here:
            heard = Heard(backend.name)
            here.playback.listeners.append(heard.take)
            here.jobs_listeners.append(heard.take)
            begun_at = clock.now
            await here.radio.start(Wanted(prompts=(PROMPT,)))
            if scenario.act is not None:
                here.background(scenario.act(here, backend))
            rss, disk = [], []
            for _ in range(round(hours * 3600 / SAMPLE_SEC)):
                await asyncio.sleep(SAMPLE_SEC)
                give_back()
                rss.append(resident_bytes())
                disk.append(here.disk_bytes())
            ear = here.ear
            ear.excuse()
            jobs = here.told.counts.get("GenerationStart", 0)
            failed = sum(each.failed + min(each.loads, each.load_fails) for each in backends)
            first_sec = (ear.first_at or clock.now) - begun_at
            end = here.radio.status(), ear, backend, heard.counts, rss, disk, jobs, failed, first_sec
            return Report(scenario.name, hours, *end, real_seconds() - begun)

    return simulate(main)
