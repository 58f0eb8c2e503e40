"""How is the daemon told where there is no screen: a line for each change that matters?"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import click

from lofi_core.cli.output import clean, size

if TYPE_CHECKING:
    from lofi_core.cli.watch.seen import Seen

LINE_EVERY_PERCENT = 20


class Lines:
    """Prints a line when it would be another than the last one."""

    def __init__(self) -> None:
        self._last = ""

    def show(self, seen: Seen) -> None:
        """Print what has changed, if anything has that is worth a line."""
        said = _worth(seen)
        if said is None or said == self._last:
            return
        self._last = said
        memory = f", memory {size(seen.status['rss_bytes'])}" if seen.status else ""
        click.echo(f"{time.strftime('%H:%M:%S')} {clean(said)}{memory}")


def _worth(seen: Seen) -> str | None:
    """What a line is printed for; memory and the place in a track are no reason."""
    if seen.status is None:
        return seen.trouble.message if seen.trouble else None
    status = seen.status
    percents = [job["percent"] // LINE_EVERY_PERCENT * LINE_EVERY_PERCENT for job in status["running"]]
    running = " and ".join(f"a job at {percent} %" for percent in percents) or "nothing"
    playback, tracks = status["playback"], status["tracks"]
    track = f" {playback['track_id']}" if playback["state"] != "stopped" else ""
    return (
        f"running {running}, queue {status['queue']['length']}, {playback['state']}{track}, "
        f"radio {status['radio']['state']}, {tracks['count']} tracks ({size(tracks['bytes'])})"
    )
