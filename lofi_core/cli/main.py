"""What does `lofi-core` do with its arguments, and what does it say when something goes wrong?"""

from __future__ import annotations

import importlib
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

import lofi_core
from lofi_core.cli.options import Globals, Group
from lofi_core.cli.output import clean
from lofi_core.errors import InternalError, LofiError

if TYPE_CHECKING:
    from collections.abc import Sequence

EXIT_REFUSED = 1
EXIT_NO_DAEMON = 3
EXIT_INTERRUPTED = 130

# In the order that --help shows them. A command's file is imported when it is asked for.
COMMANDS = {
    "generate": "generate",
    "play": "play",
    "pause": "play",
    "stop": "play",
    "skip": "play",
    "seek": "play",
    "volume": "play",
    "playlist": "playlist",
    "radio": "radio",
    "devices": "play",
    "status": "status",
    "queue": "queue",
    "cancel": "queue",
    "tracks": "tracks",
    "reproduce": "reproduce",
    "backends": "backends",
    "pull": "pull",
    "rm": "pull",
    "load": "load",
    "unload": "load",
    "models": "models",
    "config": "config",
    "logs": "logs",
    "doctor": "doctor",
    "serve": "serve",
    "shutdown": "serve",
    "completion": "completion",
}


class _LazyGroup(Group):
    """Imports a command's file when the command is asked for."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's signature
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        if cmd_name not in COMMANDS:
            return None
        module = importlib.import_module(f"lofi_core.cli.{COMMANDS[cmd_name]}")
        command: click.Command = getattr(module, cmd_name)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002
        """As click does, from a table: asking each command would import them all."""
        from lofi_core.cli.summaries import SUMMARIES

        room = formatter.width - 6 - max(map(len, COMMANDS))  # as click reckons
        shown = [click.Command(name, help=SUMMARIES[name]) for name in COMMANDS]
        with formatter.section("Commands"):
            formatter.write_dl(
                [
                    (name, command.get_short_help_str(room))
                    for name, command in zip(COMMANDS, shown, strict=True)
                ]
            )

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """As click does, with a suggestion for a misspelt name."""
        from lofi_core.suggest import suggestion

        if args and args[0] not in COMMANDS and not args[0].startswith("-"):
            close = suggestion(args[0], COMMANDS) or "lofi-core --help lists the commands"
            raise click.UsageError(f"there is no command {clean(args[0])!r}; {close}", ctx)
        return super().resolve_command(ctx, args)


@click.group(
    cls=_LazyGroup,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog="The options above may also follow the command.",
)
@click.version_option(lofi_core.__version__, prog_name="lofi-core", message="%(prog)s %(version)s")
def cli() -> None:
    """Make music from a sentence, on this machine.

    \b
    lofi-core generate "rainy night, jazzy rhodes, 75 bpm" -o rain.flac
    """  # noqa: D301 - the mark is click's, for lines that stay as they are


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command line.

    Returns:
        0 done, 1 the daemon or a value said no, 2 bad usage, 3 no daemon, 130 interrupted.
    """
    _fill_closed_streams()
    # Prompts are in any language, terminals are not.
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")
    options = Globals()
    try:
        result = cli.main(arguments, prog_name="lofi-core", standalone_mode=False, obj=options)
        sys.stdout.flush()
    except (Exception, KeyboardInterrupt) as error:  # noqa: BLE001 - the one place where errors become messages
        return _told(error, with_traceback=options.verbose)
    return result if isinstance(result, int) else 0


def _fill_closed_streams() -> None:
    """Put something where a shell closed a standard stream, or the next file we open takes its number."""
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:
            stream = Path(os.devnull).open(mode, encoding="utf-8")  # noqa: SIM115 - open to our end
            setattr(sys, name, stream)


def _told(error: BaseException, *, with_traceback: bool) -> int:
    """Tell the user, and say which exit status that is."""
    match error:
        case click.ClickException():
            error.show()
            return error.exit_code
        case LofiError():
            from lofi_core.rpc.client import NoDaemon  # what asked no daemon did without the client

            if error.code == "INVALID_BACKEND":
                from lofi_core.cli.later_backend import with_what_is_here

                error = with_what_is_here(error)
            click.echo(clean(error.text(), keep="\n"), err=True)
            return EXIT_NO_DAEMON if isinstance(error, NoDaemon) else EXIT_REFUSED
        case KeyboardInterrupt() | click.Abort():
            click.echo("interrupted", err=True)
            return EXIT_INTERRUPTED
        case BrokenPipeError():
            # Whoever read us has seen enough; the interpreter's own last flush must not complain either.
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            return EXIT_REFUSED
        case OSError():
            place = f": {error.filename}" if error.filename else ""
            click.echo(clean(f"SYSTEM_ERROR: {error.strerror or error}{place}"), err=True)
            return EXIT_REFUSED
        case _:
            return _told_of_bug(error, with_traceback=with_traceback)


def _told_of_bug(error: BaseException, *, with_traceback: bool) -> int:
    hint = "report it"
    if with_traceback:
        import traceback

        traceback.print_exception(error)
    else:
        hint = "run it again with --verbose, and report what that shows"
    problem = InternalError(f"{type(error).__name__}: {error}", hint)
    click.echo(clean(problem.text(), keep="\n"), err=True)
    return EXIT_REFUSED
