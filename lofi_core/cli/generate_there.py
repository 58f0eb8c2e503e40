"""How does the daemon make a track for this command, and what if it is interrupted?"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from lofi_core.cli.backend_options import parsed_options
from lofi_core.cli.interrupts import noted_interrupts
from lofi_core.cli.output import clean
from lofi_core.cli.target import check_sample_rate, export
from lofi_core.errors import ERRORS, InternalError, LofiError
from lofi_core.names import canonical_name
from lofi_core.rpc.client import ConnectionLost

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from contextlib import AbstractContextManager

    from lofi_core.cli.progress import ProgressView
    from lofi_core.cli.target import Target
    from lofi_core.rpc.client import Client, Notification

# How soon Ctrl-C is noticed while no event comes.
POLL_SEC = 0.1


class JobCancelled(LofiError):
    """Somebody else ended the job with `cancel --force`."""

    code = "CANCELLED"


def generate_there(
    client: Client,
    request: dict[str, Any],
    given: Sequence[str],
    target: Target | None,
    ends: list[dict[str, Any]],
    viewed: AbstractContextManager[ProgressView],
) -> tuple[dict[str, Any], dict[str, Any] | None]:
    """Ask for a track and wait until it is there.

    Args:
        client: a connection of our own.
        request: the params of `generate`.
        given: `key=value` options of the backend.
        target: where else to write the track.
        ends: gets the fields of each `playback_ended` of the track until it is made.
        viewed: gives the view that shows the events.

    Returns:
        The fields of `generation_complete`, and what `tracks_export` answered.

    Raises:
        LofiError: the request was refused or the job failed.
        KeyboardInterrupt: somebody asked to stop; the daemon knows by then.
    """
    if given or target:
        backend = chosen_backend(client, request.get("backend"))
        request["options"] = parsed_options(given, backend.get("options"))
        check_sample_rate(target, backend.get("sample_rate"))
    with viewed as view, noted_interrupts() as interrupted:
        accepted = client.call("generate", **request)
        complete = _completion(client, accepted, view, ends, interrupted)
    if complete is None:
        _cancel(client, accepted)
        raise KeyboardInterrupt
    return complete, export(client, complete["track_id"], target) if target else None


def chosen_backend(client: Client, name: str | None) -> dict[str, Any]:
    """What the daemon says of the backend that will be used. Empty when it has none of that name."""
    answer = client.call("get_backends")
    wanted = canonical_name(name or answer["default_backend"])
    return next((backend for backend in answer["backends"] if canonical_name(backend["type"]) == wanted), {})


def _completion(
    client: Client,
    accepted: dict[str, Any],
    view: ProgressView,
    ends: list[dict[str, Any]],
    interrupted: Callable[[], bool],
) -> dict[str, Any] | None:
    """Show events until the track is there. None when somebody interrupts before that."""
    # Who joins a job that others asked for has missed its first events.
    view.show({"queued": "generation_queued", "generating": "joined"}.get(accepted["status"], ""), accepted)
    leaving = ""
    while not interrupted():
        try:
            event = client.next_event(POLL_SEC)
        except ConnectionLost as error:
            raise _lost(accepted, leaving) from error
        view.tick(event)
        if event is None:
            continue
        if event.name == "shutting_down":
            leaving = str(event.fields.get("reason", ""))
        elif event.fields.get("track_id") == accepted["track_id"]:
            if event.name == "generation_complete":
                return event.fields
            if event.name == "generation_cancelled" and leaving:
                raise _lost(accepted, leaving, is_kept=False)
            if event.name == "playback_ended":
                ends.append(event.fields)
            _raise_if_over(event)
            view.show(event.name, event.fields)
    return None


def _raise_if_over(event: Notification) -> None:
    fields = event.fields
    if event.name == "generation_error":
        raise ERRORS.get(fields["code"], InternalError)(fields["message"], fields.get("hint"))
    if event.name == "generation_cancelled":
        raise JobCancelled("another client ended the job", "ask again")


def _lost(accepted: dict[str, Any], leaving: str, *, is_kept: bool = True) -> ConnectionLost:
    what = f"the daemon ended ({leaving})" if leaving else "the connection to the daemon broke"
    next_one = "the next daemon makes it; to wait for it, ask again" if is_kept else "ask again"
    return ConnectionLost(f"{what} before the track was done", f"{next_one} with --seed {accepted['seed']}")


def _cancel(client: Client, accepted: dict[str, Any]) -> None:
    """Withdraw our interest, and say what came of it."""
    if "job_id" not in accepted:
        return
    try:
        answer = client.call("cancel", job_id=accepted["job_id"])
    except LofiError as error:
        click.echo(clean(error.text(), keep="\n"), err=True)
        return
    told = "the job is cancelled" if answer["cancelled"] else "others still want the track: its job goes on"
    click.echo(told, err=True)
