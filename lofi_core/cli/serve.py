"""How does the daemon begin and end?"""

from __future__ import annotations

import logging
import os
import threading

import click

from lofi_core.cli.options import Command, Globals, pass_globals
from lofi_core.cli.output import print_json
from lofi_core.rpc.client import Client, NoDaemon

HELLO_TIMEOUT_SEC = 5.0
SHUTDOWN_TIMEOUT_SEC = 30.0
STRAYS_SEC = 2.0

log = logging.getLogger("lofi")


@click.command(cls=Command)
@click.option("--detach", is_flag=True, help="Return when the daemon answers.")
@pass_globals
def serve(options: Globals, *, detach: bool) -> int:
    """Run the daemon, in the foreground unless told otherwise."""
    settings = options.settings()
    if not detach:
        from lofi_core.daemon import serve as serve_forever

        status = serve_forever(settings)
        _end_despite_strays(status)
        return status
    _refuse_a_second(options)
    from lofi_core.cli.connect import start_daemon

    started = start_daemon(settings, verbose=options.verbose)
    started.client.close()
    if options.json:
        print_json({"pid": started.pid, "socket": str(settings.paths.socket)})
    else:
        click.echo(f"the daemon runs: pid {started.pid}, socket {settings.paths.socket}")
    return 0


def _end_despite_strays(status: int) -> None:
    """Let the process end though a plugin's thread would keep it; all that is ours is closed by now."""
    main = threading.main_thread()
    strays = [thread.name for thread in threading.enumerate() if thread is not main and not thread.daemon]
    if strays:
        log.warning("a plugin's thread still runs: %s; it has %g s", ", ".join(strays), STRAYS_SEC)
        last_call = threading.Timer(STRAYS_SEC, os._exit, [status])
        last_call.daemon = True
        last_call.start()


def _refuse_a_second(options: Globals) -> None:
    """Who answers after a start must be the daemon that was started. `serve` itself has a lock for that."""
    try:
        client = Client(options.socket_path(), HELLO_TIMEOUT_SEC)
    except NoDaemon:
        return
    from lofi_core.rpc.listener import AlreadyRunning

    with client:
        pid = client.call("hello")["pid"]
    raise AlreadyRunning(
        f"a lofi-core daemon (pid {pid}) already serves {client.path}",
        "use it, stop it with `lofi-core shutdown`, or choose another --socket",
    )


@click.command(cls=Command)
@pass_globals
def shutdown(options: Globals) -> None:
    """End the daemon, and wait until it is gone."""
    from lofi_core.rpc.ending import is_given_up

    path = options.socket_path()
    with Client(path) as client:
        answer = client.call("shutdown")
        # Whether anybody answers is another question: asking may start a new daemon.
        gone = client.wait_closed(SHUTDOWN_TIMEOUT_SEC) and is_given_up(path, SHUTDOWN_TIMEOUT_SEC)
    if options.json:
        print_json(answer)
    else:
        kept = answer.get("kept_jobs", 0)
        jobs = "a job goes" if kept == 1 else f"{kept} jobs go"
        told = "the daemon has ended" if gone else "the daemon is shutting down"
        click.echo(told + (f"; {jobs} on when the next one starts" if kept else ""))
