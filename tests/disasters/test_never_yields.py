"""A plugin that never comes back from its step."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from tests.conftest import events_until_end, wait_for
from tests.disasters.conftest import make
from tests.disasters.page import told

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from lofi_core.rpc.client import Client
    from tests.conftest import InstallBackend, StartDaemon
    from tests.disasters.conftest import Outcome

HEADING = "A plugin that never yields"
# The second step does not end before a file is there.
STUCK = """
    import pathlib, time
    import msgspec
    import numpy as np
    from lofi_core import BackendSpec, Schedule, Stage, Step, hookimpl

    class Options(msgspec.Struct, forbid_unknown_fields=True):
        until: str = ""

    @hookimpl
    def describe_backend():
        return BackendSpec("stuck", "Stuck", 8000, 1, 1, 60, model_version="1", options=Options)

    @hookimpl
    def make_schedule(request):
        return Schedule([Stage("walk", steps=2)])

    @hookimpl
    def generate(request):
        yield Step("walk", 0)
        while not pathlib.Path(request.options.until).exists():
            time.sleep(0.02)
        yield Step("walk", 1, np.ones((1, 8000), "float32") / 2)
"""
# The daemon's own patience is what users want, and more than a test does.
IMPATIENT = """
    import sys
    sys.path.insert(0, "")  # as `-m` will do: the checkout, not what is installed
    import lofi_core.jobs.engine, lofi_core.jobs.patience
    lofi_core.jobs.engine.PAUSE_ANSWER_SEC = 0.2
    lofi_core.jobs.patience.GIVE_UP_SEC = 1.0
"""


def ask(client: Client, flag: Path, seed: int) -> str:
    options = {"until": str(flag)}
    job = client.call("generate", prompt="x", backend="stuck", duration_sec=1, seed=seed, options=options)
    return str(job["job_id"])


def test_a_plugin_that_never_yields(
    start_daemon: StartDaemon,
    install_backend: InstallBackend,
    home: Path,
    lofi: Callable[..., Outcome],
) -> None:
    install_backend("stuck", STUCK).joinpath("sitecustomize.py").write_text(
        "\n".join(line.strip() for line in IMPATIENT.splitlines())
    )
    daemon = start_daemon()
    client, flag = daemon.client(), home / "flag"
    first, second = ask(client, flag, 1), ask(client, flag, 2)
    wait_for(client, "generation_progress")

    while client.call("status")["running"][0]["silent_sec"] < 5:
        time.sleep(0.1)
    assert told(HEADING, lofi("status").out)
    assert told(HEADING, lofi("queue", "--pause", first).out)

    assert lofi("cancel", first).status == 1  # somebody else wants it
    assert lofi("cancel", first, "--force").status == 0
    assert events_until_end(client, first)[-1].name == "generation_cancelled"
    daemon.wait_for_log("its thread is left to it")
    assert told(HEADING, "".join(daemon.log))
    assert make(lofi, "others are served").status == 0
    assert told(HEADING, lofi("queue").out)

    flag.touch()
    assert events_until_end(client, second)[-1].name == "generation_complete"
    flag.unlink()
    ask(client, flag, 3)
    wait_for(client, "generation_progress")
    assert lofi("shutdown").out == "the daemon has ended; a job goes on when the next one starts\n"
