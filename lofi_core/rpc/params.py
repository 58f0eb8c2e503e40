"""What each method takes. Field constraints here are checked before a handler runs."""

from typing import Annotated, Any, Literal

from msgspec import Meta, Struct

Seed = Annotated[int, Meta(ge=0, le=2**32 - 1, description="0 … 2^32-1; drawn and reported when absent")]
Priority = Literal["normal", "high"]
_NOT_KEPT = (
    "false: made whatever the library has, and not put there; it has an id of its own, and its file goes a"
    " minute after `generation_complete`"
)
Minutes = Annotated[float, Meta(ge=0.1, le=24 * 60)]


class Params(Struct, forbid_unknown_fields=True, frozen=True):
    """Base of all params: a field nobody knows is an error, not a surprise."""


class NoParams(Params, frozen=True):
    """The method takes nothing."""


class ClientInfo(Struct, frozen=True):
    """Who is calling; for the log only. Further fields are ignored."""

    name: str = "unknown"
    version: str = ""


class HelloParams(Params, frozen=True):
    """Params of `hello`."""

    client: ClientInfo | None = None


class GenerateParams(Params, frozen=True):
    """Params of `generate`. The last three are aliases, merged into `options`."""

    prompt: str
    duration_sec: float = 30.0
    backend: str | None = None
    seed: Seed | None = None
    priority: Priority = "normal"
    title: str | None = None
    play: bool = False
    cache: bool = True
    keep: Annotated[bool, Meta(description=_NOT_KEPT)] = True
    options: dict[str, Any] = {}
    inference_steps: int | None = None
    scheduler: str | None = None
    guidance_scale: float | None = None


class CancelParams(Params, frozen=True):
    """Params of `cancel`: one of the two ids."""

    track_id: str | None = None
    job_id: str | None = None
    force: bool = False


class JobGetParams(Params, frozen=True):
    """Params of `job_get`: one of the two ids."""

    job_id: str | None = None
    track_id: str | None = None


class JobParams(Params, frozen=True):
    """Params of `job_pause` and `job_resume`."""

    job_id: str


class DownloadBackendParams(Params, frozen=True):
    """Params of `download_backend`. With `verify` files that are there are read and checked too."""

    backend: str
    variant: str | None = None
    verify: bool = False


class DownloadCancelParams(Params, frozen=True):
    """Params of `download_cancel`; all downloads of the backend when no variant is named."""

    backend: str
    variant: str | None = None
    force: bool = False


class RemoveModelParams(Params, frozen=True):
    """Params of `remove_model`. With `force` also files that no download put there."""

    backend: str
    variant: str | None = None
    force: bool = False


class DefaultBackendSetParams(Params, frozen=True):
    """Params of `default_backend_set`."""

    backend: str
    variant: str | None = None


class BackendParams(Params, frozen=True):
    """Params of `load_backend` and `unload_backend`."""

    backend: str


class TracksListParams(Params, frozen=True):
    """Params of `tracks_list`."""

    limit: Annotated[int, Meta(ge=1, le=100)] = 50
    offset: Annotated[int, Meta(ge=0, le=2**63 - 1)] = 0
    query: Annotated[str, Meta(max_length=500)] | None = (
        None  # each word is a term of SQLite's, which takes 1,000
    )
    favourite: bool | None = None


class TrackParams(Params, frozen=True):
    """Params of `tracks_get` and `tracks_delete`."""

    track_id: str


class TracksUpdateParams(Params, frozen=True):
    """Params of `tracks_update`; what is absent stays as it is."""

    track_id: str
    favourite: bool | None = None
    title: str | None = None


class TracksExportParams(Params, frozen=True):
    """Params of `tracks_export`. Without `format`, the path's suffix decides."""

    track_id: str
    path: str
    format: str | None = None
    overwrite: bool = False


class TracksWaveformParams(Params, frozen=True):
    """Params of `tracks_waveform`."""

    track_id: str
    bins: Annotated[int, Meta(ge=1, le=4096)] = 80


class SubscribeParams(Params, frozen=True):
    """Params of `subscribe` and `unsubscribe`: event names or prefixes; all when absent."""

    events: Annotated[list[str], Meta(max_length=200)] | None = None
    scope: Literal["all", "own"] = "all"


class PlayParams(Params, frozen=True):
    """Params of `play`."""

    track_id: str | None = None


class SeekParams(Params, frozen=True):
    """Params of `seek`."""

    position_sec: float


class VolumeSetParams(Params, frozen=True):
    """Params of `volume_set`."""

    level: Annotated[float, Meta(ge=0, le=1, description="0 … 1, on a perceptual scale")]


class PlaylistAddParams(Params, frozen=True):
    """Params of `playlist_add`. Without a position, at the end."""

    track_id: str
    position: Annotated[int, Meta(ge=0)] | None = None


class PlaylistMoveParams(Params, frozen=True, rename={"source": "from", "target": "to"}):
    """Params of `playlist_move`: two positions, from 0."""

    source: Annotated[int, Meta(ge=0)]
    target: Annotated[int, Meta(ge=0)]


class PlaylistModeParams(Params, frozen=True):
    """Params of `playlist_mode`; what is absent stays as it is."""

    shuffle: bool | None = None
    repeat: Literal["off", "one", "all"] | None = None
    crossfade_sec: Annotated[float, Meta(ge=0, le=12)] | None = None


class AudioDeviceSetParams(Params, frozen=True):
    """Params of `audio_device_set`: `default`, or a name or id from `audio_devices`."""

    device: str


class RadioStartParams(Params, frozen=True):
    """Params of `radio_start`. Neither prompts nor preset: what the schedule says for now, else the last."""

    prompts: Annotated[list[str], Meta(max_length=50)] | None = None
    preset: str | None = None
    backend: str | None = None
    options: dict[str, Any] = {}
    crossfade_sec: Annotated[float, Meta(ge=0, le=12)] | None = None
    sleep_min: Minutes | None = None
    duration_sec: float | None = None


class RadioSleepParams(Params, frozen=True):
    """Params of `radio_sleep`: in how many minutes it ends; null or absent: not by itself."""

    sleep_min: Minutes | None = None
