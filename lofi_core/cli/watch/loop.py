"""How is the daemon watched: its events heard, itself asked now and then, and looked for when it is gone?"""

from __future__ import annotations

import os
import sys
import time
from typing import TYPE_CHECKING

from lofi_core.cli.progress import CANNOT_REDRAW
from lofi_core.cli.terminal import single_keys
from lofi_core.cli.watch.plain import Lines
from lofi_core.cli.watch.seen import Seen
from lofi_core.errors import LofiError
from lofi_core.rpc.client import Client

if TYPE_CHECKING:
    from pathlib import Path

POLL_SEC = 0.1  # how soon a key is noticed, and how often the screen is drawn at most
TRY_EVERY_SEC = 1.0
ANSWER_SEC = 5.0  # a daemon that takes longer is as good as none
MOST_EVENTS = 500  # between two looks at the keys
COUNT_SEC = 1.0  # how often it is drawn though nothing happened: times go on


def watch(path: Path) -> None:
    """Show the daemon until `q` or Ctrl-C; line by line where there is no terminal, until Ctrl-C."""
    if sys.stdin.isatty() and sys.stdout.isatty() and os.environ.get("TERM") not in CANNOT_REDRAW:
        _on_a_screen(Watched(path))
    else:
        lines, watched = Lines(), Watched(path)
        while True:
            watched.wait(POLL_SEC)
            lines.show(watched.seen)
            sys.stdout.flush()


def _on_a_screen(watched: Watched) -> None:
    from rich.console import Console
    from rich.live import Live

    from lofi_core.cli.watch.screen import screen

    console = Console(highlight=False)
    drawn_at = 0.0
    with single_keys() as next_key, Live(console=console, screen=True, auto_refresh=False) as live:
        while next_key() not in {"q", ""}:  # or the terminal's end
            news = watched.wait(POLL_SEC)
            now = time.monotonic()
            if now - drawn_at >= (POLL_SEC if news else COUNT_SEC):
                live.update(screen(watched.seen, console.size.height), refresh=True)
                drawn_at = now


class Watched:
    """A daemon at a socket, whichever it is at the time.

    Attributes:
        seen: what is known of it.
    """

    def __init__(self, path: Path) -> None:
        self.seen = Seen()
        self._path = path
        self._client: Client | None = None
        self._tried_at = -TRY_EVERY_SEC

    def wait(self, seconds: float) -> bool:
        """Let some time pass, and follow what happens. False when nothing did."""
        try:
            if self._client is None:
                return self._look_for_one(seconds)
            return self._follow(self._client, seconds)
        except LofiError as error:
            if self._client is not None:
                self._client.close()
                self._client = None
            self.seen.lost(error)
            return True

    def _look_for_one(self, seconds: float) -> bool:
        if time.monotonic() - self._tried_at < TRY_EVERY_SEC:
            time.sleep(seconds)
            return False
        self._tried_at = time.monotonic()
        self._client = Client(self._path, ANSWER_SEC)
        self._client.call("subscribe")
        self.seen.look(self._client)
        return True

    def _follow(self, client: Client, seconds: float) -> bool:
        event = client.next_event(seconds)
        news = event is not None
        for _ in range(MOST_EVENTS):
            if event is None:
                break
            self.seen.happened(event)
            event = client.next_event(0.0)
        if self.seen.is_due(time.monotonic()):
            self.seen.look(client)
            return True
        return news
