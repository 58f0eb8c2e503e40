"""What plays, in one line of the terminal, and with a few keys?"""

from __future__ import annotations

import os
import select
import shutil
import sys
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import click

from lofi_core.cli.output import clean, clock
from lofi_core.cli.progress import can_redraw

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from lofi_core.rpc.client import Client, Notification

POLL_SEC = 0.1  # how soon a key is noticed
VOLUME_STEP = 0.05
SILENT_SEC = 1.0  # between two tracks it may be silent for a moment
KEYS = "space n + - q"
CLEAR_LINE = "\r\x1b[K"


def can_show() -> bool:
    """Whether there is a terminal to show a line on, and to take keys from."""
    return sys.stdin.isatty() and can_redraw()


def show_what_plays(client: Client) -> None:
    """Show what plays until it is silent, or somebody leaves. The music goes on.

    Args:
        client: subscribed to `playback_` and `volume_`.
    """
    with _keys() as next_key, _line() as draw:
        line = _Line(client.call("status")["playback"], _titles(client))
        while not line.is_over():
            draw(line.text())
            if (event := client.next_event(POLL_SEC)) is not None:
                line.happened(event, lambda: _titles(client))
            if (key := next_key()) is not None and not _pressed(client, key, line):
                return


def _titles(client: Client) -> dict[str, dict[str, Any]]:
    return {track["track_id"]: track for track in client.call("playlist_get")["tracks"]}


def _pressed(client: Client, key: str, line: _Line) -> bool:
    """Do what a key says. False when it is to leave."""
    match key:
        case " ":
            client.call("toggle")
        case "n":
            client.call("skip")
        case "+" | "=" | "-":
            step = -VOLUME_STEP if key == "-" else VOLUME_STEP
            level = min(max(line.volume + step, 0.0), 1.0)
            line.volume = client.call("volume_set", level=round(level, 2))["level"]
        case "q" | "":  # or its end
            return False
        case _:
            pass
    return True


class _Line:
    """Follows the events, so that the line is right between them too."""

    def __init__(self, playback: dict[str, Any], titles: dict[str, dict[str, Any]]) -> None:
        self.volume: float = playback["volume"]
        self._titles = titles
        self._track_id: str = playback["track_id"] or ""
        self._state: str = playback["state"]
        self._silent_since = time.monotonic() if self._state == "stopped" else None
        self._place(playback["position_sec"])

    def is_over(self) -> bool:
        """Nothing has played for a moment, and nothing will."""
        silent = self._silent_since
        return silent is not None and time.monotonic() - silent > SILENT_SEC

    def happened(self, event: Notification, titles: Callable[[], dict[str, dict[str, Any]]]) -> None:
        """Follow an event."""
        fields = event.fields
        match event.name:
            case "playback_started" | "playback_resumed" | "playback_position":
                self._goes_on(fields, "playing")
                if self._track_id not in self._titles:
                    self._titles = titles()
            case "playback_paused":
                self._goes_on(fields, "paused")
            case "playback_buffering" if fields["track_id"] == self._track_id:
                self._goes_on(fields, "waiting")
            case "playback_ended" if fields["track_id"] == self._track_id:
                self._silent_since = time.monotonic()
            case "volume_changed":
                self.volume = fields["level"]
            case _:
                pass
        if "message" in fields and event.name == "playback_ended":
            click.echo(f"{CLEAR_LINE}{clean(fields['code'])}: {clean(fields['message'])}", err=True)

    def text(self) -> str:
        """The line, without its end."""
        track = self._titles.get(self._track_id, {})
        moved = time.monotonic() - self._since if self._state == "playing" else 0.0
        length = track.get("duration_sec", 0.0)
        at = min(self._position_sec + moved, length) if length else self._position_sec + moved
        name = clean(track.get("title") or track.get("prompt") or self._track_id)
        place = f"{clock(at)} / {clock(length)}"
        return f"{self._state}  {place}  {self.volume:.0%}  [{KEYS}]  {name}"

    def _goes_on(self, fields: dict[str, Any], state: str) -> None:
        self._track_id, self._state, self._silent_since = fields["track_id"], state, None
        self._place(fields["position_sec"])

    def _place(self, position_sec: float) -> None:
        self._position_sec = position_sec
        self._since = time.monotonic()


@contextmanager
def _line() -> Iterator[Callable[[str], None]]:
    """One line of standard error that is drawn over itself, and gone at the end."""
    drawn = ""

    def draw(text: str) -> None:
        nonlocal drawn
        from rich.cells import set_cell_size

        # A line that wraps cannot be drawn over.
        fitting = set_cell_size(text, shutil.get_terminal_size().columns - 1).rstrip()
        if fitting != drawn:
            click.echo(CLEAR_LINE + fitting, nl=False, err=True)
            drawn = fitting

    try:
        yield draw
    finally:
        click.echo(CLEAR_LINE, nl=False, err=True)


@contextmanager
def _keys() -> Iterator[Callable[[], str | None]]:
    """Single keys of the terminal: the next one, None when none was pressed, empty at its end."""
    import termios
    import tty

    descriptor = sys.stdin.fileno()
    before = termios.tcgetattr(descriptor)

    def next_key() -> str | None:
        if not select.select([descriptor], [], [], 0)[0]:
            return None
        return os.read(descriptor, 1).decode("utf-8", "replace")

    tty.setcbreak(descriptor)
    try:
        yield next_key
    finally:
        termios.tcsetattr(descriptor, termios.TCSADRAIN, before)
