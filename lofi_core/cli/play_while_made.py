"""How does a terminal show a track that is being made and heard at once?"""

from __future__ import annotations

import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import click

from lofi_core.cli.now_playing import NowPlaying
from lofi_core.cli.output import clean, eta, seconds
from lofi_core.cli.progress import in_words
from lofi_core.cli.terminal import columns, drawn_lines, single_keys

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from lofi_core.cli.terminal import Lines
    from lofi_core.rpc.client import Client, Notification

BAR_WIDTH = 30
DONE, LEFT = "█", "░"


class LeftError(Exception):
    """Somebody pressed q. The track goes on being made, and is heard."""


@contextmanager
def made_and_played(client: Client, *, may_leave: bool) -> Iterator[MadeAndPlayed]:
    """A line for the job, and one for what plays once something does; with keys.

    Args:
        client: subscribed to `playback_` and `volume_`.
        may_leave: whether q ends the command; otherwise it takes the line with the keys away.
    """
    with single_keys() as next_key, drawn_lines() as lines:
        yield MadeAndPlayed(client, lines, next_key, may_leave=may_leave)


class MadeAndPlayed:
    """A `ProgressView` of two lines."""

    def __init__(
        self, client: Client, lines: Lines, next_key: Callable[[], str | None], *, may_leave: bool
    ) -> None:
        self._lines, self._next_key, self._may_leave = lines, next_key, may_leave
        self._job = _Job()
        self._now: NowPlaying | None = NowPlaying(client)

    def show(self, name: str, fields: dict[str, Any]) -> None:
        """Take an event of the job; or `joined`, with the answer to `generate`."""
        self._job.happened(name, fields)

    def tick(self, event: Notification | None) -> None:
        """Draw what is so now, and do what a key says. Raises LeftError."""
        if event and self._now and (trouble := self._now.happened(event)):
            self._lines.clear()
            click.echo(trouble, err=True)
        width = columns()
        shown = [self._job.text(width)]
        if self._now and not self._now.is_silent:
            shown.append(self._now.text(width))
        self._lines.draw(shown)
        key = self._next_key()
        if key is None or self._now is None or self._now.pressed(key):
            return
        if self._may_leave:
            raise LeftError
        self._now = None


class _Job:
    """How far it is, and when it will be heard."""

    def __init__(self) -> None:
        self._stage, self._note = "generating", "asking"
        self._percent, self._left = 0, ""
        self._plays_at: float | None = None

    def happened(self, name: str, fields: dict[str, Any]) -> None:
        match name:
            case "generation_progress":
                self._stage, self._note = clean(fields["stage"]), ""
                self._percent, self._left = fields["percent"], eta(fields["eta_sec"])
            case "playback_buffering" if fields["position_sec"] == 0:
                in_sec = fields["starts_in_sec"]
                self._plays_at = None if in_sec is None else time.monotonic() + in_sec
            case "playback_started":
                self._plays_at = None
            case _ if not name.startswith("playback_"):
                self._note = in_words(name, fields) or self._note
            case _:
                pass

    def text(self, width: int) -> str:
        from rich.cells import set_cell_size

        done = self._percent * BAR_WIDTH // 100
        parts = [
            f"{DONE * done}{LEFT * (BAR_WIDTH - done)} {self._percent:3} %",
            self._note or self._stage,
            self._left,
        ]
        if self._plays_at is not None:
            parts.append(f"plays in {seconds(max(self._plays_at - time.monotonic(), 0.0))}")
        return set_cell_size("  ".join(filter(None, parts)), width).rstrip()
