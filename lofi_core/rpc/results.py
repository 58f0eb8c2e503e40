"""What each method answers."""

from typing import Any, Literal

from msgspec import UNSET, Struct, UnsetType

from lofi_core.jobs.calibration import EtaAccuracy
from lofi_core.radio.status import RadioBrief
from lofi_core.rpc.playback_results import Playback
from lofi_core.tracks.track import Track

JobState = Literal["queued", "running", "paused", "complete", "cancelled", "error"]
BackendState = Literal["not_installed", "downloading", "ready", "loading", "loaded", "disabled", "error"]


class Hello(Struct):
    """Result of `hello`."""

    name: str
    version: str
    protocol: int
    pid: int
    started_at: str
    methods: list[str]
    events: list[str]


class MethodDescription(Struct):
    """One method, as JSON Schema."""

    name: str
    doc: str
    params: dict[str, Any]
    result: dict[str, Any]


class EventDescription(Struct):
    """One event, as JSON Schema."""

    name: str
    doc: str
    fields: dict[str, Any]


class Description(Struct):
    """Result of `describe`."""

    protocol: int
    methods: list[MethodDescription]
    events: list[EventDescription]
    errors: dict[str, str]


class Pong(Struct):
    """Result of `ping`."""

    version: str
    status: Literal["ok"] = "ok"


class RunningJob(Struct):
    """A job that has the worker, or had it and is paused.

    `silent_sec` is for how long its backend has not come back from a step; null while it is not in one.
    """

    track_id: str
    job_id: str
    prompt: str
    percent: int
    eta_sec: float | None
    silent_sec: float | None


class PendingJob(Struct, omit_defaults=True):
    """A job that waits for its turn; with a `note` for memory that a paused job keeps."""

    track_id: str
    job_id: str
    prompt: str
    position: int
    priority: str
    note: str | UnsetType = UNSET


class QueueCount(Struct):
    """How full the queue is."""

    length: int
    capacity: int
    paused: int


class TracksCheck(Struct):
    """How far index and files are compared, which happens at each start, and what did not agree so far.

    While a damaged index is made anew, `rebuilding`, all tracks count as taken back.
    """

    state: Literal["waiting", "running", "done", "failed"]
    percent: int
    rebuilding: bool
    taken_back: int
    dropped: int
    set_aside: int
    leftovers: int


class TrackCount(Struct):
    """How much is stored."""

    count: int
    bytes: int
    check: TracksCheck


class BackendBrief(Struct):
    """A backend in one line."""

    name: str
    status: BackendState


class LoadedModel(Struct):
    """A model in memory, and what it really runs on.

    With a `pid` it is in a process of its own, and `resident_bytes` is what that holds now; else by how much
    loading it made the daemon grow.
    """

    backend: str
    weights: str
    resident_bytes: int
    in_use: bool
    device: str
    provider: str | None
    pid: int | None


class Status(Struct):
    """Result of `status`. `eta` is null while no job has had one."""

    version: str
    pid: int
    uptime_sec: float
    socket: str
    clients: int
    running: list[RunningJob]
    queue: QueueCount
    playback: Playback
    radio: RadioBrief
    backends: list[BackendBrief]
    models_loaded: list[str]
    models: list[LoadedModel]
    device: str
    event_loop: Literal["asyncio", "uvloop"]
    tasks: int
    tracks: TrackCount
    rss_bytes: int
    eta: EtaAccuracy | None


class Metrics(Struct):
    """Result of `metrics`: the text format that Prometheus reads, version 0.0.4."""

    text: str


class Accepted(Struct, omit_defaults=True):
    """Result of `generate`. A cached track has a `path` and no `job_id`."""

    track_id: str
    status: Literal["queued", "generating", "cached"]
    position: int
    seed: int
    backend: str
    job_id: str | UnsetType = UNSET
    path: str | UnsetType = UNSET


class Cancelled(Struct):
    """Result of `cancel`. Not cancelled when others still want the track, or it was already over."""

    cancelled: bool
    was_generating: bool
    track_id: str


class JobError(Struct, omit_defaults=True):
    """Why a job failed."""

    code: str
    message: str
    hint: str | UnsetType = UNSET


class JobStatus(Struct, omit_defaults=True):
    """Result of `job_get`."""

    job_id: str
    track_id: str
    state: JobState
    percent: int
    eta_sec: float | None
    error: JobError | UnsetType = UNSET
    path: str | UnsetType = UNSET
    note: str | UnsetType = UNSET


class StateResult(Struct):
    """Result of `job_pause` and `job_resume`."""

    state: JobState


class QueueStatus(Struct):
    """Result of `queue_status`."""

    running: list[RunningJob]
    pending: list[PendingJob]
    paused: list[RunningJob]


class QueueCleared(Struct):
    """Result of `queue_clear`: how many waiting jobs were cancelled."""

    cancelled: int


class Variant(Struct):
    """One variant of a backend's model files. `size_bytes` is null while nobody has said it.

    One that is not `fetchable` has files that only people can put there.
    """

    name: str
    title: str | None
    licence: str | None
    status: Literal["installed", "downloading", "partial", "not_installed"]
    size_bytes: int | None
    bytes_on_disk: int
    directory: str
    fetchable: bool


class Backend(Struct):
    """One entry of `get_backends`. What a broken plugin could not say is null.

    `type` is the name that requests use, `name` the title for people, `variant` the one in use.
    """

    type: str
    name: str | None
    status: BackendState
    error: str | None
    min_duration_sec: float | None
    max_duration_sec: float | None
    sample_rate: int | None
    channels: int | None
    model_version: str | None
    streaming: bool | None
    options: dict[str, Any] | None
    licence: str | None
    package: str | None
    package_version: str | None
    variant: str | None = None
    variants: list[Variant] = []
    bytes_on_disk: int = 0
    loaded: list[LoadedModel] = []
    eta: EtaAccuracy | None = None


class BackendStatusResult(Struct):
    """Result of `load_backend` and `unload_backend`. `loading`: events tell when it is loaded."""

    status: BackendState


class Backends(Struct):
    """Result of `get_backends`."""

    backends: list[Backend]
    default_backend: str


class DownloadAnswer(Struct):
    """Result of `download_backend`. Both true: all files are there, and are being checked."""

    started: bool
    already_installed: bool
    variant: str | None
    licence: str | None


class DownloadCancelled(Struct):
    """Result of `download_cancel`. Not cancelled when others still want it, or there was none."""

    cancelled: bool


class ModelRemoved(Struct):
    """Result of `remove_model`: what is gone, and what stays because no download put it there."""

    variant: str
    removed: list[str]
    kept: list[str]
    freed_bytes: int


class DefaultBackend(Struct):
    """Result of `default_backend_set`."""

    default_backend: str
    variant: str | None


class Tracks(Struct):
    """Result of `tracks_list`: one page, newest first, and how many there are in all."""

    tracks: list[Track]
    total: int


class Deleted(Struct):
    """Result of `tracks_delete`."""

    deleted: bool


class Waveform(Struct):
    """Result of `tracks_waveform`: one peak per bin, 0 … 1."""

    peaks: list[float]


class Subscriptions(Struct):
    """Result of `subscribe` and `unsubscribe`: the events this connection gets of all jobs now."""

    events: list[str]


class Stopping(Struct):
    """Result of `shutdown`. So many jobs are kept for the next daemon, where there are any."""

    status: Literal["shutting_down"] = "shutting_down"
    kept_jobs: int | UnsetType = UNSET
