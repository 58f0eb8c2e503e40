"""Memory is watched while a backend may take some, and a daemon that does nothing is left to sleep."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, cast

from lofi_core.jobs import memory_guard
from lofi_core.jobs.memory_guard import EVERY_SEC, MemoryGuard
from lofi_core.worker import Worker
from tests.radio.clock import simulate

if TYPE_CHECKING:
    import pytest

    from lofi_core.models.loading import Loader
    from tests.radio.clock import VirtualClock

HOUR = 3600.0


class NoHosts:
    """No backend has a process of its own."""

    def hosted(self) -> list[object]:
        return []


def test_it_looks_while_the_worker_works_and_at_no_other_time(monkeypatch: pytest.MonkeyPatch) -> None:
    looks: list[float] = []

    async def main(clock: VirtualClock) -> tuple[float, list[float]]:
        def resident() -> int:
            looks.append(clock.now)
            return 0

        monkeypatch.setattr(memory_guard, "resident_bytes", resident)
        worker = Worker("test")
        guard = asyncio.create_task(MemoryGuard(1, worker, cast("Loader", NoHosts())).run())
        begun = clock.now
        for _ in range(2):
            await asyncio.sleep(HOUR)
            await worker.run(clock.sleep, 10.0)
        await asyncio.sleep(HOUR)
        guard.cancel()
        worker.stop(10)
        return begun, looks

    begun, looks = simulate(main)
    for works_at in (HOUR, 2 * HOUR + 10.0):
        during = [at for at in looks if works_at <= at - begun <= works_at + 10.0 + EVERY_SEC]
        assert 40 <= len(during) <= 41
    assert len(looks) <= 82
