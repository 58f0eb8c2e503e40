"""A backend that makes a tenth of a second of sound at a time, in real time, at a speed that one names."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import msgspec
import numpy as np

from lofi_core import BackendSpec, Schedule, Stage, Step, hookimpl

if TYPE_CHECKING:
    from collections.abc import Iterator

    from lofi_core import GenerateRequest

RATE, CHUNK_SEC = 32_000, 0.1


class Options(msgspec.Struct, forbid_unknown_fields=True):
    """Options of the request.

    Attributes:
        speed: seconds of sound in a second of work.
    """

    speed: float = 1.0


@hookimpl
def describe_backend() -> BackendSpec:
    """What it is."""
    return BackendSpec("paced", "Paced", RATE, 1, 1, 600, model_version="1", streaming=True, options=Options)


@hookimpl
def make_schedule(request: GenerateRequest) -> Schedule:
    """A step for each chunk."""
    return Schedule([Stage("walk", steps=round(request.duration_sec / CHUNK_SEC))])


@hookimpl
def generate(request: GenerateRequest) -> Iterator[Step]:
    """Noise, each chunk at its time: one that is late does not make the next ones late."""
    noise = np.random.Generator(np.random.Philox(request.seed))
    begun = time.monotonic()
    for index in range(round(request.duration_sec / CHUNK_SEC)):
        due = begun + (index + 1) * CHUNK_SEC / request.options.speed
        time.sleep(max(due - time.monotonic(), 0.0))
        yield Step("walk", index, noise.uniform(-0.3, 0.3, (1, round(RATE * CHUNK_SEC))).astype(np.float32))
