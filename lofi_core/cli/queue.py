"""What waits for the worker, and how is it held back or called off?"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from lofi_core.cli.options import Command, Globals, pass_globals
from lofi_core.cli.output import clean, eta, print_json, print_table, silence
from lofi_core.rpc.client import Client

if TYPE_CHECKING:
    from collections.abc import Iterator

TRACK_ID_DIGITS = 32  # a job id has fewer


@click.command(cls=Command)
@click.option("--clear", is_flag=True, help="Cancel all waiting jobs; running ones go on.")
@click.option("--pause", metavar="JOB_ID", help="Hold a job, at its next step if it runs.")
@click.option("--resume", metavar="JOB_ID", help="Let a held job go on.")
@pass_globals
def queue(options: Globals, *, clear: bool, pause: str | None, resume: str | None) -> None:
    """List the jobs that run, wait or are held."""
    if sum((clear, pause is not None, resume is not None)) > 1:
        raise click.UsageError("--clear, --pause and --resume exclude each other")
    with Client(options.socket_path()) as client:
        if clear:
            answer = client.call("queue_clear")
            count = answer["cancelled"]
            told = f"{count} waiting job{'' if count == 1 else 's'} cancelled"
        elif pause is not None:
            answer = client.call("job_pause", job_id=pause)
            told = f"job {pause} is {answer['state']}"
            if answer["state"] == "running":
                told += ": its backend is in a step that takes long, and it pauses when that ends"
        elif resume is not None:
            answer = client.call("job_resume", job_id=resume)
            told = f"job {resume} is {answer['state']}"
        else:
            answer = client.call("queue_status")
            told = ""
    if options.json:
        print_json(answer)
    elif told:
        click.echo(clean(told))
    else:
        _print_queue(answer)


def _print_queue(answer: dict[str, Any]) -> None:
    rows = list(_rows(answer))
    if not rows:
        click.echo("nothing runs, and nothing waits")
        return
    print_table(("job", "state", "prompt"), rows)


def _rows(answer: dict[str, Any]) -> Iterator[tuple[str, str, str]]:
    for job in answer["running"]:
        left = eta(job["eta_sec"])
        yield job["job_id"], f"{job['percent']} %{', ' + left if left else ''}{silence(job)}", job["prompt"]
    for job in answer["paused"]:
        yield job["job_id"], f"paused at {job['percent']} %", job["prompt"]
    for job in answer["pending"]:
        priority = ", high" if job["priority"] == "high" else ""
        note = f"; {job['note']}" if job.get("note") else ""
        yield job["job_id"], f"waits, {job['position']}.{priority}{note}", job["prompt"]


@click.command(cls=Command)
@click.argument("id_", metavar="ID")
@click.option("--force", is_flag=True, help="Also when other clients still want the track.")
@pass_globals
def cancel(options: Globals, id_: str, *, force: bool) -> int:
    """Cancel a job. ID is its own or its track's."""
    field = "track_id" if len(id_) == TRACK_ID_DIGITS else "job_id"
    with Client(options.socket_path()) as client:
        answer = client.call("cancel", **{field: id_}, force=force)
    if options.json:
        print_json(answer)
    elif answer["cancelled"]:
        click.echo(f"cancelled {clean(answer['track_id'])}")
    if answer["cancelled"]:
        return 0
    track_id = clean(answer["track_id"])
    click.echo(f"NOT_CANCELLED: the job of track {track_id} goes on, or is over", err=True)
    click.echo("hint: other clients may still want the track; --force cancels it for them too", err=True)
    return 1
