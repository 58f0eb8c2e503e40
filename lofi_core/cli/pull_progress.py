"""How is a download shown: a live bar for each file on a terminal, plain lines anywhere else?"""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Protocol

import click

from lofi_core.cli.output import clean, eta, size
from lofi_core.cli.progress import can_redraw

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rich.progress import Progress, TaskID

LINE_EVERY_PERCENT = 10


class PullView(Protocol):
    """Shows the progress of one download."""

    def show(self, fields: dict[str, Any]) -> None:
        """Take the fields of one `download_progress`."""


@contextmanager
def pull_view(*, quiet: bool) -> Iterator[PullView]:
    """A view on standard error, gone or finished when the block ends.

    Args:
        quiet: show nothing unless there is a terminal to show it on.
    """
    if not can_redraw():
        yield _Silent() if quiet else _Lines()
        return
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn

    columns = (
        TextColumn("{task.description}", markup=False),
        BarColumn(bar_width=None),
        TaskProgressColumn(),
        TextColumn("{task.fields[told]}", markup=False),
    )
    with Progress(*columns, console=Console(stderr=True), transient=True, expand=True) as progress:
        yield _Bars(progress)


class _Silent:
    def show(self, fields: dict[str, Any]) -> None:
        """Show nothing: the one document on standard output says all."""


class _Lines:
    """A line for each file that is done, and one for every tenth of the whole."""

    def __init__(self) -> None:
        self._done: set[str] = set()
        self._next_percent = 0

    def show(self, fields: dict[str, Any]) -> None:
        component, percent = fields["component"], fields["overall_percent"]
        if fields["stage"] == "complete" and component not in self._done:
            self._done.add(component)
            click.echo(clean(f"{component}: {size(fields['component_bytes'])}, checked"), err=True)
        elif fields["stage"] == "downloading" and percent >= self._next_percent:
            self._next_percent = (percent // LINE_EVERY_PERCENT + 1) * LINE_EVERY_PERCENT
            click.echo(f"{percent} %, {_amount(fields)}", err=True)


class _Bars:
    """A bar for each file that moves, and one for everything."""

    def __init__(self, progress: Progress) -> None:
        self._progress = progress
        self._all = progress.add_task("all files", total=None, told="")
        self._tasks: dict[str, TaskID] = {}

    def show(self, fields: dict[str, Any]) -> None:
        component, stage = fields["component"], fields["stage"]
        if component not in self._tasks:
            self._tasks[component] = self._progress.add_task(clean(component), total=None, told="")
        told = size(fields["component_bytes"]) if stage == "downloading" else stage
        total, done = fields["component_total"], fields["component_bytes"]
        self._progress.update(self._tasks[component], total=total, completed=done, told=told)
        self._progress.update(
            self._all,
            total=fields["bytes_total"],
            completed=fields["bytes_downloaded"],
            told=_amount(fields),
        )


def _amount(fields: dict[str, Any]) -> str:
    """`1.2 GB of 2.4 GB, 11.3 MB/s, 2 min 5 s left`, as far as it is known."""
    amount = size(fields["bytes_downloaded"])
    if fields["bytes_total"] is not None:
        amount += f" of {size(fields['bytes_total'])}"
    speed = f"{size(fields['bytes_per_sec'])}/s" if fields["bytes_per_sec"] else ""
    return ", ".join(part for part in (amount, speed, eta(fields["eta_sec"])) if part)
