"""Is a file what its recipe says? Make the track again, and compare."""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

import click

from lofi_core.cli.options import NAMED_PATH, Command, Globals, pass_globals
from lofi_core.cli.output import clean, clock, print_json, print_table, size
from lofi_core.cli.target import FORMATS, check_sample_rate, wanted_target

if TYPE_CHECKING:
    from collections.abc import Mapping

    from lofi_core.cli.target import Target
    from lofi_core.config import Settings
    from lofi_core.rpc.client import Client
    from lofi_core.tracks.proof import Difference, Proof
    from lofi_core.tracks.track import Exported, Recipe

# A file of anybody's may tell of a thousand things.
MOST_DIFFERENCES = 40
VALUE_CHARACTERS = 60
# A step of 16 bits. Other processors and libraries round otherwise, which stays far below it.
FAINT_DB = -90.3


@click.command(cls=Command)
@click.argument("file", type=NAMED_PATH, metavar="FILE")
@click.option(
    *("-o", "--output"),
    type=NAMED_PATH,
    metavar="FILE",
    help="Keep the new track here. A directory: a file in it, named after the prompt.",
)
@click.option("--force", is_flag=True, help="Replace an output that is there.")
@click.option(
    "--format", "format_", type=click.Choice(FORMATS), help="Of the output, in place of its suffix."
)
@pass_globals
def reproduce(options: Globals, *, file: Path, output: Path | None, force: bool, format_: str | None) -> int:
    """Make the track of FILE again, and say whether it is the same.

    FILE is a track of the library or an export of one, in any format. The library is left as it is. The exit
    status is 0 for the very same samples, else 1.
    """
    from lofi_core.tracks.proof import check_readable, prove
    from lofi_core.tracks.recipes import opened, recipe_of

    settings = options.settings()
    with ExitStack() as stack:
        was = stack.enter_context(opened(file))
        recipe = recipe_of(was, file.name)
        check_readable(was, file)
        target = wanted_target(settings, output, format_, recipe.prompt, force=force)
        check_sample_rate(target, recipe.sample_rate)
        again = _made_again(settings, recipe, stack, quiet=options.json)
        recipe_again = recipe_of(again, "the new track")
        proof = prove(was, file, recipe, again, recipe_again)
        exported = _export(again, recipe_again, target) if target else None
    if options.json:
        _print_json(file, recipe, recipe_again, proof, exported)
    else:
        _tell(proof, recipe, exported)
    return 0 if proof.verdict == "identical" else 1


def _made_again(settings: Settings, recipe: Recipe, stack: ExitStack, *, quiet: bool) -> BinaryIO:
    """The new track, made by the daemon where one runs. The file goes soon, but not from who has it open."""
    from lofi_core.errors import InvalidBackend
    from lofi_core.rpc.client import Client, NoDaemon
    from lofi_core.tracks.recipes import opened

    try:
        try:
            client = stack.enter_context(Client(settings.paths.socket))
        except NoDaemon:
            found: list[BinaryIO] = []
            _make_here(settings, recipe, lambda path: found.append(stack.enter_context(opened(path))), quiet)
            return found[0]
        return stack.enter_context(opened(_made_there(client, recipe, quiet)))
    except InvalidBackend as error:
        # No advice to install what a file of anybody's names.
        told = f"{error.message}; the recipe says that it came with {recipe.package} {recipe.package_version}"
        raise InvalidBackend(told, "`lofi-core backends` lists those that are installed") from error


def _made_there(client: Client, recipe: Recipe, quiet: bool) -> Path:  # noqa: FBT001
    from lofi_core.cli.generate_there import chosen_backend, generate_there
    from lofi_core.cli.progress import progress_view

    request = _request(recipe, chosen_backend(client, recipe.backend).get("options"))
    complete, _ = generate_there(client, request, (), None, [], progress_view(quiet=quiet))
    return Path(complete["path"])


def _make_here(settings: Settings, recipe: Recipe, made: Any, quiet: bool) -> None:  # noqa: FBT001
    from lofi_core.cli.generate_here import generate_here
    from lofi_core.plugins import PluginHost

    record = PluginHost(settings.config.backends, settings.paths.models).find(recipe.backend)
    generate_here(settings, _request(recipe, record.options_schema), (), None, quiet=quiet, made=made)


def _request(recipe: Recipe, schema: Mapping[str, Any] | None) -> dict[str, Any]:
    """The params of `generate`, which are checked like anybody's. Options that are no more are left out."""
    known = (schema or {}).get("properties", {})
    return {
        "prompt": recipe.prompt,
        "duration_sec": recipe.duration_sec,
        "backend": recipe.backend,
        "seed": recipe.seed,
        "options": {name: value for name, value in recipe.options.items() if name in known},
        "keep": False,
    }


def _export(again: BinaryIO, recipe: Recipe, target: Target) -> Exported:
    from lofi_core.tracks.export import export_steps

    again.seek(0)
    steps = export_steps(lambda: again, None, recipe, target.path, target.format, overwrite=target.overwrite)
    while True:
        try:
            next(steps)
        except StopIteration as end:
            exported: Exported = end.value
            return exported


def _print_json(
    file: Path, recipe: Recipe, recipe_again: Recipe, proof: Proof, exported: Exported | None
) -> None:
    import msgspec

    told = {"file": str(file.absolute()), **msgspec.to_builtins(proof)}
    told |= {"recipe": msgspec.to_builtins(recipe), "recipe_again": msgspec.to_builtins(recipe_again)}
    print_json(told if exported is None else told | {"exported": msgspec.to_builtins(exported)})


def _tell(proof: Proof, recipe: Recipe, exported: Exported | None) -> None:
    click.echo(f"{proof.verdict}: {_verdict(proof, recipe)}")
    if proof.is_touched:
        click.echo("the file's own sound is not what its recipe tells of: one of the two was changed since")
    if proof.differences:
        shown = proof.differences[:MOST_DIFFERENCES]
        print_table(("what", "was", "now"), map(_row, shown))
        if len(shown) < len(proof.differences):
            click.echo(f"and {len(proof.differences) - len(shown)} more: --json has all")
    elif proof.verdict == "different" and not proof.is_touched:
        why = (
            "a library rounds otherwise here" if _is_faint(proof) else "the backend may not be deterministic"
        )
        click.echo(f"all that the recipe tells is as it was: {why}")
    if exported is not None:
        click.echo(f"{clean(exported.path)} ({size(exported.size_bytes)})")


def _verdict(proof: Proof, recipe: Recipe) -> str:
    match proof.verdict, proof.by:
        case "identical", "samples":
            return f"{proof.now_frames} frames, sample for sample"
        case "identical", _:
            return f"the new samples have the SHA-256 that the recipe tells; {proof.format} has not kept them"
        case "different", "samples":
            return _where(proof)
        case "different", _:
            told = "the new samples have another SHA-256 than the recipe tells"
            return f"{told}; likeness of the sound {proof.likeness:.2f} of 1" if proof.likeness else told
        case _:
            made_by = clean(recipe.software_version)[:VALUE_CHARACTERS]
            return f"{proof.format} has not kept the samples, and lofi-core {made_by} told no SHA-256 of them"


def _where(proof: Proof) -> str:
    parts = []
    if isinstance(proof.first_frame, int) and isinstance(proof.first_sec, float):
        parts.append(f"from frame {proof.first_frame} on, at {clock(proof.first_sec)}")
    if isinstance(proof.most_db, float):
        heard = ", as rounding does: nobody hears it" if _is_faint(proof) else ""
        parts.append(f"{proof.differing} samples, by {proof.most_db:.1f} dBFS at most{heard}")
    if proof.was_frames != proof.now_frames:
        parts.append(f"{proof.was_frames} frames are {proof.now_frames} now")
    return "; ".join(parts)


def _is_faint(proof: Proof) -> bool:
    """Whether both are as long, and no sample is off by what 16 bits could hold."""
    return (
        proof.was_frames == proof.now_frames and isinstance(proof.most_db, float) and proof.most_db < FAINT_DB
    )


def _row(difference: Difference) -> tuple[str, str, str]:
    was, now = (_shown(value) for value in (difference.was, difference.now))
    return difference.what[:VALUE_CHARACTERS], was, now


def _shown(value: Any) -> str:
    from msgspec import UNSET

    text = "not there" if value is UNSET else value if isinstance(value, str) else f"{value}"
    return text if len(text) <= VALUE_CHARACTERS else f"{text[: VALUE_CHARACTERS - 1]}…"
