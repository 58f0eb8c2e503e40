"""What can be configured: every key with its default, stated once.

`config.toml`, `LOFI_*` variables and flags fill these structs; `lofi_core.settings` reads and merges them.
"""

import re
from pathlib import Path
from typing import Annotated, Any, Literal

from msgspec import Meta, Struct, field

Positive = Annotated[int, Meta(ge=1)]
DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_TIME = re.compile(r"([01]\d|2[0-3]):[0-5]\d|24:00")


class Audio(Struct, forbid_unknown_fields=True, frozen=True):
    """`[audio]`: for the player, and whether media keys and desktop widgets reach it."""

    volume: Annotated[float, Meta(ge=0, le=1)] = 1.0
    crossfade_sec: Annotated[float, Meta(ge=0, le=12)] = 3.0
    device: str = "default"
    mpris: bool = True


class Store(Struct, forbid_unknown_fields=True, frozen=True):
    """`[store]`: how much the library may hold; 0 is no limit."""

    max_gb: Annotated[float, Meta(ge=0)] = 0.0


class Models(Struct, forbid_unknown_fields=True, frozen=True):
    """`[models]`: where model files lie, and how long and how much of them stays in memory."""

    dir: str | None = None
    keep_alive_sec: Annotated[float, Meta(ge=-1)] = 300.0
    memory_gb: Annotated[float, Meta(ge=0)] = 0.0
    process_gb: Annotated[float, Meta(ge=0)] = 0.0


class RuntimeConfig(Struct, forbid_unknown_fields=True, frozen=True):
    """`[runtime]`: what backends run on; 0 threads means one per core."""

    device: Literal["auto", "cpu", "cuda"] = "auto"
    threads: Annotated[int, Meta(ge=0, le=1024)] = 0
    precision: Literal["auto", "fp32", "fp16"] = "auto"


class BackendConfig(Struct, forbid_unknown_fields=True, frozen=True):
    """`[backends.NAME]`: one backend's switch, files and default options."""

    enabled: bool = True
    model_dir: str | None = None
    variant: str | None = None
    residency: Literal["staged", "resident"] | None = None
    options: dict[str, Any] = field(default_factory=dict)


class Daemon(Struct, forbid_unknown_fields=True, frozen=True):
    """`[daemon]`: when it ends by itself (0: never), what it runs on, and how much it tells."""

    idle_exit_sec: Annotated[float, Meta(ge=0)] = 0.0
    event_loop: Literal["auto", "asyncio", "uvloop"] = "auto"
    log_level: Literal["debug", "info", "warning", "error"] = "info"


class Slot(Struct, forbid_unknown_fields=True, frozen=True, kw_only=True, rename={"from_": "from"}):
    """`[[radio.schedule]]`: what the radio plays from one time of day to another, local time.

    Attributes:
        from_: `HH:MM`; `from` in the file.
        to: `HH:MM`, not included. Before `from_`: on the next day.
        preset: a preset's name; this or `prompts`.
        prompts: words to choose from.
        days: on which it begins; none is every day.
    """

    from_: str
    to: str
    preset: str | None = None
    prompts: list[str] = []
    days: list[str] = []

    def __post_init__(self) -> None:
        """Refuse what cannot be played, in words that fit behind the name of the file."""
        for name, time in (("from", self.from_), ("to", self.to)):
            if not _TIME.fullmatch(time):
                raise ValueError(f"{name} is {time!r}; must be a time from '00:00' to '24:00'")
        if self.from_ == self.to:
            raise ValueError(f"from and to are both {self.to!r}; all day is from '00:00' to '24:00'")
        if self.from_ == "24:00":
            raise ValueError("from is '24:00'; the next day begins at '00:00'")
        if (self.preset is None) is (not self.prompts):
            raise ValueError("must have a preset or prompts, one of the two")
        if any(not prompt.strip() for prompt in self.prompts):
            raise ValueError("one of the prompts is empty")
        for day in self.days:
            if day not in DAYS:
                raise ValueError(f"days has {day!r}; must be of {', '.join(DAYS)}")

    @property
    def title(self) -> str:
        """For people: `08:00-12:00 focus`."""
        return f"{self.from_}-{self.to} {self.preset or self.prompts[0]}"


class Radio(Struct, forbid_unknown_fields=True, frozen=True):
    """`[radio]`: what it plays when nobody says, and what it may take."""

    duration_sec: Annotated[float, Meta(ge=1, le=3600)] = 120.0
    backend: str = ""
    bridge_backend: str = "procedural"
    preset: str = "lofi"
    pause_on_battery: bool = False
    pause_above_load: Annotated[float, Meta(ge=0, le=1)] = 0.0
    release_models_after_sec: Annotated[float, Meta(ge=0)] = 900.0
    max_gb: Annotated[float, Meta(ge=0)] = 4.0
    schedule: list[Slot] = []


class Config(Struct, forbid_unknown_fields=True, frozen=True):
    """All of `config.toml`."""

    default_backend: str = "procedural"
    queue_capacity: Annotated[int, Meta(ge=1, le=10_000)] = 10
    audio: Audio = Audio()
    store: Store = Store()
    models: Models = Models()
    runtime: RuntimeConfig = RuntimeConfig()
    backends: dict[str, BackendConfig] = {}
    radio: Radio = Radio()
    daemon: Daemon = Daemon()


class Paths(Struct, frozen=True):
    """Where this daemon keeps things. All absolute.

    Attributes:
        socket: the Unix socket.
        config: the configuration file, whether or not it exists.
        data: tracks and their index.
        cache: spools of tracks being made.
        state: logs.
        models: model files, one directory per backend.
    """

    socket: Path
    config: Path
    data: Path
    cache: Path
    state: Path
    models: Path


class Settings(Struct, frozen=True):
    """One resolved configuration.

    Attributes:
        config: the values in force.
        paths: the places in force.
        sources: dotted key → where its value came from: `default`, a file, a variable or a flag.
    """

    config: Config
    paths: Paths
    sources: dict[str, str] = {}
