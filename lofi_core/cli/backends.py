"""Which backends are installed, and in what state? And how does one of one's own begin?"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from lofi_core.cli.options import Command, Globals, Group, pass_globals
from lofi_core.cli.output import clean, eta_accuracy, print_json, print_table, size
from lofi_core.rpc.client import Client


@click.group(cls=Group, invoke_without_command=True)
@click.pass_context
def backends(ctx: click.Context) -> None:
    """List the installed backends, broken ones too; or begin your own."""
    if ctx.invoked_subcommand is None:
        _list(ctx.ensure_object(Globals))


@backends.command(cls=Command)
@click.argument("name")
@click.argument(
    "directory",
    required=False,
    type=click.Path(path_type=Path, file_okay=False),
    metavar="[DIR]",
)
@pass_globals
def new(options: Globals, name: str, directory: Path | None) -> None:
    """Write a backend NAME to begin with: its code, a test, and what pip needs. Into lofi-NAME, or DIR."""
    from lofi_core.cli.new_backend import check_name, write_backend

    check_name(name)
    place = directory or Path(f"lofi-{name.replace('_', '-')}")
    files = write_backend(name, place)
    if options.json:
        print_json({"backend": name, "directory": str(place), "files": [str(file) for file in files]})
        return
    for file in files:
        click.echo(clean(str(file)))
    click.echo(
        f"\npip install -e '{clean(str(place))}[test]'\n"
        f"pytest {clean(str(place))}\n"
        f'lofi-core generate "anything" -b {name} -d 10 --no-daemon'
    )


def _list(options: Globals) -> None:
    with Client(options.socket_path()) as client:
        answer = client.call("get_backends")
    if options.json:
        print_json(answer)
        return
    found = answer["backends"]
    default = answer["default_backend"]
    print_table(
        ("name", "status", "makes", "options", "package"),
        [
            (_name(backend, default), backend["status"], _makes(backend), *_details(backend))
            for backend in found
        ],
    )
    _print_models(found)
    for backend in found:
        if accuracy := eta_accuracy(backend.get("eta")):
            click.echo(f"{clean(backend['type'])}: the ETA was {accuracy}")
        if backend["error"]:
            click.echo(f"{clean(backend['type'])}: {clean(backend['error'])}")
    click.echo("* is used when none is named")


def _print_models(found: list[dict[str, Any]]) -> None:
    """Which model files are here, and which can be fetched. Forms that only people can bring are many."""
    rows = [
        (f"{backend['type']}:{variant['name']}", *_presence(backend, variant), variant["licence"] or "")
        for backend in found
        for variant in backend.get("variants") or ()
        if variant.get("fetchable", True) or variant["status"] != "not_installed"
    ]
    if rows:
        click.echo()
        print_table(("model", "size", "here", "licence"), rows)
        click.echo("lofi-core pull MODEL downloads one\n")


def _presence(backend: dict[str, Any], variant: dict[str, Any]) -> tuple[str, str]:
    whole, here = variant["size_bytes"], variant["bytes_on_disk"]
    told = {
        "installed": f"in {variant['directory']}",
        "downloading": f"downloading, {size(here)} so far",
        "partial": f"{size(here)} of it",
        "not_installed": "",
    }[variant["status"]]
    used = " (in use)" if backend["variant"] == variant["name"] else ""
    return "" if whole is None else size(whole), told + used


def _name(backend: dict[str, Any], default: str) -> str:
    name: str = backend["type"]
    return f"{name} *" if name == default else name


def _makes(backend: dict[str, Any]) -> str:
    if backend["sample_rate"] is None:
        return ""
    channels = "stereo" if backend["channels"] == 2 else "mono"
    shortest, longest = backend["min_duration_sec"], backend["max_duration_sec"]
    return f"{shortest:g} to {longest:g} s, {backend['sample_rate'] / 1000:g} kHz {channels}"


def _details(backend: dict[str, Any]) -> tuple[str, str]:
    options = (backend["options"] or {}).get("properties", {})
    package = " ".join(part for part in (backend["package"], backend["package_version"]) if part)
    return ", ".join(options), package
