"""How does a model get into memory before it is needed, and out of it again?"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from lofi_core.cli.options import Command, Globals, pass_globals
from lofi_core.cli.output import clean, print_json
from lofi_core.errors import ERRORS, InternalError
from lofi_core.rpc.client import Client

if TYPE_CHECKING:
    from lofi_core.rpc.client import Notification

LINE_EVERY_PERCENT = 20


@click.command(cls=Command)
@click.argument("name", metavar="NAME")
@click.option("--no-autostart", is_flag=True, help="Exit with 3 when the daemon is not running.")
@pass_globals
def load(options: Globals, name: str, *, no_autostart: bool) -> None:
    """Load the model of a backend, and wait until it is in memory."""
    from lofi_core.cli.connect import connect

    settings = options.settings()
    with connect(settings, autostart=not no_autostart, verbose=options.verbose) as client:
        client.call("subscribe", events=["backend_status"])
        answer = client.call("load_backend", backend=name)
        if answer["status"] == "loading":
            answer = {"status": _wait(client, name)}
    if options.json:
        print_json(answer)
    elif answer["status"] == "loaded":
        click.echo(f"{clean(name)} is loaded")
    else:
        click.echo(f"{clean(name)} has nothing to load")


@click.command(cls=Command)
@click.argument("name", metavar="NAME")
@pass_globals
def unload(options: Globals, name: str) -> None:
    """Drop the model of a backend from memory."""
    with Client(options.socket_path()) as client:
        answer = client.call("unload_backend", backend=name)
    if options.json:
        print_json(answer)
    else:
        click.echo(f"{clean(name)} is not in memory")


def _wait(client: Client, name: str) -> str:
    """Show how far the loader is until the backend is loaded. Ctrl-C leaves the daemon to it."""
    from lofi_core.names import canonical_name

    said = ("", -1)
    while True:
        event = client.next_event()
        if event is None or canonical_name(event.fields.get("backend", "")) != canonical_name(name):
            continue
        fields = event.fields
        _raise_if_failed(event)
        if fields["status"] == "loaded":
            return "loaded"
        said = _say(fields, said)


def _say(fields: dict[str, Any], said: tuple[str, int]) -> tuple[str, int]:
    now = (fields.get("stage", "load"), fields.get("percent", 0) // LINE_EVERY_PERCENT)
    if now != said:
        click.echo(f"{clean(now[0])}: {fields.get('percent', 0)} %", err=True)
    return now


def _raise_if_failed(event: Notification) -> None:
    fields = event.fields
    if "code" in fields:
        raise ERRORS.get(fields["code"], InternalError)(fields["error"], fields.get("hint"))
