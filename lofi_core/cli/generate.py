"""How does a sentence on the command line become a track?"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from lofi_core.cli.options import Command, Globals, pass_globals
from lofi_core.cli.output import clean, print_json
from lofi_core.cli.target import FORMATS, choose_target

if TYPE_CHECKING:
    from lofi_core.cli.target import Target
    from lofi_core.config import Settings


@click.command(cls=Command)
@click.argument("prompt")
@click.option("-d", "--duration", type=float, metavar="SEC", help="Length in seconds. Default: 30.")
@click.option("-b", "--backend", metavar="NAME", help="What makes it: see `lofi-core backends`.")
@click.option(
    *("-o", "--output"),
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Also write it here. A directory: a file in it, named after the prompt.",
)
@click.option("--force", is_flag=True, help="Replace an output that is there.")
@click.option("--format", "format_", type=click.Choice(FORMATS), help="Of the output, in place of its suffix.")
@click.option("--seed", type=int, metavar="N", help="0 to 4294967295; the same seed makes the same track.")
@click.option("--title", help="A name for the library.")
@click.option("--priority", type=click.Choice(["normal", "high"]), default="normal", show_default=True)
@click.option("--no-cache", is_flag=True, help="Make it again, even when it is in the library.")
@click.option(
    *("-O", "--option", "given"),
    multiple=True,
    metavar="KEY=VALUE",
    help="An option of the backend. As often as needed.",
)
@click.option("--steps", type=int, metavar="N", help="Inference steps, where the backend has them.")
@click.option("--scheduler", metavar="NAME", help="Scheduler, where the backend has them.")
@click.option("--guidance", type=float, metavar="G", help="Guidance scale, where the backend has one.")
@click.option("--no-daemon", is_flag=True, help="Make it in this process.")
@click.option("--no-autostart", is_flag=True, help="Do not start the daemon when it is not running.")
@pass_globals
def generate(  # noqa: PLR0913 - one for each option
    options: Globals,
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
    settings = options.settings()
    target = _target(settings, output, format_, prompt, force=force)
    request = _request(prompt, **rest)
    if no_daemon:
        from lofi_core.cli.generate_here import generate_here

        complete, exported = generate_here(settings, request, given, target, quiet=options.json)
    else:
        from lofi_core.cli.connect import connect
        from lofi_core.cli.generate_there import generate_there

        with connect(settings, autostart=not no_autostart, verbose=options.verbose) as client:
            complete, exported = generate_there(client, request, given, target, quiet=options.json)
    _report(complete, exported, as_json=options.json)
    return 0
