"""What is in the library, and how does a track leave it?"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from lofi_core.cli.options import NAMED_PATH, Command, Globals, Group, pass_globals
from lofi_core.cli.output import clean, print_fields, print_json, print_table, size
from lofi_core.cli.target import FORMATS, choose_target, export
from lofi_core.rpc.client import Client

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@click.group(cls=Group)
def tracks() -> None:
    """List, show, export, delete and mark the tracks that were made."""


@tracks.command("list", cls=Command)
@click.option(
    "-n", "--limit", type=int, default=20, show_default=True, help="So many, newest first (1 to 100)."
)
@click.option("--offset", type=int, default=0, help="After so many.")
@click.option("-q", "--query", metavar="TEXT", help="Only those with TEXT in prompt or title.")
@click.option("--favourite", is_flag=True, help="Only those marked with `tracks fav`.")
@pass_globals
def list_(options: Globals, *, limit: int, offset: int, query: str | None, favourite: bool) -> None:
    """List tracks, newest first."""
    wanted: dict[str, Any] = {"limit": limit, "offset": offset}
    if query is not None:
        wanted["query"] = query
    if favourite:
        wanted["favourite"] = True
    with Client(options.socket_path()) as client:
        answer = client.call("tracks_list", **wanted)
    if options.json:
        print_json(answer)
        return
    if not answer["tracks"]:
        click.echo(
            "no tracks" if not answer["total"] else f"none of the {answer['total']} tracks is on this page"
        )
        return
    print_table(
        ("track", "", "length", "title or prompt"), [_row(track) for track in answer["tracks"]], ("length",)
    )
    click.echo(f"{len(answer['tracks'])} of {answer['total']}")


def _row(track: dict[str, Any]) -> tuple[str, str, str, str]:
    mark = "*" if track["favourite"] else ""
    return track["track_id"], mark, f"{track['duration_sec']:.1f} s", track.get("title") or track["prompt"]


@tracks.command(cls=Command)
@click.argument("track_id")
@pass_globals
def show(options: Globals, track_id: str) -> None:
    """Show all that is known of a track."""
    with Client(options.socket_path()) as client:
        track = client.call("tracks_get", track_id=track_id)
    if options.json:
        print_json(track)
    else:
        print_fields(_fields(track))


def _fields(track: dict[str, Any]) -> Iterator[tuple[str, str]]:
    channels = "stereo" if track["channels"] == 2 else "mono"
    yield "track", track["track_id"]
    yield "path", track["path"]
    if track.get("title"):
        yield "title", track["title"]
    yield "prompt", track["prompt"]
    yield "length", f"{track['duration_sec']:.3f} s"
    yield (
        "sound",
        f"{track['sample_rate'] / 1000:g} kHz {channels}, {track['format']}, {size(track['size_bytes'])}",
    )
    if track["loudness_lufs"] is not None:
        yield "loudness", f"{track['loudness_lufs']:.1f} LUFS"
    if track["true_peak_dbtp"] is not None:
        yield "true peak", f"{track['true_peak_dbtp']:.1f} dBTP"
    yield "seed", str(track["seed"])
    yield "backend", f"{track['backend']} ({track['model_version']})"
    set_options = {name: value for name, value in track["options"].items() if value is not None}
    for name, value in set_options.items():
        yield f"  {name}", str(value)
    yield "made", f"{track['created_at']}, in {track['generation_time_sec']:.1f} s"
    yield "favourite", "yes" if track["favourite"] else "no"


@tracks.command("export", cls=Command)
@click.argument("track_id")
@click.argument("output", type=NAMED_PATH, metavar="PATH")
@click.option("--format", "format_", type=click.Choice(FORMATS), help="In place of what the suffix says.")
@click.option("--force", is_flag=True, help="Replace a file that is there.")
@pass_globals
def export_(options: Globals, track_id: str, output: Path, *, format_: str | None, force: bool) -> None:
    """Write a copy of a track to PATH: a file, or a directory for a file named after the track."""
    with Client(options.socket_path()) as client:
        track = client.call("tracks_get", track_id=track_id)
        name = track.get("title") or track["prompt"]
        target = choose_target(output, format_, name, options.settings().paths.data, force=force)
        answer = export(client, track_id, target)
    if options.json:
        print_json(answer)
    else:
        click.echo(f"{clean(answer['path'])} ({size(answer['size_bytes'])})")


@tracks.command(cls=Command)
@click.argument("track_id")
@pass_globals
def rm(options: Globals, track_id: str) -> int:
    """Delete a track, file and all."""
    with Client(options.socket_path()) as client:
        answer = client.call("tracks_delete", track_id=track_id)
    if options.json:
        print_json(answer)
    else:
        click.echo(
            f"deleted {clean(track_id)}" if answer["deleted"] else f"{clean(track_id)} was not deleted"
        )
    return 0 if answer["deleted"] else 1


@tracks.command(cls=Command)
@click.argument("track_id")
@click.option("--off", is_flag=True, help="Take the mark away.")
@pass_globals
def fav(options: Globals, track_id: str, *, off: bool) -> None:
    """Mark a track as a favourite."""
    with Client(options.socket_path()) as client:
        track = client.call("tracks_update", track_id=track_id, favourite=not off)
    if options.json:
        print_json(track)
    else:
        click.echo(f"{clean(track_id)} is {'a' if track['favourite'] else 'no'} favourite")
