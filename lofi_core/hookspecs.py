"""The plugin contract, whole.

A plugin is a module of hooks, named by an entry point in the group `lofi.backends`. An implementation takes
any or all of the arguments below, by name. Hooks are called on one backend at a time, so none of them is told
which backend is meant. `docs/writing-a-backend.md` builds one.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pluggy

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from lofi_core.backend import BackendSpec, GenerateRequest, Schedule, Step
    from lofi_core.events import Event
    from lofi_core.runtime import Runtime

PROJECT = "lofi"
ENTRY_POINT_GROUP = "lofi.backends"

hookspec = pluggy.HookspecMarker(PROJECT)
hookimpl = pluggy.HookimplMarker(PROJECT)


@hookspec(firstresult=True)
def describe_backend(  # type: ignore[empty-body]
    model_dir: Path, variant: str | None, runtime: Runtime
) -> BackendSpec:
    """Say what the backend is. Called at start-up, on the event loop: must not import heavy libraries.

    Called again when model files come or go, with the directory and the variant that are then in place: what
    depends on them (channels, `model_version`) may differ.
    """


@hookspec(firstresult=True)
def make_schedule(request: GenerateRequest, model_dir: Path) -> Schedule:  # type: ignore[empty-body]
    """Plan one generation; this is the scheduler.

    Called when the request arrives, on the event loop, before any model is loaded: cheap and pure. Raise
    `InvalidOption` (or another `LofiError`) to refuse the request; the client is told at once.
    """


@hookspec(firstresult=True)
def load_model(model_dir: Path, runtime: Runtime, weights: str) -> Any:
    """Load whatever `generate` needs; this is the loader. Worker thread. Optional: else model is None.

    `weights` is the schedule's. A loader that takes long says how far it is: `runtime.report(0.4, "build")`.
    """


@hookspec(firstresult=True)
def generate(  # type: ignore[empty-body]
    request: GenerateRequest, model: Any, schedule: Schedule, runtime: Runtime
) -> Iterator[Step]:
    """Make the track, step by step. Worker thread.

    Must be a generator. It is never entered twice at once, but while it is suspended at a `yield` another
    generation may run on the same model: keep what belongs to one track in local variables. Cancelling closes
    the generator at its last `yield`; put clean-up into `finally`.
    """


@hookspec
def observe_event(event: Event) -> None:
    """See every event the daemon sends, as it is sent. Event loop: return at once. Optional."""


@hookspec(firstresult=True)
def check_model(model_dir: Path, runtime: Runtime) -> Iterator[str]:  # type: ignore[empty-body]
    """Check model files: yield a line for each thing that is right, raise a `LofiError` for the first wrong.

    Called by `lofi-core models check`, in its own process. Optional.
    """


@hookspec(firstresult=True)
def export_model(
    source: Path,
    target: Path,
    layout: str | None,
    precision: str | None,
    opset: int | None,
    components: tuple[str, ...],
    runtime: Runtime,
) -> Iterable[str] | None:
    """Convert the model in `source` into files in `target`, an empty directory.

    Returns a line for each thing that was verified about them, if anything was.

    `layout`, `precision`, `opset` and `components` are what the user asked for, None or empty for the
    backend's choice; raise `InvalidOption` for one it has not. What an implementation does not take is
    refused before it is called. Say how far it is: `runtime.report(0.4, "decoder")`. Called by
    `lofi-core models export`, in its own process. Optional.
    """
