"""How does the daemon look on a whole screen?"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from rich.console import Group
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from lofi_core.cli.output import clean, clock, eta, seconds, size

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rich.console import RenderableType

    from lofi_core.cli.watch.seen import Seen

BAR_WIDTH = 24
# Rows that are not the queue's, so that it takes what is left of the height.
OTHER_ROWS = 14
FEWEST_WAITING = 3


def screen(seen: Seen, height: int) -> RenderableType:
    """All there is to see, in so many rows."""
    now = time.monotonic()
    if seen.status is None:
        return Group(*_no_daemon(seen, now))
    table = Table.grid(padding=(0, 2), expand=True)
    table.add_column(style="dim", no_wrap=True)
    table.add_column(ratio=1)
    for name, shown in _rows(seen, seen.status, now, max(height - OTHER_ROWS, FEWEST_WAITING)):
        table.add_row(name, shown)
    return Group(_head(seen.status, now - seen.since), Text(), table)


def _no_daemon(seen: Seen, now: float) -> Iterator[Text]:
    if seen.trouble is None:
        yield Text("looking for the daemon …")
        return
    yield Text(clean(seen.trouble.message), style="bold")
    if seen.trouble.hint:
        yield Text(clean(seen.trouble.hint))
    yield Text()
    yield Text(
        f"no daemon for {seconds(now - seen.since)}; looked for every second    [q] leaves", style="dim"
    )


def _head(status: dict[str, Any], since_sec: float) -> Text:
    up = seconds(status["uptime_sec"] + since_sec)
    clients = status["clients"] - 1  # not the one that looks
    others = f"{clients or 'no'} other client{'' if clients == 1 else 's'}"
    head = Text(f"lofi-core {clean(status['version'])}", style="bold")
    return head.append(f"  pid {status['pid']}, up {up}, {others}    [q] leaves", style="not bold dim")


def _rows(
    seen: Seen, status: dict[str, Any], now: float, most_waiting: int
) -> Iterator[tuple[str, RenderableType]]:
    for job in status["running"]:
        yield "running", _running(seen, job, now)
    if not status["running"]:
        yield "running", Text("nothing")
    yield from _waiting(seen.waiting, status["queue"], most_waiting)
    yield "", Text()
    yield "playing", _playing(seen, status["playback"], now)
    yield "radio", _line(_radio(status["radio"]))
    yield "", Text()
    models = (
        f"{model['backend']} {size(model['resident_bytes'])}{_apart(model)}" for model in status["models"]
    )
    yield "models", _line(", ".join(models) or "none in memory")
    yield "tracks", _line(f"{status['tracks']['count']}, {size(status['tracks']['bytes'])}")
    yield "memory", _line(size(status["rss_bytes"]))
    yield "device", _line(status["device"])
    told = (f"{backend['name']} ({backend['status']})" for backend in status["backends"])
    yield "backends", _line(", ".join(told))


def _running(seen: Seen, job: dict[str, Any], now: float) -> RenderableType:
    stage = seen.stages.get(job["job_id"], "")
    left = eta(seen.eta_sec(job, now))
    told = "  ".join(filter(None, (f"{job['percent']} %", clean(stage), left, clean(job["prompt"]))))
    return _barred(job["percent"] / 100, told)


def _waiting(
    waiting: dict[str, Any], queue: dict[str, Any], most: int
) -> Iterator[tuple[str, RenderableType]]:
    jobs = [
        *(f"{job['position']}. {_urgent(job)}{job['prompt']}" for job in waiting["pending"]),
        *(f"paused at {job['percent']} %: {job['prompt']}" for job in waiting["paused"]),
    ]
    yield "queue", _line(f"{queue['length']} of {queue['capacity']}")
    shown = jobs if len(jobs) <= most else jobs[: most - 1]
    for job in shown:
        yield "", _line(job)
    if len(shown) < len(jobs):
        yield "", _line(f"and {len(jobs) - len(shown)} more")


def _urgent(job: dict[str, Any]) -> str:
    return "(high) " if job["priority"] == "high" else ""


def _playing(seen: Seen, playback: dict[str, Any], now: float) -> RenderableType:
    volume = f"volume {playback['volume']:.0%}"
    if playback["state"] == "stopped":
        return _line(f"nothing, {volume}")
    at, length = seen.position_sec(now), playback["duration_sec"] or 0.0
    name = seen.names.get(playback["track_id"], playback["track_id"])
    told = f"{playback['state']}  {clock(at)} / {clock(length)}  {volume}  {clean(name)}"
    return _barred(at / length if length else 0.0, told)


def _radio(radio: dict[str, Any]) -> str:
    if radio["state"] == "off":
        return "off"
    parts = (radio["state"], radio["title"], radio["source"], radio["held"])
    return ", ".join(filter(None, parts))


def _apart(model: dict[str, Any]) -> str:
    where = model.get("provider") or model["device"]
    return f" ({where}{', in a process of its own' if model.get('pid') else ''})"


def _barred(fraction: float, told: str) -> RenderableType:
    row = Table.grid(padding=(0, 2), expand=True)
    row.add_column(width=BAR_WIDTH)
    row.add_column(ratio=1)
    row.add_row(ProgressBar(total=1.0, completed=min(fraction, 1.0), width=BAR_WIDTH), _line(told))
    return row


def _line(told: str) -> Text:
    return Text(clean(told), no_wrap=True, overflow="ellipsis")
