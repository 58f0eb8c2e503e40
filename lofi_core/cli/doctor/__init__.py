"""Does everything work, and where it does not, what is to be done?"""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from lofi_core.cli.options import Command, Globals, pass_globals
from lofi_core.cli.output import clean, print_json

if TYPE_CHECKING:
    from lofi_core.cli.doctor.finding import Finding

COLOURS = {"ok": "green", "warning": "yellow", "problem": "red"}


@click.command(cls=Command)
@click.option("--quick", is_flag=True, help="Leave out the track that is made to the clock.")
@pass_globals
def doctor(options: Globals, *, quick: bool) -> int:
    """Check every moving part and say what to do. Starts no daemon, changes nothing.

    The exit status is 1 when there is a problem; a warning is none.
    """
    from lofi_core.cli.doctor.examine import examine

    found: list[Finding] = []
    for finding in examine(options, quick=quick):
        found.append(finding)
        if not options.json:
            label = click.style(f"{finding.status:<7}", fg=COLOURS[finding.status])
            click.echo(f"{label}  {clean(finding.area)}: {clean(finding.text)}")
            if finding.remedy:
                click.echo(f"         hint: {clean(finding.remedy)}")
    counts = {status: sum(finding.status == status for finding in found) for status in COLOURS}
    if options.json:
        print_json({"ok": not counts["problem"], "findings": [finding._asdict() for finding in found]})
    else:
        problems, warnings = (_number(counts[status], status) for status in ("problem", "warning"))
        click.echo(f"\n{problems}{', ' + warnings if counts['warning'] else ''}")
    return 1 if counts["problem"] else 0


def _number(count: int, word: str) -> str:
    return f"{count or 'no'} {word}{'' if count == 1 else 's'}"
