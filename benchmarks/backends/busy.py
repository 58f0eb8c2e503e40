"""A backend that needs every core and makes noise, and may sort in a thread of the daemon from then on."""

from __future__ import annotations

import os
import random
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import TYPE_CHECKING

import msgspec
import numpy as np

from lofi_core import BackendSpec, Schedule, Stage, Step, hookimpl

if TYPE_CHECKING:
    from collections.abc import Iterator

    from lofi_core import GenerateRequest

RATE = 44_100  # so that the player has to resample
NUMBERS = 3_000_000
COMPUTE = "import os; daemon = os.getppid()\nwhile os.getppid() == daemon: sum(range(1_000_000))"
SIDE, PRODUCTS = 384, 8  # a second of sound costs every core some hundredths of one


class Options(msgspec.Struct, forbid_unknown_fields=True):
    """Options of the request.

    Attributes:
        sort: have a thread of this process sort three million integers again and again, for ever. As the
            job hardly gets the interpreter then, a process for each core computes beside it meanwhile, as
            that of a backend with a process of its own does.
    """

    sort: bool = False


def _sort_for_ever() -> None:
    numbers = [random.getrandbits(30) for _ in range(NUMBERS)]
    while True:
        sorted(numbers)  # holds the interpreter from its begin to its end


_sorter = threading.Thread(target=_sort_for_ever, name="sorter", daemon=True)


@hookimpl
def describe_backend() -> BackendSpec:
    """What it is."""
    return BackendSpec("busy", "Busy", RATE, 2, 1, 600, model_version="1", streaming=True, options=Options)


@hookimpl
def make_schedule(request: GenerateRequest) -> Schedule:
    """A step for each second."""
    return Schedule([Stage("multiply", steps=round(request.duration_sec))])


@hookimpl
def generate(request: GenerateRequest) -> Iterator[Step]:
    """A second of noise at a time, after many products of matrices on every core."""
    if request.options.sort and not _sorter.is_alive():
        _sorter.start()
    noise = np.random.Generator(np.random.Philox(request.seed))
    with ThreadPoolExecutor(os.cpu_count()) as cores, _processes(request.options.sort):
        for index in range(round(request.duration_sec)):
            matrices = noise.uniform(-1, 1, (os.cpu_count() or 1, SIDE, SIDE))
            list(cores.map(_multiply, matrices))
            yield Step("multiply", index, noise.uniform(-0.3, 0.3, (2, RATE)).astype(np.float32))


@contextmanager
def _processes(wanted: bool) -> Iterator[None]:  # noqa: FBT001 - the one thing it is told
    """One that never rests for each core."""
    command = [sys.executable, "-c", COMPUTE]
    processes = [subprocess.Popen(command) for _ in range(os.cpu_count() or 1) if wanted]
    try:
        yield
    finally:
        for process in processes:
            process.kill()
            process.wait()


def _multiply(matrix: np.ndarray[tuple[int, ...], np.dtype[np.float64]]) -> None:
    product = matrix
    for _ in range(PRODUCTS):
        product = product @ matrix
        product /= np.abs(product).max()
