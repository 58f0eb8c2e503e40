"""When is a request accepted? Once it is in the journal, and not a moment before."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lofi_core.jobs.job import new_job_id

if TYPE_CHECKING:
    from lofi_core.jobs.engine import Engine
    from lofi_core.jobs.job import Priority
    from lofi_core.jobs.request import Prepared


async def promise(engine: Engine, prepared: Prepared, priority: Priority) -> str | None:
    """Write down a request that is then submitted, in the same turn of the loop; that cannot fail any more.

    The file is written before there is a job, so that nobody hears of one that a crash would take back. If
    somebody else's job for the track came or went meanwhile, it is looked at anew.

    Returns:
        The id of the job, to be handed to `submit`; None when this process keeps no journal.

    Raises:
        QueueFull, ShuttingDown: it is not accepted.
        TrackWriteFailed: it cannot be written down, so it is not accepted.
    """
    journal = engine.journal
    while True:
        engine.check_acceptable(prepared)
        job = engine.table.active_for(prepared.track_id)
        if job is not None and job.is_journaled:
            return job.job_id
        if not journal.keeps:
            return None
        job_id = job.job_id if job is not None else new_job_id()
        try:
            await journal.add(job_id, prepared, priority, job)
            engine.check_acceptable(prepared)
        except BaseException:
            if job is None or not job.is_journaled:  # else another client was promised it meanwhile
                journal.withdraw(job_id)
            raise
        if engine.table.active_for(prepared.track_id) is job:
            return job_id
        journal.withdraw(job_id)
