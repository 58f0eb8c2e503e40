"""What was promised to one client is not taken back because another is refused."""

from __future__ import annotations

import asyncio
import threading
from typing import TYPE_CHECKING, Any

import pytest

from lofi_core.errors import ShuttingDown
from lofi_core.jobs.history import JobTable
from lofi_core.jobs.job import Job
from lofi_core.jobs.journal import Journal
from lofi_core.jobs.progress import Progress
from lofi_core.jobs.promise import promise
from lofi_core.worker import Worker
from tests.jobs.test_calibration import request

if TYPE_CHECKING:
    from pathlib import Path

    from lofi_core.jobs.request import Prepared

pytestmark = pytest.mark.anyio


class Desk:
    """As much of the engine as a promise asks."""

    def __init__(self, journal: Journal) -> None:
        self.journal = journal
        self.table = JobTable()
        self.is_closing = False

    def check_acceptable(self, _prepared: Prepared) -> None:
        if self.is_closing:
            raise ShuttingDown("the daemon is shutting down")


async def test_a_job_that_two_clients_join_at_once_stays_promised_when_one_comes_too_late(
    tmp_path: Path,
) -> None:
    worker, gate = Worker("store"), threading.Event()
    journal = Journal(worker, tmp_path / "jobs.db", keeps=True)
    await journal.open()
    desk: Any = Desk(journal)
    wanted = request(10, 10)
    of_the_radio = Job(wanted, "normal", 0, Progress(wanted.schedule, loads=False))
    desk.table.add(of_the_radio)

    first = asyncio.create_task(promise(desk, wanted, "normal"))
    await asyncio.sleep(0)
    worker.submit(gate.wait)
    second = asyncio.create_task(promise(desk, wanted, "normal"))
    await asyncio.sleep(0)
    assert await first == of_the_radio.job_id
    of_the_radio.is_journaled = True  # as `submit` does
    desk.is_closing = True
    gate.set()
    with pytest.raises(ShuttingDown):
        await second

    assert [row.job_id for row in await journal.unfinished()] == [of_the_radio.job_id]
    await journal.close()
    worker.stop(5)
