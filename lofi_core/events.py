"""Everything the daemon tells without being asked, one struct per event.

On the wire an event is the notification `[2, name, [fields]]`. Each class docstring opens with the wire name.
A backend plugin sees the same objects through `observe_event`.
"""

from typing import ClassVar

from msgspec import UNSET, Struct, UnsetType


class Event(Struct, frozen=True, omit_defaults=True):
    """Base of all events: `name` is the notification's method."""

    name: ClassVar[str]
    # A later event of the same name about the same thing makes an unsent earlier one worthless.
    coalesces: ClassVar[bool] = False
    # Which of its fields say what a coalescing event is about.
    about: ClassVar[tuple[str, ...]] = ()


class JobEvent(Event, frozen=True):
    """Base of the events that belong to one job. They go to the clients that asked for it."""

    about = ("job_id",)

    track_id: str
    job_id: str


class GenerationQueued(JobEvent, frozen=True):
    """`generation_queued`: the job is accepted; `position` 0 means it runs next or already does.

    It comes again, with a `note`, when the job has to wait for memory that a paused job keeps.
    """

    name = "generation_queued"

    position: int
    note: str | UnsetType = UNSET


class GenerationStart(JobEvent, frozen=True):
    """`generation_start`: the job has the worker for the first time."""

    name = "generation_start"

    prompt: str
    duration_sec: float
    seed: int
    backend: str


class GenerationProgress(JobEvent, frozen=True):
    """`generation_progress`: how far the job is over all its stages; `percent` never falls and ends at 99."""

    name = "generation_progress"
    coalesces = True

    percent: int
    stage: str
    current_step: int
    total_steps: int
    eta_sec: float | None


class GenerationAudio(JobEvent, frozen=True):
    """`generation_audio`: the growing float32 WAV at `path` can be played up to `available_sec`.

    `final` is there, and true, when it does not grow any more, and what is left is to write the track.
    """

    name = "generation_audio"
    coalesces = True

    path: str
    available_sec: float
    gain_db: float
    final: bool | UnsetType = UNSET


class GenerationPaused(JobEvent, frozen=True):
    """`generation_paused`: the job gave up the worker, because someone asked or outranked it."""

    name = "generation_paused"


class GenerationResumed(JobEvent, frozen=True):
    """`generation_resumed`: the job goes on: it has the worker again, or its place in the queue."""

    name = "generation_resumed"


class GenerationComplete(Event, frozen=True):
    """`generation_complete`: the track is on disk. `job_id` lacks when it came from the cache."""

    name = "generation_complete"

    track_id: str
    path: str
    duration_sec: float
    sample_rate: int
    channels: int
    prompt: str
    seed: int
    backend: str
    model_version: str
    generation_time_sec: float
    cached: bool
    job_id: str | UnsetType = UNSET


class GenerationError(JobEvent, frozen=True):
    """`generation_error`: the job failed; nothing was written."""

    name = "generation_error"

    code: str
    message: str
    hint: str | UnsetType = UNSET


class GenerationCancelled(JobEvent, frozen=True):
    """`generation_cancelled`: the job was given up, after `at_step` of `total_steps`."""

    name = "generation_cancelled"

    at_step: int
    total_steps: int


class DownloadProgress(Event, frozen=True):
    """`download_progress`: how far one file and the whole download are; at most 99 before they are done."""

    name = "download_progress"
    coalesces = True
    about = ("backend", "variant", "component")

    backend: str
    component: str
    component_percent: int
    overall_percent: int
    bytes_downloaded: int
    bytes_total: int | None
    eta_sec: float | None
    variant: str
    stage: str
    component_bytes: int
    component_total: int | None
    bytes_per_sec: int | None


class DownloadComplete(Event, frozen=True):
    """`download_complete`: every file of the variant is there and is what it should be."""

    name = "download_complete"

    backend: str
    variant: str
    directory: str


class DownloadError(Event, frozen=True):
    """`download_error`: the download failed or was cancelled; what has come is kept."""

    name = "download_error"

    backend: str
    code: str
    message: str
    variant: str
    hint: str | UnsetType = UNSET


class BackendStatus(Event, frozen=True):
    """`backend_status`: a backend's status changed, its loader is at `percent`, or it did not load.

    In the last case `error`, `code` and `hint` say why.
    """

    name = "backend_status"

    backend: str
    status: str
    error: str | UnsetType = UNSET
    code: str | UnsetType = UNSET
    hint: str | UnsetType = UNSET
    stage: str | UnsetType = UNSET
    percent: int | UnsetType = UNSET


class PlaybackEvent(Event, frozen=True):
    """Base of the events about the track that plays, `position_sec` into it. They go to subscribers."""

    about = ("track_id",)

    track_id: str
    position_sec: float


class PlaybackStarted(PlaybackEvent, frozen=True):
    """`playback_started`: the track plays, from `position_sec` on."""

    name = "playback_started"


class PlaybackPaused(PlaybackEvent, frozen=True):
    """`playback_paused`: the sound is held."""

    name = "playback_paused"


class PlaybackResumed(PlaybackEvent, frozen=True):
    """`playback_resumed`: the sound goes on, after a pause or after `playback_buffering`.

    It comes too when the player's process ended and another goes on where that one was.
    """

    name = "playback_resumed"


class PlaybackEnded(PlaybackEvent, frozen=True):
    """`playback_ended`: the track is over: `finished`, `skipped`, `stopped`, or `error`.

    After an error `code`, `message` and `hint` say which; the next track goes on.
    """

    name = "playback_ended"

    reason: str
    code: str | UnsetType = UNSET
    message: str | UnsetType = UNSET
    hint: str | UnsetType = UNSET


class PlaybackBuffering(PlaybackEvent, frozen=True):
    """`playback_buffering`: a track that is being made has too few samples to be heard without a gap.

    It plays in `starts_in_sec`, as far as the speed of its job says; null while nothing says it.
    """

    name = "playback_buffering"
    coalesces = True

    starts_in_sec: float | None


class PlaybackPosition(PlaybackEvent, frozen=True):
    """`playback_position`: where what is heard is, once for every second of sound."""

    name = "playback_position"
    coalesces = True

    duration_sec: float


class PlaylistChanged(Event, frozen=True):
    """`playlist_changed`: the playlist or its mode is another; `playlist_get` has it."""

    name = "playlist_changed"
    coalesces = True

    length: int


class VolumeChanged(Event, frozen=True):
    """`volume_changed`: somebody set the volume."""

    name = "volume_changed"
    coalesces = True

    level: float


class AudioDeviceChanged(Event, frozen=True):
    """`audio_device_changed`: the sound comes from `device` now; null: from none, and `message` says why."""

    name = "audio_device_changed"

    device: str | None
    wanted: str
    message: str


class RadioChanged(Event, frozen=True):
    """`radio_changed`: the radio is on, off or paused now, plays something else, or has something to tell.

    `source` is what `track_id` is to it: `made`, `library`, `bridge` or `again`; `held` says why nothing is
    being made.
    """

    name = "radio_changed"

    state: str
    track_id: str | UnsetType = UNSET
    source: str | UnsetType = UNSET
    held: str | UnsetType = UNSET
    note: str | UnsetType = UNSET


class TrackRemoved(Event, frozen=True):
    """`track_removed`: the track is gone.

    Somebody `deleted` it, the library had passed `max_gb`, or its file is `damaged`.
    """

    name = "track_removed"

    track_id: str
    reason: str


class QueueChanged(Event, frozen=True):
    """`queue_changed`: so many jobs wait now."""

    name = "queue_changed"
    coalesces = True

    length: int


class ShuttingDown(Event, frozen=True):
    """`shutting_down`: the daemon ends; connections close right after.

    `kept_jobs` are not over, and no event says that they are: the next daemon makes them.
    """

    name = "shutting_down"

    reason: str
    kept_jobs: int | UnsetType = UNSET


# Every one of the above that has a name, in their order.
EVENTS: dict[str, type[Event]] = {
    event.name: event
    for event in list(globals().values())
    if isinstance(event, type) and issubclass(event, Event) and hasattr(event, "name")
}
