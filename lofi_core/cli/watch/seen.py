"""What is known of the daemon right now: what it answered last, and what its events say since."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from lofi_core.errors import LofiError
    from lofi_core.rpc.client import Client, Notification

# Asked again so long after the last time: at the earliest, when events say that something is another; and
# when they say nothing, for memory and whatever else has no event.
SOONEST_SEC, LATEST_SEC = 1.0, 5.0
# These say all there is to know, so that nothing need be asked.
TELLING = frozenset(
    {"generation_progress", "generation_audio", "playback_position", "volume_changed", "download_progress"}
)


class Seen:
    """The daemon as far as one knows, or why one does not.

    Attributes:
        status: the last answer to `status`, with later events worked in; None without a daemon.
        waiting: the last answer to `queue_status`.
        stages: job id → the stage it is in.
        names: track id → what it is called, of the playlist.
        trouble: why there is no daemon.
        since: when that was so first, or when the daemon was asked last; monotonic seconds.
    """

    def __init__(self) -> None:
        self.status: dict[str, Any] | None = None
        self.waiting: dict[str, Any] = {}
        self.stages: dict[str, str] = {}
        self.names: dict[str, str] = {}
        self.trouble: LofiError | None = None
        self.since = time.monotonic()
        self._is_stale = True
        self._placed_at = 0.0  # when what plays was where `status` says

    def is_due(self, now: float) -> bool:
        """Whether it is time to ask the daemon."""
        return now - self.since >= (SOONEST_SEC if self._is_stale else LATEST_SEC)

    def look(self, client: Client) -> None:
        """Ask the daemon how all stands.

        Raises:
            LofiError: it does not answer.
        """
        waiting, status = client.call("queue_status"), client.call("status")
        if status["playback"]["track_id"] not in {None, *self.names}:
            listed = client.call("playlist_get")["tracks"]
            self.names = {track["track_id"]: track.get("title") or track["prompt"] for track in listed}
        self.status, self.waiting, self.trouble = status, waiting, None
        alive = {job["job_id"] for job in status["running"]}
        self.stages = {job_id: stage for job_id, stage in self.stages.items() if job_id in alive}
        self.since = self._placed_at = time.monotonic()
        self._is_stale = False

    def lost(self, trouble: LofiError) -> None:
        """There is no daemon, or it does not answer."""
        if self.trouble is None:
            self.since = time.monotonic()
        self.status, self.trouble, self._is_stale = None, trouble, True

    def happened(self, event: Notification) -> None:
        """Work an event in, or note that the daemon has to be asked."""
        if self.status is None:
            return
        fields = event.fields
        match event.name:
            case "generation_progress":
                self._progressed(fields)
            case "playback_position":
                self._placed_at = time.monotonic()
                self.status["playback"] |= {
                    name: fields[name] for name in ("track_id", "position_sec", "duration_sec")
                }
                self._is_stale |= fields["track_id"] not in self.names
            case "volume_changed":
                self.status["playback"]["volume"] = fields["level"]
            case name if name not in TELLING:
                self._is_stale = True

    def position_sec(self, now: float) -> float:
        """Where what plays is."""
        playback: dict[str, Any] = self.status["playback"] if self.status else {}
        moved = now - self._placed_at if playback.get("state") == "playing" else 0.0
        at: float = playback.get("position_sec", 0.0) + moved
        length: float | None = playback.get("duration_sec")
        return min(at, length) if length else at

    def eta_sec(self, job: dict[str, Any], now: float) -> float | None:
        """What is left of a job, counted down from when that was told."""
        told: float | None = job["eta_sec"]
        return None if told is None else max(told - (now - job.get("told_at", self.since)), 0.0)

    def _progressed(self, fields: dict[str, Any]) -> None:
        self.stages[fields["job_id"]] = fields["stage"]
        for job in self.status["running"] if self.status else ():
            if job["job_id"] == fields["job_id"]:
                job |= {
                    "percent": fields["percent"],
                    "eta_sec": fields["eta_sec"],
                    "told_at": time.monotonic(),
                }
                return
        self._is_stale = True
