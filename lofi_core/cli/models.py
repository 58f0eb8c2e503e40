"""How are model files checked, and made from others? In this process; no daemon is asked."""

from __future__ import annotations

from functools import partial
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from lofi_core.cli.options import Globals, Group, pass_globals
from lofi_core.cli.output import clean, print_json, size
from lofi_core.errors import BackendNotReady, InvalidOption, InvalidParams, ModelLoadFailed

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from lofi_core.plugins import PluginHost, PluginRecord
    from lofi_core.runtime import Runtime

_DIRECTORY = click.Path(path_type=Path, file_okay=False)


@click.group(cls=Group)
def models() -> None:
    """Check model files, or make them from others."""


@models.command()
@click.argument("name", metavar="NAME")
@pass_globals
def check(options: Globals, name: str) -> None:
    """Check the model files of a backend."""
    plugins, runtime = _workbench(options)
    record, _spec = plugins.usable(name)
    hook = _hook(plugins, record.name, "check_model")

    def lines() -> list[str]:
        found = []
        checks = hook(model_dir=record.files_dir, runtime=runtime)
        for line in chain(_pinned(record, runtime), checks):
            found.append(str(line))
            if not options.json:
                click.echo(f"ok  {clean(str(line))}")
        return found

    checks = _call(record.name, "check_model", lines)
    if options.json:
        print_json({"backend": record.name, "model_dir": str(record.files_dir), "checks": checks})


@models.command()
@click.argument("name", metavar="NAME")
@click.option(
    "--from",
    "--checkpoint",
    "source",
    type=_DIRECTORY,
    required=True,
    metavar="DIR",
    help="The model as it is.",
)
@click.option("--to", "target", type=_DIRECTORY, required=True, metavar="DIR", help="New, or empty.")
@click.option("--layout", type=click.Choice(["split", "step"]), help="Which graphs to make.")
@click.option("--precision", metavar="NAME", help="The number format of the weights, by the backend's names.")
@click.option("--opset", type=click.IntRange(min=1), metavar="N", help="The ONNX operator set of the files.")
@click.option(
    "--component",
    "components",
    multiple=True,
    metavar="NAME",
    help="Make only this part, by the backend's names. Can be repeated.",
)
@pass_globals
def export(options: Globals, /, name: str, *, source: Path, target: Path, **choices: Any) -> None:
    """Make the files that a backend runs from a model in another form."""
    plugins, runtime = _workbench(options)
    record = plugins.find(name)
    if record.spec is None:
        raise BackendNotReady(f"backend {record.name!r} is {record.status}", "see `lofi-core backends`")
    hook = _hook(plugins, record.name, "export_model")
    _see_taken(choices, plugins.taken(record.name, "export_model"), record.name)
    if not source.is_dir():
        raise InvalidParams(f"there is no directory {source}", "--from names the model as it is")
    if target.exists() and any(target.iterdir()):
        raise InvalidParams(f"{target} is not empty", "name a new or an empty directory")
    target.mkdir(parents=True, exist_ok=True)
    places = {"source": source.absolute(), "target": target.absolute()}
    run = partial(hook, **places, **choices, runtime=runtime)
    checks = _call(record.name, "export_model", lambda: [str(line) for line in run() or ()])
    size_bytes = sum(file.stat().st_size for file in target.rglob("*") if file.is_file())
    if not size_bytes:
        raise ModelLoadFailed(f"{record.name}: export_model wrote nothing into {target}")
    if options.json:
        path = str(target.absolute())
        print_json({"backend": record.name, "path": path, "size_bytes": size_bytes, "checks": checks})
    else:
        for line in checks:
            click.echo(f"ok  {clean(line)}")
        click.echo(f"{clean(str(target))}: {size(size_bytes)}")


def _see_taken(choices: dict[str, Any], taken: set[str], name: str) -> None:
    """Refuse what the user asked for and the backend's hook would not be told."""
    flags = {"components": "--component"}
    for choice, value in choices.items():
        if value and choice not in taken:
            raise InvalidOption(
                f"backend {name!r} has no choice of {choice}", f"leave {flags.get(choice, f'--{choice}')} out"
            )


def _pinned(record: PluginRecord, runtime: Runtime) -> Iterator[str]:
    """Whether the files that were downloaded are still what came. Reads all of them."""
    from lofi_core.integrity import Expected, read_pins, what_is_wrong

    directory, pins = record.files_dir, read_pins(record.files_dir)
    total, done = sum(pin.size_bytes for pin in pins.values()), 0

    def note(count: int) -> None:
        nonlocal done
        done += count
        runtime.report(done / total, "read")

    for path, pin in sorted(pins.items()):
        if problem := what_is_wrong(directory / path, Expected(pin.size_bytes, pin.sha256), note):
            variant = f":{record.installed.variant}" if record.installed else ""
            hint = f"`lofi-core pull {record.name}{variant}` fetches again what is wrong"
            raise ModelLoadFailed(f"{directory / path} {problem}", hint)
        yield f"{path} is what was downloaded"


def _workbench(options: Globals) -> tuple[PluginHost, Runtime]:
    """The backends, and what they run on here; their progress goes to standard error."""
    from lofi_core.plugins import PluginHost
    from lofi_core.runtime import resolve_runtime

    settings = options.settings()
    runtime = resolve_runtime(settings.config.runtime)
    plugins = PluginHost(settings.config.backends, settings.paths.models, runtime)
    said: list[tuple[str, int]] = []

    def report(fraction: float, what: str) -> None:
        now = (what, int(fraction * 10))
        if now not in said[-1:]:
            said.append(now)
            click.echo(f"{clean(what)}: {fraction * 100:.0f} %", err=True)

    return plugins, runtime.for_model(report)


def _hook(plugins: PluginHost, name: str, hook: str) -> Callable[..., Any]:
    found = plugins.tool(name, hook)
    if found is None:
        raise BackendNotReady(f"backend {name!r} has no {hook} hook", "only some backends offer that")
    return found


def _call(name: str, hook: str, call: Callable[[], Any]) -> Any:
    from lofi_core.calls import guarded

    try:
        return guarded(name, hook, call, ModelLoadFailed)
    except ModelLoadFailed as error:
        if isinstance(error.__cause__, KeyboardInterrupt):  # Ctrl-C, not the plugin's
            raise error.__cause__ from None
        raise
