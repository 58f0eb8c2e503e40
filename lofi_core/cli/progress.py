"""How is a job's progress shown: as a live bar on a terminal, as plain lines anywhere else?"""

from __future__ import annotations

import os
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Protocol

import click

from lofi_core.cli.output import clean, eta, seconds

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rich.progress import Progress

    from lofi_core.rpc.client import Notification

LINE_EVERY_PERCENT = 20
CANNOT_REDRAW = {"dumb", "unknown"}  # what rich takes for a terminal without a cursor to move


def can_redraw() -> bool:
    """Whether standard error is a terminal that can show a live bar."""
    return sys.stderr.isatty() and os.environ.get("TERM") not in CANNOT_REDRAW


class ProgressView(Protocol):
    """Shows the events of one job."""

    def show(self, name: str, fields: dict[str, Any]) -> None:
        """Take one event; or `joined`, with the answer to `generate`."""

    def tick(self, event: Notification | None) -> None:
        """Some time has passed; and `event` has come, of this job or another, or of the playback."""


@contextmanager
def progress_view(*, quiet: bool) -> Iterator[ProgressView]:
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
        TextColumn("{task.fields[left]}", markup=False),
    )
    with Progress(*columns, console=Console(stderr=True), transient=True, expand=True) as progress:
        yield _Bar(progress)


class _Silent:
    def show(self, name: str, fields: dict[str, Any]) -> None:
        """Show nothing: the one document on standard output says all."""

    def tick(self, event: Notification | None) -> None:
        """Nothing."""


class _Lines:
    """One line for each change that matters, without any escape codes."""

    def __init__(self) -> None:
        self._said = ""
        self._stage = ""
        self._next_percent = 0

    def show(self, name: str, fields: dict[str, Any]) -> None:
        match name:
            case "generation_progress":
                self._progress(fields)
            case _:
                text = in_words(name, fields)
                if text and text != self._said:
                    click.echo(text, err=True)
                    self._said = text

    def tick(self, event: Notification | None) -> None:
        """Nothing: a line stays as it was printed."""

    def _progress(self, fields: dict[str, Any]) -> None:
        stage, percent = clean(fields["stage"]), fields["percent"]
        if stage == self._stage and percent < self._next_percent:
            return
        self._stage = stage
        self._next_percent = (percent // LINE_EVERY_PERCENT + 1) * LINE_EVERY_PERCENT
        left = eta(fields["eta_sec"])
        click.echo(f"{stage}: {percent} %{', ' + left if left else ''}", err=True)


class _Bar:
    """One bar over all stages; its label is the stage, or why nothing moves."""

    def __init__(self, progress: Progress) -> None:
        self._progress = progress
        self._task = progress.add_task("asking", total=None, left="")
        self._stage = "generating"

    def show(self, name: str, fields: dict[str, Any]) -> None:
        match name:
            case "generation_progress":
                self._stage = clean(fields["stage"])
                left = eta(fields["eta_sec"])
                self._progress.update(
                    self._task, total=100, completed=fields["percent"], description=self._stage, left=left
                )
            case "generation_resumed":
                self._progress.update(self._task, description=self._stage)
            case _:
                if text := in_words(name, fields):
                    self._progress.update(self._task, description=text, left="")

    def tick(self, event: Notification | None) -> None:
        """Nothing: the bar draws itself."""


def in_words(name: str, fields: dict[str, Any]) -> str:
    """What an event says; empty for one that says nothing by itself."""
    match name:
        case "generation_queued" if fields["position"] > 0:
            return f"waiting, {fields['position']}. in the queue"
        case "joined" | "generation_start":
            return f"generating with {clean(fields['backend'])}"
        case "generation_paused":
            return "paused"
        case "generation_resumed":
            return "resumed"
        case _:
            return _playingin_words(name, fields)


def _playingin_words(name: str, fields: dict[str, Any]) -> str:
    match name:
        case "playback_buffering" if fields["starts_in_sec"]:
            return f"plays in {seconds(fields['starts_in_sec'])}"
        case "playback_buffering":
            return "plays when there is more of it"
        case "playback_started":
            return "playing"
        case _:
            return ""
