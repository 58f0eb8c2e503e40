"""What becomes of the jobs that an earlier daemon accepted and did not finish?

Each runs again under its old id, from its beginning; a paused one stays paused. What cannot be done any more
ends in an error that `job_get` tells.
"""

from __future__ import annotations

import logging
from dataclasses import replace
from typing import TYPE_CHECKING

import msgspec

from lofi_core.errors import BackendNotReady, InferenceFailed, InternalError, LofiError
from lofi_core.jobs.journal import promise_of
from lofi_core.jobs.request import Prepared, Wish, prepare

if TYPE_CHECKING:
    from lofi_core.config import Config
    from lofi_core.jobs.engine import Engine
    from lofi_core.jobs.journal import Promise
    from lofi_core.jobs.journal_file import AcceptedJob
    from lofi_core.plugins import PluginHost
    from lofi_core.tracks.library import Library

log = logging.getLogger("lofi.jobs")

# A job that ran when the daemon died, so many times, is not tried again: it may well be the reason.
MAX_INTERRUPTIONS = 3


async def restore(engine: Engine, library: Library, plugins: PluginHost, config: Config) -> None:
    """Queue again what was accepted before, in its old order, whatever the queue's capacity."""
    try:
        rows = await engine.journal.unfinished()
    except LofiError as error:
        log.warning("the jobs of before are not known: %s", error.text())
        return
    for row in rows:
        outcome: LofiError | str | None = await _made_already(row, library)
        if outcome is None:
            outcome = await _brought_back(row, engine, plugins, config)
        if isinstance(outcome, LofiError):
            log.warning("job %s of before cannot be done: %s", row.job_id, outcome.code)
            log.debug("job %s: %s", row.job_id, outcome.text())  # a plugin's message may quote the prompt
        if outcome is not None:
            await engine.journal.end_unfinished(row, outcome)
    if rows:
        log.info("jobs of before: %d, of which go on: %d", len(rows), len(engine.table.live()))
        engine.idle()


async def _made_already(row: AcceptedJob, library: Library) -> str | None:
    """The path of its track, when the daemon died after that was stored and before it was noted."""
    try:
        track = await library.find(row.track_id)
    except LofiError as error:
        log.warning("%s", error.text())
        return None
    return track.path if track is not None and track.recipe.job_id == row.job_id else None


async def _brought_back(
    row: AcceptedJob, engine: Engine, plugins: PluginHost, config: Config
) -> LofiError | None:
    """Queue it; or why not."""
    try:
        promised = _promised(row)
        # To plan it runs the backend's code, and that too may be what ends the daemon every time.
        await engine.journal.try_out(row)
        engine.bring_back(_prepared_again(row, promised, plugins, config), row)
    except LofiError as error:
        return error
    return None


def _promised(row: AcceptedJob) -> Promise:
    try:
        promised = promise_of(row)
    except msgspec.MsgspecError as error:
        raise InternalError(
            f"the journal has no request there: {error}", "ask for the track again"
        ) from error
    if row.interrupted >= MAX_INTERRUPTIONS:
        raise InferenceFailed(
            f"interrupted {row.interrupted} times: each time the daemon died while {promised.backend} worked"
            " on this track",
            "its log may say why; ask again for as many attempts more, or for another backend",
        )
    return promised


def _prepared_again(row: AcceptedJob, promised: Promise, plugins: PluginHost, config: Config) -> Prepared:
    wish = Wish(
        promised.prompt,
        promised.duration_sec,
        promised.backend,
        promised.seed,
        promised.title,
        promised.options,
        keep=promised.keep,
    )
    prepared = prepare(wish, plugins, config)
    if prepared.loose:  # its id was drawn, and says nothing of what it is
        prepared = replace(prepared, track_id=row.track_id)
    if prepared.track_id != row.track_id:
        raise BackendNotReady(
            f"{promised.backend} was {promised.model_version!r} when the track was asked for, and is"
            f" {prepared.spec.model_version!r} now: it would make another one",
            "ask again, or bring back what it was",
        )
    return prepared
