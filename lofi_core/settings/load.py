"""How do defaults, file, variables and flags become one configuration?

Four layers, each over the one before: the defaults of `lofi_core.config`, `config.toml`, `LOFI_*` variables,
flags. A key nobody knows, or a value it cannot take, stops everything with an error that names the place.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from msgspec import Struct, convert

from lofi_core.config import Config, Paths, Settings
from lofi_core.paths import (
    Place,
    absolute_from,
    beside_data,
    config_place,
    data_place,
    home_dir,
    socket_place,
)
from lofi_core.settings import keys
from lofi_core.settings.file import file_values
from lofi_core.settings.variables import variable_values

if TYPE_CHECKING:
    from collections.abc import Mapping


class Flags(Struct, frozen=True):
    """The global options of the command line."""

    socket: Path | None = None
    config: Path | None = None
    data_dir: Path | None = None
    verbose: bool = False


class _Layers:
    """The values so far, by dotted key, and where each came from."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.values: dict[str, Any] = {}
        self.sources: dict[str, str] = {}

    def set(self, key: str, value: object, source: str, base: Path) -> None:
        """Check one value and put it over what was there. Relative paths start at `base`."""
        checked = keys.checked(key, value, source)
        if isinstance(checked, str) and keys.is_path(key):
            checked = str(absolute_from(checked, base, self.home))
        self.values[key] = checked
        self.sources[key] = source

    def config(self) -> Config:
        """Everything that was set, over the defaults."""
        nested: dict[str, Any] = {}
        for key, value in self.values.items():
            *tables, name = keys.parts(key)
            table = nested
            for part in tables:
                table = table.setdefault(part, {})
            table[name] = value
        return convert(nested, Config)


def load_settings(flags: Flags, environ: Mapping[str, str]) -> Settings:
    """Read and merge everything that configures.

    Args:
        flags: what the command line said.
        environ: the environment; every `LOFI_*` variable in it must be known.

    Raises:
        InvalidParams: a file that cannot be read or is no TOML, an unknown key or variable, a value that its
            key cannot take, or a socket path that is too long.
    """
    home = home_dir(environ)
    places = _places(flags, environ, home)
    config_file = places["config"].path
    layers = _Layers(home)
    for key, value in file_values(places["config"]):
        layers.set(key, value, str(config_file), config_file.parent)
    for key, value, variable in variable_values(environ):
        layers.set(key, value, variable, Path.cwd())
    if flags.verbose:
        layers.set("daemon.log_level", "debug", "--verbose", Path.cwd())

    config = layers.config()
    sources = {key: layers.sources.get(key, "default") for key in keys.values_of(config)}
    data = places["data"]
    places["models"] = Place(data.path / "models", data.source)
    if config.models.dir is not None:
        places["models"] = Place(Path(config.models.dir), sources["models.dir"])
    sources |= {f"paths.{name}": place.source for name, place in places.items()}
    return Settings(config, Paths(**{name: place.path for name, place in places.items()}), sources)


def _places(flags: Flags, environ: Mapping[str, str], home: Path) -> dict[str, Place]:
    """Everything that does not depend on what the configuration file says."""
    data = data_place(environ, home, flags.data_dir)
    return {
        "socket": socket_place(environ, home, flags.socket),
        "config": config_place(environ, home, flags.config),
        "data": data,
        "cache": beside_data("cache", environ, data),
        "state": beside_data("state", environ, data),
    }
