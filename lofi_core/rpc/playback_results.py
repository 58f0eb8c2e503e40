"""What the methods about playing answer."""

from typing import Literal

from msgspec import Struct

PlaybackState = Literal["stopped", "playing", "paused", "buffering"]
Repeat = Literal["off", "one", "all"]


class Playback(Struct):
    """What plays: from memory, nobody is asked.

    `track_id` is of the current track, also while it is stopped; `position` is its place in the playlist;
    `device` is what was asked for; `player_pid` is null while no player process is needed.
    """

    state: PlaybackState
    track_id: str | None
    position_sec: float
    duration_sec: float | None
    position: int | None
    playlist_length: int
    shuffle: bool
    repeat: Repeat
    volume: float
    crossfade_sec: float
    device: str
    player_pid: int | None


class PlayState(Struct):
    """Result of `play`, `pause`, `resume`, `toggle`, `stop` and `skip`: what is so now."""

    state: PlaybackState
    track_id: str | None


class Sought(Struct):
    """Result of `seek`: the place, the track's end at most."""

    position_sec: float


class Volume(Struct):
    """Result of `volume_get` and `volume_set`."""

    level: float


class PlaylistTrack(Struct, omit_defaults=True):
    """A track of the playlist: the fields that a list shows. `path` lacks while it is being made."""

    track_id: str
    prompt: str
    duration_sec: float
    title: str | None = None
    path: str | None = None


class Playlist(Struct):
    """Result of `playlist_*`. `position` is the current track's, null when the last one is over."""

    tracks: list[PlaylistTrack]
    position: int | None
    shuffle: bool
    repeat: Repeat
    crossfade_sec: float


class AudioDevice(Struct):
    """Something to play on. Names may repeat, ids do not; `audio_device_set` takes either."""

    id: str
    name: str


class AudioDevices(Struct):
    """Result of `audio_devices`: `current` is the name of the one in use, null when there is none."""

    current: str | None
    available: list[AudioDevice]


class AudioDeviceInUse(Struct):
    """Result of `audio_device_set`."""

    current: str
