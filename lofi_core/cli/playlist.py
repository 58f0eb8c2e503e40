"""What is played after what, and how does one change it?"""

from __future__ import annotations

from typing import Any

import click

from lofi_core.cli.find_track import find_track
from lofi_core.cli.options import Command, Globals, Group, pass_globals
from lofi_core.cli.output import clean, clock, print_json, print_table
from lofi_core.rpc.client import Client


@click.group(cls=Group, invoke_without_command=True)
@click.pass_context
def playlist(ctx: click.Context) -> None:
    """Show the playlist, or change it with a command."""
    if ctx.invoked_subcommand is None:
        _call(ctx.ensure_object(Globals), "playlist_get")


@playlist.command(cls=Command)
@click.argument("track", nargs=-1, required=True)
@click.option(
    "--position",
    type=click.IntRange(min=1),
    metavar="N",
    help="Before the track that is at N; else at the end.",
)
@pass_globals
def add(options: Globals, *, track: tuple[str, ...], position: int | None) -> None:
    """Add TRACK: its id, or words of its prompt or title."""
    with Client(options.socket_path()) as client:
        fields: dict[str, Any] = {"track_id": find_track(client, track)}
        if position is not None:
            fields["position"] = position - 1
        answer = client.call("playlist_add", **fields)
    _show(answer, as_json=options.json)


@playlist.command(cls=Command)
@click.argument("position", type=int, metavar="N")
@pass_globals
def rm(options: Globals, position: int) -> None:
    """Take the track at N out. When it plays, the next one does."""
    with Client(options.socket_path()) as client:
        tracks = client.call("playlist_get")["tracks"]
        _check("N", position, len(tracks))
        answer = client.call("playlist_remove", track_id=tracks[position - 1]["track_id"])
    _show(answer, as_json=options.json)


@playlist.command(cls=Command)
@click.argument("source", type=int, metavar="FROM")
@click.argument("target", type=int, metavar="TO")
@pass_globals
def move(options: Globals, source: int, target: int) -> None:
    """Put the track at FROM to TO."""
    with Client(options.socket_path()) as client:
        count = len(client.call("playlist_get")["tracks"])
        _check("FROM", source, count)
        _check("TO", target, count)
        answer = client.call("playlist_move", **{"from": source - 1, "to": target - 1})
    _show(answer, as_json=options.json)


@playlist.command(cls=Command)
@pass_globals
def clear(options: Globals) -> None:
    """Go silent and empty the list."""
    _call(options, "playlist_clear")


@playlist.command(cls=Command)
@click.option("--shuffle/--no-shuffle", default=None, help="By chance, or in order.")
@click.option("--repeat", type=click.Choice(["off", "one", "all"]), help="Again: not, the track, the list.")
@click.option("--crossfade", type=float, metavar="SEC", help="How long tracks overlap: 0 to 12 seconds.")
@pass_globals
def mode(options: Globals, *, shuffle: bool | None, repeat: str | None, crossfade: float | None) -> None:
    """Choose how the list is played."""
    wanted = {"shuffle": shuffle, "repeat": repeat, "crossfade_sec": crossfade}
    _call(options, "playlist_mode", **{name: value for name, value in wanted.items() if value is not None})


def _check(name: str, position: int, count: int) -> None:
    """People count from 1, the wire from 0: that a number is none of the list is said in theirs."""
    if not 1 <= position <= count:
        has = f"has 1 to {count}" if count else "is empty"
        raise click.BadParameter(f"{position}: the playlist {has}", param_hint=name)


def _call(options: Globals, method: str, **params: Any) -> None:
    with Client(options.socket_path()) as client:
        answer = client.call(method, **params)
    _show(answer, as_json=options.json)


def _show(answer: dict[str, Any], *, as_json: bool) -> None:
    if as_json:
        print_json(answer)
        return
    if answer["tracks"]:
        print_table(("", "", "length", "title or prompt", "track"), _rows(answer), ("", "length"))
    else:
        click.echo("the playlist is empty")
    order = "shuffled" if answer["shuffle"] else "in order"
    repeat = clean(answer["repeat"])
    click.echo(f"{order}, repeat {repeat}, crossfade {answer['crossfade_sec']:g} s")


def _rows(answer: dict[str, Any]) -> list[tuple[str, ...]]:
    return [
        (
            str(number + 1),
            ">" if number == answer["position"] else "",
            clock(track["duration_sec"]),
            track.get("title") or track["prompt"],
            track["track_id"],
        )
        for number, track in enumerate(answer["tracks"])
    ]
