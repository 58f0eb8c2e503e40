"""How do model files come and go?"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from lofi_core.cli.interrupts import noted_interrupts
from lofi_core.cli.options import Command, Globals, pass_globals
from lofi_core.cli.output import clean, print_json, size
from lofi_core.errors import ERRORS, InternalError
from lofi_core.names import canonical_name
from lofi_core.rpc.client import Client, ConnectionLost

if TYPE_CHECKING:
    from collections.abc import Callable

    from lofi_core.cli.pull_progress import PullView
    from lofi_core.config import Settings

# How soon Ctrl-C is noticed while no event comes.
POLL_SEC = 0.1


@click.command(cls=Command)
@click.argument("name", metavar="NAME[:VARIANT]")
@click.option("--default", "make_default", is_flag=True, help="Use it from now on where no backend is named.")
@click.option("--no-autostart", is_flag=True, help="Do not start the daemon when it is not running.")
@pass_globals
def pull(options: Globals, name: str, *, make_default: bool, no_autostart: bool) -> None:
    """Download a backend's model files; mend those that are damaged."""
    from lofi_core.cli.connect import connect

    settings = options.settings()
    backend, variant = _split(name)
    with connect(settings, autostart=not no_autostart, verbose=options.verbose) as client:
        answer = _pulled(client, backend, variant, quiet=options.json)
        found = _find(client, backend)
        if make_default:
            answer |= _made_default(settings, client, found, variant)
            found = _find(client, backend)
    if options.json:
        print_json(answer)
        return
    _report(found, answer, named=variant)


@click.command(cls=Command)
@click.argument("name", metavar="NAME[:VARIANT]")
@click.option("--force", is_flag=True, help="Also files that no download put there.")
@pass_globals
def rm(options: Globals, name: str, *, force: bool) -> None:
    """Remove a backend's model files, those that `pull` put there."""
    backend, variant = _split(name)
    with Client(options.socket_path()) as client:
        answer = client.call("remove_model", backend=backend, **_given(variant), force=force)
    if options.json:
        print_json(answer)
        return
    count = len(answer["removed"])
    click.echo(f"removed {count} file{'' if count == 1 else 's'}, {size(answer['freed_bytes'])}")
    for path in answer["kept"]:
        click.echo(clean(f"kept {path}: no download put it there (--force removes it)"))


def _split(name: str) -> tuple[str, str | None]:
    backend, _, variant = name.partition(":")
    return backend, variant or None


def _given(variant: str | None) -> dict[str, str]:
    return {} if variant is None else {"variant": variant}


def _find(client: Client, backend: str) -> dict[str, Any]:
    """What the daemon says of a backend. Empty when it has none of that name."""
    wanted = canonical_name(backend)
    found = client.call("get_backends")["backends"]
    return next((one for one in found if canonical_name(one["type"]) == wanted), {})


def _pulled(client: Client, backend: str, variant: str | None, *, quiet: bool) -> dict[str, Any]:
    """Have the files downloaded and wait until they are there.

    Returns:
        The answer of `download_backend` and the fields of `download_complete`.

    Raises:
        LofiError: it cannot be done.
        KeyboardInterrupt: somebody asked to stop; the daemon knows by then.
    """
    from lofi_core.cli.pull_progress import pull_view

    with pull_view(quiet=quiet) as view, noted_interrupts() as interrupted:
        answer: dict[str, Any] = client.call(
            "download_backend", backend=backend, **_given(variant), verify=True
        )
        if not answer["started"]:
            return answer
        if not quiet and not answer["already_installed"]:
            _say_what_comes(_find(client, backend), answer)
        complete = _completion(client, backend, answer["variant"], view, interrupted)
    if complete is None:
        ended = client.call("download_cancel", backend=backend, variant=answer["variant"])["cancelled"]
        told = "what has come is kept: the same command goes on from there"
        click.echo(told if ended else "others wait for it too: the download goes on", err=True)
        raise KeyboardInterrupt
    return answer | complete


def _say_what_comes(found: dict[str, Any], answer: dict[str, Any]) -> None:
    """How much, where to, and under which licence."""
    variant = answer["variant"]
    chosen = next((one for one in found.get("variants", []) if one["name"] == variant), None)
    if chosen is None:
        return
    much = f", {size(chosen['size_bytes'])}" if chosen["size_bytes"] else ""
    click.echo(clean(f"{found['type']}:{variant}{much}, into {chosen['directory']}"), err=True)
    if answer["licence"]:
        click.echo(clean(f"licence of these files: {answer['licence']}"), err=True)


def _completion(
    client: Client, backend: str, variant: str, view: PullView, interrupted: Callable[[], bool]
) -> dict[str, Any] | None:
    """Show events until everything is there. None when somebody interrupts before that."""
    while not interrupted():
        try:
            event = client.next_event(POLL_SEC)
        except ConnectionLost as error:
            what = "the connection to the daemon broke before everything was there"
            raise ConnectionLost(what, "the same command goes on from what has come") from error
        fields = event.fields if event else {}
        ours = fields.get("variant") == variant and canonical_name(fields["backend"]) == canonical_name(
            backend
        )
        if event is None or not ours:
            continue
        if event.name == "download_complete":
            return fields
        if event.name == "download_error":
            raise ERRORS.get(fields["code"], InternalError)(fields["message"], fields.get("hint"))
        if event.name == "download_progress":
            view.show(fields)
    return None


def _made_default(
    settings: Settings, client: Client, found: dict[str, Any], variant: str | None
) -> dict[str, Any]:
    """Write the choice into the configuration, and tell the daemon that runs."""
    from lofi_core.settings.edit import set_values

    values = {"default_backend": found["type"]}
    if variant is not None:
        values[f"backends.{canonical_name(found['type'])}.variant"] = variant
    set_values(settings.paths.config, values)
    for key in values:
        source = settings.sources.get(key, "default")
        if source.startswith("LOFI_"):
            click.echo(f"{source} is set, and wins over what the configuration file says", err=True)
    chosen = client.call("default_backend_set", backend=found["type"], **_given(variant))
    return {"default_backend": chosen["default_backend"], "config": str(settings.paths.config)}


def _report(found: dict[str, Any], answer: dict[str, Any], *, named: str | None) -> None:
    backend, variant = found["type"], answer["variant"]
    if variant is None:
        click.echo(clean(f"{backend} needs no model files"))
    else:
        what = "is there and intact" if answer["already_installed"] else "is installed"
        where = f" in {answer['directory']}" if "directory" in answer else ""
        click.echo(clean(f"{backend}:{variant} {what}{where}"))
    if named is not None and found["variant"] not in {None, named}:
        key = f"[backends.{canonical_name(backend)}] variant"
        click.echo(clean(f'{found["variant"]} is the one in use; {key} = "{named}" chooses the other'))
    if "default_backend" in answer:
        click.echo(clean(f"{backend} is the default backend now: {answer['config']} says so"))
