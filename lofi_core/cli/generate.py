"""How does a sentence on the command line become a track?"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from lofi_core.cli.options import NAMED_PATH, Command, Globals, pass_globals
from lofi_core.cli.output import clean, print_json
from lofi_core.cli.target import FORMATS, wanted_target

if TYPE_CHECKING:
    from contextlib import AbstractContextManager
    from pathlib import Path

    from lofi_core.cli.progress import ProgressView
    from lofi_core.cli.target import Target
    from lofi_core.rpc.client import Client


@click.command(cls=Command)
@click.argument("prompt")
@click.option("-d", "--duration", type=float, metavar="SEC", help="Length in seconds. Default: 30.")
@click.option("-b", "--backend", metavar="NAME", help="What makes it: see `lofi-core backends`.")
@click.option(
    *("-o", "--output"),
    type=NAMED_PATH,
    metavar="FILE",
    help="Also write it here. A directory: a file in it, named after the prompt.",
)
@click.option("--force", is_flag=True, help="Replace an output that is there.")
@click.option(
    "--format", "format_", type=click.Choice(FORMATS), help="Of the output, in place of its suffix."
)
@click.option("--seed", type=int, metavar="N", help="0 to 4294967295; the same seed makes the same track.")
@click.option("--title", help="A name for the library.")
@click.option(
    "--priority",
    type=click.Choice(["normal", "high"]),
    default="normal",
    show_default=True,
    help="A high one pauses a normal one that runs.",
)
@click.option("--no-cache", is_flag=True, help="Make it again, even when it is in the library.")
@click.option(
    *("-O", "--option", "given"),
    multiple=True,
    metavar="KEY=VALUE",
    help="An option of the backend. As often as needed.",
)
@click.option("--play", "play_", is_flag=True, help="Play it, while it is made where that goes.")
@click.option("--steps", type=int, metavar="N", help="Inference steps, where the backend has them.")
@click.option("--scheduler", metavar="NAME", help="Scheduler, where the backend has them.")
@click.option("--guidance", type=float, metavar="G", help="Guidance scale, where the backend has one.")
@click.option("--explain", is_flag=True, help="Tell what is understood of PROMPT, and make nothing.")
@click.option("--no-daemon", is_flag=True, help="Make it in this process.")
@click.option("--no-autostart", is_flag=True, help="Do not start the daemon when it is not running.")
@pass_globals
def generate(
    options: Globals,
    /,
    *,
    prompt: str,
    output: Path | None,
    force: bool,
    format_: str | None,
    given: tuple[str, ...],
    no_daemon: bool,
    no_autostart: bool,
    **rest: Any,
) -> int:
    """Make a track from PROMPT and keep it in the library."""
    plays: bool = rest.pop("play_")
    explains: bool = rest.pop("explain")
    settings = options.settings()
    request = _request(prompt, **rest)
    if explains:
        from lofi_core.cli.explain import explain_request

        if output is not None or plays:
            raise click.UsageError("--explain makes nothing; leave --output and --play out")
        explain_request(settings, request, given, as_json=options.json)
        return 0
    target = wanted_target(settings, output, format_, prompt, force=force)
    if plays and no_daemon:
        raise click.UsageError("--play needs the daemon, which plays; leave --no-daemon out")
    if no_daemon:
        from lofi_core.cli.generate_here import generate_here

        complete, exported = generate_here(settings, request, given, target, quiet=options.json)
    else:
        from lofi_core.cli.connect import connect
        from lofi_core.cli.generate_there import generate_there
        from lofi_core.cli.play_while_made import LeftError

        with connect(settings, autostart=not no_autostart, verbose=options.verbose) as client:
            if plays:
                client.call("subscribe", events=["playback_", "volume_"])
                request["play"] = True
            ends: list[dict[str, Any]] = []
            viewed = _viewed(client, target, plays=plays, quiet=options.json)
            try:
                complete, exported = generate_there(client, request, given, target, ends, viewed)
            except LeftError:
                click.echo("the track goes on being made, and is heard", err=True)
                return 0
            _report(complete, exported, as_json=options.json)
            if plays:
                _play(client, complete["track_id"], ends, shows=not options.json)
            return 0
    _report(complete, exported, as_json=options.json)
    return 0


def _viewed(
    client: Client, target: Target | None, *, plays: bool, quiet: bool
) -> AbstractContextManager[ProgressView]:
    """What shows the job: with what plays and keys on a terminal, when the track is to be heard."""
    from lofi_core.cli.now_playing import can_show
    from lofi_core.cli.play_while_made import made_and_played
    from lofi_core.cli.progress import progress_view

    if plays and not quiet and can_show():
        return made_and_played(client, may_leave=target is None)
    return progress_view(quiet=quiet)


def _play(client: Client, track_id: str, ends: list[dict[str, Any]], *, shows: bool) -> None:
    """See that the track is heard, and show it on a terminal."""
    from lofi_core.cli.now_playing import can_show, show_what_plays
    from lofi_core.cli.play_made import see_that_it_plays

    if not see_that_it_plays(client, track_id, ends):
        click.echo("it plays after the current track", err=True)
    elif shows and can_show():
        show_what_plays(client)


def _request(  # noqa: PLR0913 - one for each option
    prompt: str,
    *,
    duration: float | None,
    backend: str | None,
    seed: int | None,
    title: str | None,
    priority: str,
    no_cache: bool,
    steps: int | None,
    scheduler: str | None,
    guidance: float | None,
) -> dict[str, Any]:
    """The params of `generate`, without those that were not given."""
    params = {
        "prompt": prompt,
        "duration_sec": duration,
        "backend": backend,
        "seed": seed,
        "title": title,
        "priority": priority,
        "cache": not no_cache,
        "inference_steps": steps,
        "scheduler": scheduler,
        "guidance_scale": guidance,
    }
    return {name: value for name, value in params.items() if value is not None}


def _report(complete: dict[str, Any], exported: dict[str, Any] | None, *, as_json: bool) -> None:
    if as_json:
        print_json(complete if exported is None else complete | {"exported": exported})
        return
    click.echo(clean(exported["path"] if exported else complete["path"]))
    length = f"{complete['duration_sec']:.1f} s of music"
    made = "from the cache" if complete["cached"] else f"in {complete['generation_time_sec']:.1f} s"
    click.echo(
        f"{length} {made}, seed {complete['seed']}, {complete['backend']}, track {complete['track_id']}"
    )
