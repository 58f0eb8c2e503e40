"""What does a backend understand of a prompt? Asked in this process: nothing is made, no daemon is needed."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import click

from lofi_core.cli.backend_options import parsed_options
from lofi_core.cli.output import clean, print_fields, print_json
from lofi_core.rpc.client import packed

if TYPE_CHECKING:
    from collections.abc import Sequence

    from lofi_core.config import Settings


def explain_request(
    settings: Settings, request: dict[str, Any], given: Sequence[str], *, as_json: bool
) -> None:
    """Print what would be made of a request.

    Args:
        settings: the whole configuration.
        request: the params of `generate`.
        given: `key=value` options of the backend.
        as_json: one document instead of lines.

    Raises:
        LofiError: the request would be refused.
    """
    told = _explained(settings, request, given)
    if as_json:
        print_json(told)
        return
    explanation = told["explanation"]
    if explanation is None:
        click.echo(f"{told['backend']} hands the prompt to its model as it is")
        return
    _print_part("understood", [(words, _plain(means)) for words, means in explanation["understood"].items()])
    _print_part("not understood", [(word, "") for word in explanation["unknown"]])
    _print_part("so it makes", [(name, _shown(value)) for name, value in explanation["choices"].items()])


def _explained(settings: Settings, request: dict[str, Any], given: Sequence[str]) -> dict[str, Any]:
    """Backend, seed, tempo, key and bars, and the explanation or None."""
    from lofi_core.plugins import PluginHost
    from lofi_core.rpc.decode import decode_params
    from lofi_core.rpc.handlers.jobs import prepare_params
    from lofi_core.rpc.params import GenerateParams

    plugins = PluginHost(settings.config.backends, settings.paths.models)
    if given:
        record = plugins.find(request.get("backend") or settings.config.default_backend)
        request = {**request, "options": parsed_options(given, record.options_schema)}
    # The same way that a daemon's request takes, so that the same is refused with the same words.
    prepared = prepare_params(decode_params(packed([request]), GenerateParams), plugins, settings.config)
    music, explanation = prepared.schedule.music, prepared.schedule.explanation
    return {
        "prompt": prepared.request.prompt,
        "backend": prepared.spec.name,
        "seed": prepared.request.seed,
        "options": dict(prepared.options),
        "music": None if music is None else asdict(music),
        "explanation": None if explanation is None else asdict(explanation),
    }


def _print_part(title: str, fields: list[tuple[str, str]]) -> None:
    if fields:
        click.echo(f"{title}:")
        print_fields([(f"  {clean(name)}", value) for name, value in fields])


def _plain(text: str) -> str:
    """Without the marks around names, which are for pages."""
    return text.replace("`", "")


def _shown(value: object) -> str:
    match value:
        case bool():
            return "yes" if value else "no"
        case float():
            return f"{value:g}"
        case _:
            return str(value)
