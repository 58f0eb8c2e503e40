"""Where are the socket, the configuration and the things we keep?

Nothing here touches the disk: the answers follow from the environment, the home directory and the flags.
`tests/data/socket_paths.json` holds the socket's rule for this and for the Lua client.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from lofi_core.errors import InvalidParams

if TYPE_CHECKING:
    from collections.abc import Mapping

APP = "lofi"
SOCKET_LIMIT_BYTES = 103 if sys.platform == "darwin" else 107  # sun_path, less its closing NUL


class SocketPathTooLong(InvalidParams):
    """The system could not bind a Unix socket at that path."""

    def __init__(self, path: Path, limit: int) -> None:
        super().__init__(
            f"the socket path is {len(os.fsencode(path))} bytes long, and this system takes {limit}: {path}",
            "choose a shorter one with --socket or LOFI_SOCKET",
        )


class Place(NamedTuple):
    """A path and what decided it: `default`, a variable, a flag or a file."""

    path: Path
    source: str


def home_dir(environ: Mapping[str, str]) -> Path:
    """`$HOME`, or what the user database says.

    Raises:
        InvalidParams: neither knows.
    """
    if home := environ.get("HOME"):
        return Path(home)
    try:
        return Path.home()
    except RuntimeError as error:
        raise InvalidParams("this user has no home directory", "set HOME") from error


def socket_place(
    environ: Mapping[str, str], home: Path, flag: Path | None = None, limit: int = SOCKET_LIMIT_BYTES
) -> Place:
    """The socket: the flag, else `LOFI_SOCKET`, else the run-time directory, else the state directory.

    Raises:
        SocketPathTooLong: over `limit` bytes.
    """
    runtime = environ.get("XDG_RUNTIME_DIR", "")
    if flag is not None:
        place = Place(_absolute(flag, home), "--socket")
    elif chosen := environ.get("LOFI_SOCKET"):
        place = Place(_absolute(Path(chosen), home), "LOFI_SOCKET")
    elif runtime.startswith("/"):  # the XDG specification: a relative path counts as unset
        place = Place(Path(runtime) / APP / "lofi.sock", "XDG_RUNTIME_DIR")
    else:
        place = Place(home / ".local" / "state" / APP / "run" / "lofi.sock", "default")
    if len(os.fsencode(place.path)) > limit:
        raise SocketPathTooLong(place.path, limit)
    return place


def config_place(environ: Mapping[str, str], home: Path, flag: Path | None = None) -> Place:
    """The configuration file, whether or not it exists."""
    if flag is not None:
        return Place(_absolute(flag, home), "--config")
    if chosen := environ.get("LOFI_CONFIG"):
        return Place(_absolute(Path(chosen), home), "LOFI_CONFIG")
    directory = _user_dir("config", environ)
    return Place(directory.path / "config.toml", directory.source)


def data_place(environ: Mapping[str, str], home: Path, flag: Path | None = None) -> Place:
    """The directory of the tracks and their index."""
    if flag is not None:
        return Place(_absolute(flag, home), "--data-dir")
    if chosen := environ.get("LOFI_DATA_DIR"):
        return Place(_absolute(Path(chosen), home), "LOFI_DATA_DIR")
    return _user_dir("data", environ)


def beside_data(kind: str, environ: Mapping[str, str], data: Place) -> Place:
    """The `cache` or `state` directory: the user's, or inside a data directory that was chosen by hand.

    A daemon with a data directory of its own shares nothing with the user's other one.
    """
    if data.source in {"--data-dir", "LOFI_DATA_DIR"}:
        return Place(data.path / kind, data.source)
    return _user_dir(kind, environ)


def absolute_from(text: str, base: Path, home: Path) -> Path:
    """A path somebody wrote: `~` is the home directory, and a relative path starts at `base`."""
    path = Path(text)
    if path.parts[:1] == ("~",):
        return home.joinpath(*path.parts[1:])
    return base / path


def _absolute(path: Path, home: Path) -> Path:
    return absolute_from(str(path), Path.cwd(), home)


def _user_dir(kind: str, environ: Mapping[str, str]) -> Place:
    """A user directory of the XDG specification, or the platform's own where that is not set."""
    variable = f"XDG_{kind.upper()}_HOME"
    chosen = environ.get(variable, "")
    if chosen.startswith("/"):
        return Place(Path(chosen) / APP, variable)
    from platformdirs import PlatformDirs

    return Place(Path(getattr(PlatformDirs(APP, appauthor=False), f"user_{kind}_dir")), "default")
