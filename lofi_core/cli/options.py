"""Which options do all commands share, and what follows from them?

They are accepted before the command and after it, so each command carries them too, hidden from its help.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from lofi_core.paths import home_dir, socket_place

if TYPE_CHECKING:
    from lofi_core.config import Settings
    from lofi_core.settings import Flags


class Globals:
    """What the shared options say; `ctx.obj` of every command."""

    def __init__(self) -> None:
        self.socket: Path | None = None
        self.config: Path | None = None
        self.data_dir: Path | None = None
        self.verbose = False
        self.json = False

    def flags(self) -> Flags:
        """The same, for `load_settings`."""
        from lofi_core.settings import Flags

        return Flags(self.socket, self.config, self.data_dir, self.verbose)

    def settings(self) -> Settings:
        """The whole configuration."""
        from lofi_core.settings import load_settings

        return load_settings(self.flags(), os.environ)

    def socket_path(self) -> Path:
        """Where the daemon listens, without reading the configuration."""
        return socket_place(os.environ, home_dir(os.environ), self.socket).path


class _NamedPath(click.Path):
    """A path that names something: a shell's unset variable must not become the current directory."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        if value == "":
            self.fail("the path is empty", param, ctx)
        return super().convert(value, param, ctx)


# Whether it can be read is found out by reading it: that is an error of ours, with a remedy.
NAMED_PATH = _NamedPath(path_type=Path, readable=False)


def _remember(ctx: click.Context, param: click.Parameter, value: object) -> None:
    if param.name is not None and value not in {None, False}:
        setattr(ctx.ensure_object(Globals), param.name, value)


def _shared_options(*, hidden: bool) -> list[click.Parameter]:
    def option(*names: str, **settings: Any) -> click.Option:
        return click.Option(names, expose_value=False, callback=_remember, **settings)

    return [
        option(
            "--socket",
            type=NAMED_PATH,
            metavar="PATH",
            help="The daemon's socket. [LOFI_SOCKET]",
            hidden=hidden,
        ),
        option(
            "--config",
            type=NAMED_PATH,
            metavar="FILE",
            help="The configuration file. [LOFI_CONFIG]",
            hidden=hidden,
        ),
        option(
            *("--data-dir", "data_dir"),
            type=NAMED_PATH,
            metavar="DIR",
            help="Where the tracks are. [LOFI_DATA_DIR]",
            hidden=hidden,
        ),
        option("--verbose", is_flag=True, help="Tell more, and show tracebacks of bugs.", hidden=hidden),
        option("--json", is_flag=True, help="Print one JSON document."),
    ]


class Command(click.Command):
    """A command that takes the shared options too."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.params.extend(_shared_options(hidden=True))


class Group(click.Group):
    """A group whose commands take the shared options too."""

    command_class = Command

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.params.extend(_shared_options(hidden=False))


pass_globals = click.make_pass_decorator(Globals, ensure=True)
