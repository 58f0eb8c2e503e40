"""What is the daemon doing?"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from lofi_core.cli.options import Command, Globals, pass_globals
from lofi_core.cli.output import clock, eta, eta_accuracy, print_fields, print_json, seconds, silence, size
from lofi_core.rpc.client import Client

if TYPE_CHECKING:
    from collections.abc import Iterator


@click.command(cls=Command)
@click.option("--watch", is_flag=True, help="Go on showing it, until q or Ctrl-C.")
@click.option("--metrics", is_flag=True, help="Print numbers for Prometheus instead.")
@pass_globals
def status(options: Globals, *, watch: bool, metrics: bool) -> None:
    """Show what the daemon is doing. Does not start it."""
    if watch:
        if metrics or options.json:
            raise click.UsageError(f"--watch shows a screen, and --{'metrics' if metrics else 'json'} none")
        from lofi_core.cli.watch.loop import watch as go_on

        go_on(options.socket_path())
        return
    with Client(options.socket_path()) as client:
        answer = client.call("metrics" if metrics else "status")
    if metrics and not options.json:
        click.echo(answer["text"], nl=False)
    elif options.json:
        print_json(answer)
    else:
        print_fields(_fields(answer))


def _fields(answer: dict[str, Any]) -> Iterator[tuple[str, str]]:
    queue, tracks = answer["queue"], answer["tracks"]
    loop = f", on {answer['event_loop']}" if "event_loop" in answer else ""
    up = seconds(answer["uptime_sec"])
    yield "daemon", f"lofi-core {answer['version']}, pid {answer['pid']}, up {up}{loop}"
    yield "socket", answer["socket"]
    for job in answer["running"]:
        left = eta(job["eta_sec"])
        silent = silence(job)
        yield "running", f"{job['percent']} %{', ' + left if left else ''}{silent}: {job['prompt']}"
    if not answer["running"]:
        yield "running", "nothing"
    paused = f", {queue['paused']} paused" if queue["paused"] else ""
    yield "playing", _playing(answer["playback"])
    yield "queue", f"{queue['length']} of {queue['capacity']}{paused}"
    yield "backends", ", ".join(f"{backend['name']} ({backend['status']})" for backend in answer["backends"])
    yield "loaded", ", ".join(answer["models_loaded"]) or "no model"
    yield "tracks", f"{tracks['count']}, {size(tracks['bytes'])}{_check(tracks.get('check'))}"
    apart = [model for model in answer.get("models", ()) if model.get("pid")]
    own = (f", and {model['backend']} {size(model['resident_bytes'])} in its own process" for model in apart)
    yield "memory", size(answer["rss_bytes"]) + "".join(own)
    if accuracy := eta_accuracy(answer.get("eta")):
        yield "ETA was", accuracy
    yield "clients", str(answer["clients"])


def _check(check: dict[str, Any] | None) -> str:
    """What is to be known of the comparison of index and files; nothing when they agreed."""
    if not check or check["state"] == "waiting":
        return ""
    if check["state"] == "running":
        anew = f"; the index was damaged and is made anew, {check['percent']} %"
        return anew if check["rebuilding"] else ""
    if check["state"] == "failed":
        return "; index and files could not be compared, the log says why"
    if check["rebuilding"]:
        return "; the index was damaged and was made anew"
    found = {"taken back": check["taken_back"], "dropped": check["dropped"], "set aside": check["set_aside"]}
    told = ", ".join(f"{count} {what}" for what, count in found.items() if count)
    return f"; at the start {told}" if told else ""


def _playing(playback: dict[str, Any]) -> str:
    if playback["state"] == "stopped":
        return "nothing"
    place = f"{clock(playback['position_sec'])} of {clock(playback['duration_sec'] or 0)}"
    held = "" if playback["state"] == "playing" else f", {playback['state']}"
    return f"track {playback['track_id']}, {place}{held}, volume {playback['volume']:.0%}"
