"""What does the radio say of itself? Structs only: these are what its methods answer."""

from typing import Any, Literal

from msgspec import Struct

State = Literal["off", "playing", "paused"]
# `made` for the station, `library`: a track that was there, `bridge`: made while the station's backend could
# not keep up, `again`: heard before, because there was nothing else.
Source = Literal["made", "library", "bridge", "again"]


class RadioStation(Struct):
    """What a radio was asked to play."""

    prompts: list[str]
    preset: str | None
    backend: str
    options: dict[str, Any]
    crossfade_sec: float
    duration_sec: float


class RadioNow(Struct):
    """What the radio plays."""

    track_id: str
    prompt: str
    source: Source
    liked: bool


class RadioMaking(Struct):
    """What the radio has made."""

    track_id: str
    prompt: str
    backend: str
    percent: int
    eta_sec: float | None


class RadioStatus(Struct):
    """Result of `radio_*`, but for `radio_presets`.

    `ahead` and `ahead_sec` tell what is ready to come next; `held` why nothing is being made; `speed` is
    seconds of music for a second of work of the station's backend; `slot` the one of the schedule. The
    numbers count since the radio was turned on; `silence_sec` is time without sound that nobody asked for.
    """

    state: State
    station: RadioStation | None
    now: RadioNow | None
    ahead: int
    ahead_sec: float
    making: RadioMaking | None
    held: str | None
    speed: float | None
    keeps_up: bool | None
    played: int
    made: int
    bridges: int
    again: int
    failures: int
    silence_sec: float
    sleep_in_sec: float | None
    slot: str | None


class RadioBrief(Struct):
    """The radio in `status`. `title` is the preset's, or the first prompt."""

    state: State
    title: str | None
    source: Source | None
    held: str | None


class RadioPreset(Struct):
    """A station that has a name; what it does not say is null or empty."""

    name: str
    title: str
    prompts: list[str]
    backend: str | None
    options: dict[str, Any]
    duration_sec: float | None


class RadioPresets(Struct):
    """Result of `radio_presets`."""

    presets: list[RadioPreset]
