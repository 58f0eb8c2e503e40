"""Which configuration is in force, where does each value come from, and how is one changed?"""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING, Any

import click

from lofi_core.cli.options import Command, Globals, Group, pass_globals
from lofi_core.cli.output import clean, print_json, print_table
from lofi_core.paths import config_place, home_dir

if TYPE_CHECKING:
    from lofi_core.config import Settings


@click.group(cls=Group)
def config() -> None:
    """Show and change the configuration, without asking the daemon."""


@config.command(cls=Command)
@pass_globals
def show(options: Globals) -> None:
    """Show every value and where it comes from."""
    values = _values(options.settings())
    if options.json:
        print_json(values)
        return
    _print_values(values)


@config.command(cls=Command)
@pass_globals
def path(options: Globals) -> None:
    """Show where the configuration file is, or would be."""
    file = config_place(os.environ, home_dir(os.environ), options.config).path
    if options.json:
        print_json({"path": str(file), "exists": file.exists()})
    else:
        click.echo(clean(str(file)))


@config.command("set", cls=Command)
@click.argument("key")
@click.argument("value")
@pass_globals
def set_value(options: Globals, key: str, value: str) -> None:
    """Write KEY = VALUE into the configuration file.

    The file is made where there is none, and whatever else is in it stays as it is. A daemon that runs keeps
    its values until it is started anew.
    """
    from lofi_core.settings.assign import assignment
    from lofi_core.settings.edit import set_values

    settings = options.settings()  # a file with a mistake in it is not written to
    name, chosen = assignment(key, value, os.environ)
    file = settings.paths.config
    set_values(file, {name: chosen})
    source = options.settings().sources[name]
    if source != str(file):
        click.echo(f"{source} is set, and wins over what the configuration file says", err=True)
    if options.json:
        print_json({"key": name, "value": chosen, "config": str(file)})
    else:
        click.echo(clean(f"{name} = {_shown(chosen)} in {file}"))


def _print_values(entries: dict[str, dict[str, Any]]) -> None:
    rows = [(key, _shown(entry["value"]), entry["source"]) for key, entry in entries.items()]
    print_table(("key", "value", "from"), rows)


def _values(settings: Settings) -> dict[str, dict[str, Any]]:
    import msgspec

    from lofi_core.settings import keys

    found = keys.values_of(settings.config)
    found |= {f"paths.{name}": str(place) for name, place in msgspec.structs.asdict(settings.paths).items()}
    return {key: {"value": value, "source": settings.sources[key]} for key, value in found.items()}


def _shown(value: object) -> str:
    return "" if value is None else value if isinstance(value, str) else json.dumps(value, default=str)
