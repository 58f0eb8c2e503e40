"""What was a client promised by daemons that were killed, and did they keep it?"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from lofi_core.errors import LofiError, UnknownJob

if TYPE_CHECKING:
    from lofi_core.rpc.client import Client, Notification

ENDS = {
    "generation_complete": "complete",
    "generation_cancelled": "cancelled",
    "generation_error": "error",
}


@dataclass(slots=True)
class Entry:
    """One accepted job, as its client knows it.

    Attributes:
        state: how it ended, by its event; None while it has not.
        cancel_sent: somebody asked for its end, and may have no answer.
        paused: it was answered to be so; None where an answer is missing.
    """

    job_id: str
    track_id: str
    seed: int
    state: str | None = None
    cancel_sent: bool = False
    paused: bool | None = False


@dataclass(slots=True)
class Ledger:
    """All accepted jobs.

    Attributes:
        ended_lately: what ended since the last check.
        deleted: tracks that somebody wanted removed.
        ran_again: how often a later daemon had a job to go on with.
        faults: every broken promise, in words.
    """

    entries: dict[str, Entry] = field(default_factory=dict)
    ended_lately: list[Entry] = field(default_factory=list)
    deleted: set[str] = field(default_factory=set)
    faults: list[str] = field(default_factory=list)
    ran_again: int = 0

    def accepted(self, answer: dict[str, Any]) -> None:
        """`generate` was answered. Of a job that was joined nothing new is known, but that it goes on."""
        if "job_id" in answer:
            entry = Entry(answer["job_id"], answer["track_id"], answer["seed"])
            self.entries.setdefault(entry.job_id, entry).paused = False

    def happened(self, event: Notification) -> None:
        """An event of a job came."""
        entry = self.entries.get(event.fields.get("job_id", ""))
        if entry is not None and event.name in ENDS:
            if entry.state is not None:
                self.faults.append(f"job {entry.job_id} ended twice: {entry.state}, {event.name}")
            entry.state = ENDS[event.name]
            self.ended_lately.append(entry)

    def live(self) -> list[Entry]:
        """What is promised and not over."""
        return [entry for entry in self.entries.values() if entry.state is None]

    def check(self, client: Client) -> None:
        """Ask the next daemon for all that a client might ask for."""
        for entry in [*self.live(), *self.ended_lately]:
            try:
                status = client.call("job_get", job_id=entry.job_id)
            except UnknownJob:
                self.faults.append(f"job {entry.job_id} vanished; it was {entry.state or 'promised'}")
                entry.state = "vanished"
            else:
                self._check(entry, status, client)
        self.ended_lately.clear()

    def _check(self, entry: Entry, status: dict[str, Any], client: Client) -> None:
        state = status["state"]
        if state not in ENDS.values():
            self.ran_again += entry.state is None
            if entry.state is not None:
                self.faults.append(f"job {entry.job_id} runs again; it was {entry.state}")
            if entry.paused and state != "paused":
                self.faults.append(f"job {entry.job_id} was paused and is {state}")
            return
        if entry.state is not None and state != entry.state:
            self.faults.append(f"job {entry.job_id} is {state}; it was {entry.state}")
        if state == "cancelled" and not entry.cancel_sent:
            self.faults.append(f"job {entry.job_id} is cancelled; nobody asked for that")
        if state == "error" and "interrupted 3 times" not in status["error"]["message"]:
            self.faults.append(f"job {entry.job_id} ended in {status['error']}")
        if state == "complete" and entry.state is None and entry.track_id not in self.deleted:
            self._check_track(entry, client)
        entry.state = state

    def _check_track(self, entry: Entry, client: Client) -> None:
        try:
            track = client.call("tracks_get", track_id=entry.track_id)
        except LofiError as error:
            self.faults.append(f"job {entry.job_id} is complete, and its track is not there: {error}")
        else:
            if track["seed"] != entry.seed:
                self.faults.append(f"job {entry.job_id} made seed {track['seed']}, not {entry.seed}")
