"""How is what plays begun, held, left and made louder?"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from lofi_core.cli.find_track import find_track
from lofi_core.cli.options import Command, Globals, pass_globals
from lofi_core.cli.output import clean, clock, print_json, print_table
from lofi_core.rpc.client import Client

if TYPE_CHECKING:
    from collections.abc import Sequence


@click.command(cls=Command)
@click.argument("track", nargs=-1)
@click.option("--detach", is_flag=True, help="Return at once; without it a terminal shows what plays.")
@click.option("--no-autostart", is_flag=True, help="Exit with 3 when the daemon is not running.")
@pass_globals
def play(options: Globals, *, track: tuple[str, ...], detach: bool, no_autostart: bool) -> None:
    """Play TRACK: its id, or words of its prompt or title. Without one, go on.

    On a terminal a line shows what plays, and takes keys: space pauses, n is the next track, + and - the
    volume, q leaves, and the music goes on.
    """
    from lofi_core.cli.connect import connect
    from lofi_core.cli.now_playing import can_show, show_what_plays

    shows = not detach and not options.json and can_show()
    with connect(options.settings(), autostart=not no_autostart, verbose=options.verbose) as client:
        if shows:
            client.call("subscribe", events=["playback_", "volume_"])
        answer = client.call("play", **({"track_id": find_track(client, track)} if track else {}))
        if shows:
            show_what_plays(client)
        else:
            _tell_state(client, answer, as_json=options.json)


@click.command(cls=Command)
@pass_globals
def pause(options: Globals) -> None:
    """Hold the sound where it is; `lofi-core play` goes on."""
    _simple(options, "pause")


@click.command(cls=Command)
@pass_globals
def stop(options: Globals) -> None:
    """Go silent. The track begins anew the next time."""
    _simple(options, "stop")


@click.command(cls=Command)
@pass_globals
def skip(options: Globals) -> None:
    """Go to the next track of the playlist."""
    _simple(options, "skip")


@click.command(cls=Command)
@click.argument("position", metavar="POSITION")
@pass_globals
def seek(options: Globals, position: str) -> None:
    """Go to POSITION in the track: seconds, or minutes as in 1:30."""
    with Client(options.socket_path()) as client:
        answer = client.call("seek", position_sec=_position_sec(position))
    if options.json:
        print_json(answer)
    else:
        click.echo(f"at {clock(answer['position_sec'])}")


@click.command(cls=Command)
@click.argument("level", required=False)
@pass_globals
def volume(options: Globals, level: str | None) -> None:
    """Show the volume, or set it to LEVEL: 0 to 1, or 0% to 100%."""
    wanted = None if level is None else _level(level)
    with Client(options.socket_path()) as client:
        answer = client.call("volume_get") if wanted is None else client.call("volume_set", level=wanted)
    if options.json:
        print_json(answer)
    else:
        click.echo(f"{answer['level']:.0%}")


@click.command(cls=Command)
@click.option("--use", metavar="DEVICE", help="Play on this one: its name, its id, or `default`.")
@pass_globals
def devices(options: Globals, *, use: str | None) -> None:
    """List what there is to play on."""
    with Client(options.socket_path()) as client:
        if use is not None:
            answer = client.call("audio_device_set", device=use)
        else:
            answer = client.call("audio_devices")
    if options.json:
        print_json(answer)
    elif use is not None:
        click.echo(f"playing on {clean(answer['current'])}")
    else:
        _print_devices(answer)


def _simple(options: Globals, method: str) -> None:
    with Client(options.socket_path()) as client:
        _tell_state(client, client.call(method), as_json=options.json)


def _tell_state(client: Client, answer: dict[str, Any], *, as_json: bool) -> None:
    if as_json:
        print_json(answer)
        return
    now = client.call("playlist_get")
    words = {"stopped": "silent"}.get(answer["state"], answer["state"])
    if answer["state"] == "stopped" or now["position"] is None:
        click.echo(clean(words))
        return
    track = now["tracks"][now["position"]]
    click.echo(clean(f"{words}: {track.get('title') or track['prompt']}"))


def _position_sec(text: str) -> float:
    """Seconds of `90`, `1:30` or `1:02:03.5`."""
    parts: Sequence[str] = text.split(":")
    try:
        return sum(float(part) * 60.0**power for power, part in enumerate(reversed(parts)))
    except ValueError:
        raise click.BadParameter(
            f"{text!r} is no place; give seconds, or 1:30", param_hint="POSITION"
        ) from None


def _level(text: str) -> float:
    """0.4 of `0.4` or `40%`."""
    try:
        return float(text.removesuffix("%")) / (100 if text.endswith("%") else 1)
    except ValueError:
        raise click.BadParameter(f"{text!r} is no level; give 0.4, or 40%", param_hint="LEVEL") from None


def _print_devices(answer: dict[str, Any]) -> None:
    if not answer["available"]:
        click.echo("no audio device")
        return
    current = answer["current"]
    rows = [("*" if current in d.values() else "", d["name"], d["id"]) for d in answer["available"]]
    print_table(("", "name", "id"), rows)
