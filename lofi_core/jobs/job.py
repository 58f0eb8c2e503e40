"""What is known about one job, from acceptance to its end. Touched on the event loop only."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Hashable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal, TypeAlias

from lofi_core.jobs.slices import Control
from lofi_core.runtime import CancelToken

if TYPE_CHECKING:
    from collections.abc import Generator

    from lofi_core.errors import LofiError
    from lofi_core.jobs.progress import Progress
    from lofi_core.jobs.request import Prepared
    from lofi_core.jobs.slices import Tape
    from lofi_core.runtime import Runtime
    from lofi_core.tracks.spool import Spool

Client: TypeAlias = Hashable
Priority = Literal["normal", "high"]
State = Literal["queued", "running", "paused", "complete", "cancelled", "error"]
ENDED: frozenset[State] = frozenset({"complete", "cancelled", "error"})


def new_job_id() -> str:
    """An id that no other execution has."""
    return secrets.token_hex(8)


@dataclass(eq=False, slots=True)
class Job:
    """One execution of one request.

    Attributes:
        interested: clients that want the track and are still connected. The job ends when a `cancel` leaves
            none; a disconnect only makes a client unable to object.
        audience: clients that are told about the job.
        held: paused by `job_pause`; only `job_resume` lets it go on.
        has_turn: let through after a row of high-priority jobs; nothing outranks it.
        settled: set when the job gave up the worker, ended, or a pause that was asked for was taken back.
        sound_is_whole: nothing is added to its spool any more.
        committing: past the point where it can be cancelled.
        is_journaled: somebody was promised its track; the journal knows it until it ends.
        survives: the daemon ends, and the next one has to make it.
        token: cancelled, it ends what the backend runs for this job.
        runtime: what its model runs on, once that is loaded.
        note: why it waits though the worker is free, if it does.
    """

    prepared: Prepared
    priority: Priority
    serial: int
    progress: Progress
    job_id: str = field(default_factory=new_job_id)
    state: State = "queued"
    interested: set[Client] = field(default_factory=set)
    audience: set[Client] = field(default_factory=set)
    control: Control = field(default_factory=Control)
    settled: asyncio.Event = field(default_factory=asyncio.Event)
    held: bool = False
    has_turn: bool = False
    cancelling: bool = False
    sound_is_whole: bool = False
    committing: bool = False
    is_journaled: bool = False
    survives: bool = False
    generator: Generator[object, None, None] | None = None
    spool: Spool | None = None
    tape: Tape | None = None
    error: LofiError | None = None
    token: CancelToken = field(default_factory=CancelToken)
    runtime: Runtime | None = None
    note: str | None = None
    path: str | None = None

    @property
    def track_id(self) -> str:
        """The track it makes."""
        return self.prepared.track_id

    @property
    def has_ended(self) -> bool:
        """Whether it is over; its terminal event is on the way or out."""
        return self.state in ENDED

    def end(self, state: State) -> None:
        """Note how it ended and let go of what it held."""
        self.state = state
        self.held = False
        self.generator = self.tape = None
        if self.runtime is not None:  # the job is remembered for long
            self.runtime.kept.clear()
        self.settled.set()

    def fail(self, error: LofiError) -> None:
        """Note that it ended in an error, and which."""
        # The frames behind it hold the model and the backend's arrays; the job is remembered for long.
        error.__traceback__ = error.__cause__ = error.__context__ = None
        self.error = error
        self.end("error")
