"""A plugin that allocates without end, in the daemon and in a process of its own."""

from __future__ import annotations

import textwrap
import time
from typing import TYPE_CHECKING

from tests.disasters.conftest import make
from tests.disasters.page import told

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.conftest import InstallBackend, StartDaemon
    from tests.disasters.conftest import Outcome

# No faster than the machine can say that it is too much.
GREEDY = """
    import time
    import numpy as np
    from lofi_core import BackendSpec, Schedule, Stage, Step, hookimpl

    @hookimpl
    def describe_backend():
        return BackendSpec("NAME", "Greedy", 8000, 1, 1, 60, model_version="1", own_process=OWN_PROCESS)

    @hookimpl
    def make_schedule(request):
        return Schedule([Stage("grow", steps=1)])

    @hookimpl
    def generate(request):
        held = []
        while len(held) < 300:
            try:
                held.append(np.ones(1_250_000))
                time.sleep(0.01)
            except Exception:
                pass
        yield Step("grow", 0, np.zeros((1, 8000), "float32"))
"""
LIMIT_GB = 0.4


def test_a_plugin_that_allocates_without_end(
    start_daemon: StartDaemon, install_backend: InstallBackend, lofi: Callable[..., Outcome]
) -> None:
    for name, own_process in (("greedy", False), ("hosted", True)):
        source = textwrap.dedent(GREEDY).replace("NAME", name).replace("OWN_PROCESS", str(own_process))
        install_backend(name, source)
    daemon = start_daemon(LOFI_MODELS_PROCESS_GB=str(LIMIT_GB))
    for name in ("greedy", "hosted"):
        outcome = lofi("generate", "x", "--backend", name, "--duration", "1", "--no-autostart")
        assert outcome.status == 1
        assert told("A plugin that allocates without end", outcome.err)

    assert make(lofi, "others are served").status == 0
    client = daemon.client()
    deadline = time.monotonic() + 30
    while client.call("status")["rss_bytes"] > LIMIT_GB * 1e9:
        assert time.monotonic() < deadline, "the memory does not come back"
        time.sleep(0.1)
