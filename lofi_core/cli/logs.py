"""What has the daemon logged? Read from its file, so that it need not run."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING, ClassVar

import click

from lofi_core.cli.options import Command, Globals, pass_globals
from lofi_core.cli.output import clean, print_json
from lofi_core.errors import LofiError
from lofi_core.logs.file import LOG_NAME
from lofi_core.logs.lines import CONTINUED, LEVELS
from lofi_core.paths import beside_data, data_place, home_dir

if TYPE_CHECKING:
    from pathlib import Path

    from lofi_core.logs.lines import Entry


class NoLog(LofiError):
    """No daemon has written a log here."""

    code: ClassVar[str] = "NO_LOG"


@click.command(cls=Command)
@click.option("-n", "--lines", type=click.IntRange(min=0), default=50, help="So many entries, the last ones.")
@click.option("-f", "--follow", is_flag=True, help="Go on as the log grows, until Ctrl-C.")
@click.option("--level", type=click.Choice(LEVELS), default="debug", help="Only this level and above.")
@pass_globals
def logs(options: Globals, lines: int, level: str, *, follow: bool) -> None:
    """Show what the daemon has logged, also while none runs."""
    from lofi_core.logs import read

    path = _path(options)
    if not follow and not path.exists():
        raise NoLog(f"there is no log at {path}", "a daemon writes it from its start on")
    if options.json and not follow:
        found = read.last(path, lines, level)
        print_json({"path": str(path), "entries": [entry._asdict() for entry in found]})
        return
    for entry in (read.follow if follow else read.last)(path, lines, level):
        _print(entry, as_json=options.json)


def _path(options: Globals) -> Path:
    """Where the log is, by the daemon's own rule; what is wrong with a configuration file is no obstacle."""
    home = home_dir(os.environ)
    data = data_place(os.environ, home, options.data_dir)
    return beside_data("state", os.environ, data).path / LOG_NAME


def _print(entry: Entry, *, as_json: bool) -> None:
    if as_json:
        click.echo(json.dumps(entry._asdict()))  # one a line: nobody knows which is the last
        return
    head = f"{entry.time} {(entry.level or '').upper():<7} {entry.logger}: " if entry.level else ""
    click.echo(f"\n{CONTINUED}".join(map(clean, f"{head}{entry.text}".split("\n"))))
