"""What can be configured: every key with its default, stated once.

`config.toml`, `LOFI_*` variables and flags fill these structs; `lofi_core.settings` reads and merges them.
"""

from pathlib import Path
from typing import Annotated, Any, Literal

from msgspec import Meta, Struct, field

Positive = Annotated[int, Meta(ge=1)]


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
    """`[daemon]`: when it ends by itself (0: never), and how much it tells."""

    idle_exit_sec: Annotated[float, Meta(ge=0)] = 0.0
    log_level: Literal["debug", "info", "warning", "error"] = "info"


class Config(Struct, forbid_unknown_fields=True, frozen=True):
    """All of `config.toml`."""

    default_backend: str = "procedural"
    queue_capacity: Annotated[int, Meta(ge=1, le=10_000)] = 10
    audio: Audio = Audio()
    store: Store = Store()
    models: Models = Models()
    runtime: RuntimeConfig = RuntimeConfig()
    backends: dict[str, BackendConfig] = {}
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
