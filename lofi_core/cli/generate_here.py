"""How is a track made in this very process, without a daemon?"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from lofi_core.cli.backend_options import parsed_options
from lofi_core.cli.interrupts import terminate_as_interrupt
from lofi_core.cli.progress import progress_view
from lofi_core.cli.target import check_sample_rate
from lofi_core.events import GenerationComplete
from lofi_core.rpc.client import packed

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from lofi_core.cli.target import Target
    from lofi_core.config import Settings
    from lofi_core.events import Event


def generate_here(
    settings: Settings,
    request: dict[str, Any],
    given: Sequence[str],
    target: Target | None,
    *,
    quiet: bool,
    made: Callable[[Path], None] = lambda _: None,
) -> tuple[dict[str, Any], dict[str, Any] | None]:
    """Make a track with the engine and library of the daemon.

    Args:
        settings: the whole configuration.
        request: the params of `generate`.
        given: `key=value` options of the backend.
        target: where else to write the track.
        quiet: no progress unless there is a terminal.
        made: called with the track's file as soon as that is whole; one that is not kept is gone later.

    Returns:
        The fields of `generation_complete`, and those `tracks_export` would have answered.

    Raises:
        LofiError: the request was refused or the job failed.
        KeyboardInterrupt: somebody asked to stop; nothing was written.
    """
    import msgspec

    from lofi_core.daemon import run_once
    from lofi_core.plugins import PluginHost
    from lofi_core.rpc.decode import decode_params
    from lofi_core.rpc.params import GenerateParams, TracksExportParams

    if given or target:
        record = PluginHost(settings.config.backends, settings.paths.models).find(
            request.get("backend") or settings.config.default_backend
        )
        request["options"] = parsed_options(given, record.options_schema)
        check_sample_rate(target, record.spec.sample_rate if record.spec else None)
    # The same way that a daemon's request takes, so that the same is refused with the same words.
    params = decode_params(packed([request]), GenerateParams)
    where = None
    if target:
        # The track's id follows from the request; `run_once` fills it in.
        where = TracksExportParams("", str(target.path), target.format, target.overwrite)
    with progress_view(quiet=quiet) as view, terminate_as_interrupt():

        def show(event: Event) -> None:
            view.show(event.name, msgspec.to_builtins(event))
            if isinstance(event, GenerationComplete):
                made(Path(event.path))

        complete = run_once(settings, params, show, where)
    exported = {"path": str(target.path), "size_bytes": target.path.stat().st_size} if target else None
    return msgspec.to_builtins(complete), exported
