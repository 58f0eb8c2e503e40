"""Virtual time: it passes when everybody waits, and only then."""

from __future__ import annotations

import asyncio
import threading
import time
from typing import TYPE_CHECKING

import pytest

from lofi_core.worker import Worker
from tests.radio.clock import SimulationOver, simulate

if TYPE_CHECKING:
    from tests.radio.clock import VirtualClock


def test_hours_pass_at_once_and_for_everybody() -> None:
    async def main(clock: VirtualClock) -> tuple[float, float, float]:
        before = clock.now, time.monotonic(), asyncio.get_running_loop().time()
        await asyncio.sleep(36_000)
        after = clock.now, time.monotonic(), asyncio.get_running_loop().time()
        return tuple(b - a for a, b in zip(before, after, strict=True))  # type: ignore[return-value]

    assert simulate(main) == pytest.approx((36_000, 36_000, 36_000), abs=1e-6)


def test_time_stands_still_while_a_thread_works() -> None:
    async def main(clock: VirtualClock) -> float:
        worker, begun, go_on = Worker("at work"), threading.Event(), threading.Event()
        timer = asyncio.create_task(asyncio.sleep(5))
        before = clock.now

        def hold() -> None:
            begun.set()
            go_on.wait()

        work = worker.submit(hold)
        begun.wait()
        real = threading.Timer(0.05, go_on.set)  # in real time: nobody waits for it in the simulation
        real.start()
        await asyncio.wrap_future(work)
        passed = clock.now - before
        await timer
        return passed

    assert simulate(main) == 0.0


@pytest.mark.parametrize("how", ["worker", "to_thread"])
def test_a_thread_that_sleeps_lets_others_go_on(how: str) -> None:
    async def main(clock: VirtualClock) -> list[tuple[str, float]]:
        begin, done = clock.now, list[tuple[str, float]]()
        worker = Worker("slow")

        async def slow() -> None:
            await (worker.run(clock.sleep, 90.0) if how == "worker" else asyncio.to_thread(clock.sleep, 90.0))
            done.append(("thread", clock.now - begin))

        async def quick() -> None:
            for _ in range(2):
                await asyncio.sleep(60)
                done.append(("loop", clock.now - begin))

        await asyncio.gather(slow(), quick())
        return done

    assert simulate(main) == [("loop", 60), ("thread", 90), ("loop", 120)]


def test_what_one_thread_gives_to_another_holds_the_time_too() -> None:
    async def main(clock: VirtualClock) -> float:
        first, second = Worker("first"), Worker("second")
        before = clock.now

        def relay() -> int:
            return second.submit(sum, [1, 2]).result()

        for _ in range(200):
            async with asyncio.timeout(0.001):  # virtual: any time at all would be too much
                assert await first.run(relay) == 3
        return clock.now - before

    assert simulate(main) == 0.0


def test_what_waits_behind_a_call_that_sleeps_does_not_hold_the_time() -> None:
    async def main(clock: VirtualClock) -> tuple[float, float]:
        begin, worker = clock.now, Worker("slow")
        worker.submit(clock.sleep, 90.0)
        behind = worker.submit(lambda: clock.now - begin)
        await asyncio.sleep(60)
        return clock.now - begin, await asyncio.wrap_future(behind)

    assert simulate(main) == (60, 90)


def test_a_thread_that_still_sleeps_at_the_end_is_ended() -> None:
    async def main(clock: VirtualClock) -> object:
        worker = Worker("forgotten")
        future = worker.submit(clock.sleep, 1e9)
        await asyncio.sleep(1)
        return future

    future = simulate(main)
    with pytest.raises(SimulationOver):
        future.result(5)  # type: ignore[attr-defined]
