"""What the time brings: battery, the schedule, sleep. In virtual time, with the daemon's own parts."""

from __future__ import annotations

import asyncio
from datetime import datetime
from typing import TYPE_CHECKING, Any

from lofi_core import events as ev
from lofi_core.config import Audio, Config, Slot
from lofi_core.config import Radio as RadioConfig
from lofi_core.radio.dial import Wanted
from tests.radio.backends import Simulated
from tests.radio.clock import simulate
from tests.radio.hours import BRIDGE, PROMPT
from tests.radio.studio import Studio, studio

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from pathlib import Path

    import pytest

    from tests.radio.clock import VirtualClock

MINUTE = 60.0


def with_a_radio(
    home: Path, scenario: Callable[[Studio], Awaitable[None]], speed: float = 0.9, **radio: Any
) -> None:
    """Let the scenario happen; it was never silent but where it says so."""

    async def main(clock: VirtualClock) -> None:
        backends = [
            Simulated(clock, "walker", speed, step_sec=1.0),
            Simulated(clock, BRIDGE, 40.0, step_sec=3.0, streaming=True, knows_music=True),
        ]
        wanted = RadioConfig(duration_sec=60.0, bridge_backend=BRIDGE, **radio)
        config = Config(default_backend="walker", audio=Audio(crossfade_sec=3.0), radio=wanted)
        async with studio(clock, home, backends, config) as here:
            await scenario(here)
            here.ear.excuse()
            assert here.ear.gaps == []

    simulate(main)


class Machine:
    """Is on its battery when a test says so."""

    why: str | None = None

    def verdict(self, _config: object) -> str | None:
        return self.why


def test_on_battery_nothing_is_made_and_the_music_goes_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    machine = Machine()
    monkeypatch.setattr("lofi_core.daemon.Conditions", lambda: machine)

    async def battery(here: Studio) -> None:
        await here.radio.start(Wanted(prompts=(PROMPT,)))
        await asyncio.sleep(5 * MINUTE)
        machine.why = "on battery"
        await asyncio.sleep(20)
        begun = here.told.counts["GenerationStart"]
        assert here.radio.status().held == "on battery"
        assert here.engine.runner.current is None
        await asyncio.sleep(15 * MINUTE)
        assert here.told.counts["GenerationStart"] == begun
        machine.why = None
        await asyncio.sleep(3 * MINUTE)
        assert here.radio.status().held is None
        assert here.told.counts["GenerationStart"] > begun

    with_a_radio(tmp_path, battery, pause_on_battery=True)


def test_another_slot_of_the_day_comes_with_the_next_piece(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    slots = [
        Slot(from_="08:00", to="12:00", prompts=["bright morning lofi"]),
        Slot(from_="12:00", to="24:00", prompts=["slow evening jazz"]),
    ]

    async def noon(here: Studio) -> None:
        dial = here.radio.dial
        monkeypatch.setattr(dial, "_now", lambda: datetime(2026, 1, 1, 11, 59))  # noqa: DTZ001 - local time
        assert (await here.radio.start(Wanted())).slot == "08:00-12:00 bright morning lofi"
        await asyncio.sleep(5 * MINUTE)
        before = here.radio.status().now
        assert before is not None
        monkeypatch.setattr(dial, "_now", lambda: datetime(2026, 1, 1, 12, 0))  # noqa: DTZ001 - local time
        await asyncio.sleep(3)
        assert here.radio.status().slot == "12:00-24:00 slow evening jazz"
        assert here.radio.status().now == before
        await asyncio.sleep(2 * MINUTE)
        after = here.radio.status().now
        assert after is not None
        assert after.prompt == "slow evening jazz"

    with_a_radio(tmp_path, noon, speed=3.0, schedule=slots)


def test_play_wakes_a_radio_that_falls_asleep(tmp_path: Path) -> None:
    async def awake(here: Studio) -> None:
        await here.radio.start(Wanted(prompts=(PROMPT,)), sleep_min=5)
        await asyncio.sleep(4 * MINUTE + 50)
        assert here.radio.status().making is None
        await here.playback.play()
        await asyncio.sleep(10 * MINUTE)
        status = here.radio.status()
        assert (status.state, status.sleep_in_sec) == ("playing", None)

    with_a_radio(tmp_path, awake, speed=3.0)


def test_a_radio_that_is_started_again_while_it_fades_goes_on(tmp_path: Path) -> None:
    async def again(here: Studio) -> None:
        await here.radio.start(Wanted(prompts=(PROMPT,)))
        await asyncio.sleep(2 * MINUTE)
        await here.radio.stop()
        await asyncio.sleep(1)
        await here.radio.start(Wanted(prompts=(PROMPT,)))
        await asyncio.sleep(10)
        here.ear.forgive()
        await asyncio.sleep(5 * MINUTE)
        assert here.radio.status().state == "playing"

    with_a_radio(tmp_path, again, speed=3.0)


def test_the_radio_takes_only_its_own_jobs_along(tmp_path: Path) -> None:
    async def stopped(here: Studio) -> None:
        await here.radio.start(Wanted(prompts=(PROMPT,)))
        await asyncio.sleep(MINUTE)
        making = here.radio.status().making
        assert making is not None
        shared = here.engine.table.active_for(making.track_id)
        assert shared is not None
        here.engine.submit(shared.prepared, client="somebody else")
        await here.radio.stop()
        await asyncio.sleep(3 * MINUTE)
        here.ear.forgive()
        assert shared.state == "complete"
        assert here.radio.status().state == "off"
        last = here.told.last["RadioChanged"]
        assert isinstance(last, ev.RadioChanged)
        assert last.state == "off"

    with_a_radio(tmp_path, stopped)
