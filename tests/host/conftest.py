"""A backend in a process of its own, and what the system says of that process."""

from __future__ import annotations

import fcntl
import termios
import textwrap
import time
from array import array
from pathlib import Path
from threading import Timer
from typing import TYPE_CHECKING, Any

import pytest

from tests.conftest import StartDaemon, events_until_end, wait_for

if TYPE_CHECKING:
    from lofi_core.rpc.client import Client, Notification
    from tests.conftest import Gate, InstallBackend

# Takes a step for each byte that can be read from a pipe; before the second it may come to grief.
HOSTED = """
    import ctypes
    import logging
    import os
    import signal
    import sys
    import time
    import msgspec
    import numpy as np
    from lofi_core import BackendSpec, ModelLoadFailed, Music, Schedule, Stage, Step, hookimpl

    class Options(msgspec.Struct, forbid_unknown_fields=True):
        gate: str = ""
        grief: str = ""
        weights: str = ""
        job_mb: int = 0

    @hookimpl
    def describe_backend():
        return BackendSpec("hosted", "Apart", 8000, 2, 1, 60, model_version="1", options=Options,
                           own_process=OWN_PROCESS)

    @hookimpl
    def make_schedule(request):
        return Schedule([Stage("walk", steps=round(request.duration_sec))], state=object(),
                        weights=request.options.weights, music=Music(90.0, first_bar_sec=0.5))

    @hookimpl
    def load_model(runtime, weights):
        runtime.report(0.5, "build")
        runtime.note("form", weights or "plain")
        runtime.note("residency", str(runtime.residency))
        if weights == "missing":
            raise ModelLoadFailed("there is no weight", "put one there")
        if weights == "kills":
            os.kill(os.getpid(), signal.SIGKILL)
        if weights == "sleeps":
            ctypes.PyDLL(None).sleep(1000)  # with the interpreter's lock
        return np.ones(4)

    @hookimpl
    def generate(request, model, schedule, runtime):
        assert type(schedule.state) is object and model.sum() == 4
        options = request.options
        held = np.ones(options.job_mb * 250_000, "float32")
        noise = np.random.Generator(np.random.Philox(request.seed))
        gate = open(options.gate, "rb", buffering=0) if options.gate else None
        print("printed by the backend")
        logging.getLogger("lofi.hosted").warning("logged by the backend")
        runtime.note("steps", schedule.stages[0].steps)
        runtime.note("key", "d minor")
        runtime.keep("grid", np.arange(6.0, dtype=np.float16).reshape(2, 3, order="F"))
        runtime.keep("one", np.float64(request.seed))
        for index in range(schedule.stages[0].steps):
            if gate:
                gate.read(1)
            if index == 1:
                match options.grief:
                    case "crashes": ctypes.string_at(0)
                    case "exits": os._exit(7)
                    case "aborts": os.abort()
                    case "hangs": ctypes.PyDLL(None).sleep(1000)
            yield Step("walk", index, noise.uniform(-0.5, 0.5, (2, 8000)).astype("float32"))
"""


def hosted_source(*, own_process: bool = True) -> str:
    return textwrap.dedent(HOSTED).replace("OWN_PROCESS", str(own_process))


@pytest.fixture
def start(start_daemon: StartDaemon, install_backend: InstallBackend) -> StartDaemon:
    """A daemon with the backend `hosted`."""
    install_backend("hosted", hosted_source())
    return start_daemon


def ask(client: Client, seconds: float = 3, priority: str = "normal", seed: int = 1, **options: Any) -> str:
    job: dict[str, Any] = client.call(
        "generate",
        prompt="x",
        backend="hosted",
        duration_sec=seconds,
        seed=seed,
        priority=priority,
        cache=False,
        options=options,
    )
    return str(job["job_id"])


def end_of(client: Client, job_id: str) -> Notification:
    return events_until_end(client, job_id)[-1]


def until_step(client: Client, step: int) -> None:
    """Until the running job has taken so many steps."""
    while True:
        told = wait_for(client, "generation_progress").fields
        if told["stage"] == "walk" and told["current_step"] >= step:
            return


def pause(client: Client, job_id: str, gate: Gate) -> None:
    """Pause the running job, which waits at its gate and is let through once the daemon knows."""
    opening = Timer(0.3, gate.open, [1])
    opening.start()
    assert client.call("job_pause", job_id=job_id) == {"state": "paused"}
    opening.join()


def process_of(client: Client) -> int:
    """The number of the only model's process."""
    (model,) = client.call("status")["models"]
    assert isinstance(model["pid"], int)
    return model["pid"]


def children(pid: int) -> list[int]:
    """The processes that a process has started and not yet taken leave of, zombies among them."""
    found = []
    for task in Path(f"/proc/{pid}/task").iterdir():
        found += [int(child) for child in (task / "children").read_text().split()]
    return found


def is_gone(pid: int) -> bool:
    """Whether a process has ended, within a few seconds; a zombie that nobody waits for has."""
    for _ in range(500):
        try:
            state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
        except OSError:
            return True
        if state == "Z":
            return True
        time.sleep(0.01)
    return False


def unread(gate: Gate) -> int:
    """How many steps are allowed and not taken."""
    count = array("i", [0])
    fcntl.ioctl(gate._pipe, termios.FIONREAD, count)
    return count[0]


def until_taken(gate: Gate) -> None:
    """Come back when every step that is allowed has begun."""
    deadline = time.monotonic() + 30
    while unread(gate):
        assert time.monotonic() < deadline, "nobody takes the step"
        time.sleep(0.01)
