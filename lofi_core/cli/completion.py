"""How does a shell learn to complete our commands?"""

from __future__ import annotations

import click

from lofi_core.cli.options import Command, Globals, pass_globals
from lofi_core.cli.output import print_json

SHELLS = ("bash", "zsh", "fish")


@click.command(cls=Command)
@click.argument("shell", type=click.Choice(SHELLS))
@pass_globals
@click.pass_context
def completion(ctx: click.Context, options: Globals, shell: str) -> None:
    """Print a completion script for SHELL.

    \b
    bash: eval "$(lofi-core completion bash)"    in ~/.bashrc
    zsh:  eval "$(lofi-core completion zsh)"     in ~/.zshrc
    fish: lofi-core completion fish | source     in ~/.config/fish/config.fish
    """  # noqa: D301 - the mark is click's, for lines that stay as they are
    from click.shell_completion import get_completion_class

    complete = get_completion_class(shell)
    if complete is None:
        raise click.UsageError(f"click has no completion for {shell}")
    script = complete(ctx.find_root().command, {}, "lofi-core", "_LOFI_CORE_COMPLETE").source()
    if options.json:
        print_json({"shell": shell, "script": script})
    else:
        click.echo(script)
