"""The simulation itself: does it play, and does it hear when nothing plays?"""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from lofi_core.errors import UnknownTrack
from tests.radio.backends import Simulated
from tests.radio.clock import simulate
from tests.radio.device import START_SEC
from tests.radio.studio import studio

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from tests.radio.clock import VirtualClock
    from tests.radio.ear import Gap
    from tests.radio.studio import Studio

HOUR_SEC = 3600.0
TRACK_SEC = 90.25
# A fade of 10 ms at each end, and the limiter's delay.
EDGE_SEC = 0.03


def with_a_playlist(home: Path, scenario: Callable[[Studio], Awaitable[None]]) -> list[Gap]:
    """Play six tracks round and round, let the scenario happen, and return the gaps."""

    async def main(clock: VirtualClock) -> list[Gap]:
        hare = Simulated(clock, "hare", 3.0)
        async with studio(clock, home, [hare]) as here:
            for number in range(6):
                await here.playback.add(await here.make(f"track {number}", "hare", TRACK_SEC, number))
            await here.playback.set_mode(shuffle=None, repeat="all", crossfade_sec=None)
            await here.playback.play()
            await scenario(here)
            return here.ear.gaps

    return simulate(main)


def test_an_hour_of_playlist_is_heard_without_a_gap(tmp_path: Path) -> None:
    async def an_hour(here: Studio) -> None:
        begun = here.clock.now
        await asyncio.sleep(HOUR_SEC)
        assert here.clock.now - begun == HOUR_SEC
        assert here.ear.heard_sec == pytest.approx(HOUR_SEC, abs=EDGE_SEC)
        assert here.told.counts["PlaybackStarted"] == 1 + int(HOUR_SEC / TRACK_SEC)
        # Between two tracks at most what is within them.
        assert here.ear.steepest[0] < 0.5

    assert with_a_playlist(tmp_path, an_hour) == []


def test_a_stop_in_between_is_heard_as_the_gap_it_is(tmp_path: Path) -> None:
    stopped_at = 0.0

    async def stop_for_a_while(here: Studio) -> None:
        nonlocal stopped_at
        await asyncio.sleep(200)
        await here.playback.stop()
        stopped_at = here.clock.now
        await asyncio.sleep(7.5)
        await here.playback.play()
        await asyncio.sleep(100)

    (gap,) = with_a_playlist(tmp_path, stop_for_a_while)
    assert gap.at_sec == pytest.approx(stopped_at, abs=EDGE_SEC)
    assert gap.seconds == pytest.approx(7.5, abs=EDGE_SEC)


def test_a_pause_of_two_hours_is_no_gap(tmp_path: Path) -> None:
    async def pause(here: Studio) -> None:
        await asyncio.sleep(100)
        await here.playback.pause()
        await asyncio.sleep(2 * HOUR_SEC)
        assert here.ear.heard_sec == pytest.approx(100, abs=EDGE_SEC)
        await here.playback.play()
        await asyncio.sleep(100)
        assert here.ear.heard_sec == pytest.approx(200, abs=2 * EDGE_SEC)
        assert here.room.processes == 2  # idle for a minute, the first one went

    assert with_a_playlist(tmp_path, pause) == []


def test_a_player_that_dies_leaves_the_gap_until_the_next_one_plays(tmp_path: Path) -> None:
    async def kill(here: Studio) -> None:
        await asyncio.sleep(100)
        here.room.kill()
        await asyncio.sleep(100)

    (gap,) = with_a_playlist(tmp_path, kill)
    assert gap.seconds == pytest.approx(START_SEC, abs=EDGE_SEC)


def test_a_file_that_is_gone_is_passed_over_without_a_gap(tmp_path: Path) -> None:
    async def remove(here: Studio) -> None:
        await asyncio.sleep(10)
        entry = here.playback.playlist.entries[2]
        assert entry.path is not None
        Path(entry.path).unlink()  # noqa: ASYNC240 - the loop has no real time to lose
        await asyncio.sleep(3 * TRACK_SEC)
        assert here.told.counts["PlaybackEnded"] == 4
        with pytest.raises(UnknownTrack):
            await here.library.get(entry.track_id)

    assert with_a_playlist(tmp_path, remove) == []


@pytest.mark.parametrize(("speed", "streaming"), [(0.3, False), (0.9, True), (3.0, True)])
def test_a_backend_takes_the_time_that_its_speed_says(tmp_path: Path, speed: float, streaming: bool) -> None:
    async def main(clock: VirtualClock) -> tuple[float, float]:
        backend = Simulated(clock, "measured", speed, load_sec=8.0, streaming=streaming)
        async with studio(clock, tmp_path, [backend]) as here:
            begun = clock.now
            track = await here.library.get(await here.make("a track", "measured", 60))
            return clock.now - begun, track.generation_time_sec

    passed_sec, generation_time_sec = simulate(main)
    assert generation_time_sec == pytest.approx(8.0 + 60 / speed, abs=0.001)
    assert passed_sec == pytest.approx(8.0 + 60 / speed, abs=0.5)


def test_every_second_job_fails_and_the_next_one_does_not(tmp_path: Path) -> None:
    async def main(clock: VirtualClock) -> list[str]:
        flaky = Simulated(clock, "flaky", 3.0, fails_every=2)
        async with studio(clock, tmp_path, [flaky]) as here:
            jobs = [here.submit(f"track {number}", "flaky", 30) for number in range(4)]
            await asyncio.sleep(100)
            return [job.error.code if job.error else job.state for job in jobs]

    assert simulate(main) == ["complete", "MODEL_INFERENCE_FAILED"] * 2
