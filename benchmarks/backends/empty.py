"""A backend that takes steps and makes nothing in them, and says what each of them cost the core."""

from __future__ import annotations

import time
from collections import deque
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec
import numpy as np

from lofi_core import BackendSpec, Schedule, Stage, Step, hookimpl

if TYPE_CHECKING:
    from collections.abc import Iterator

    from lofi_core import GenerateRequest

RATE = 8_000


class Options(msgspec.Struct, forbid_unknown_fields=True):
    """Options of the request.

    Attributes:
        steps: how many.
        report: a file that gets the seconds they took more than in a loop of their own, in this thread.
    """

    steps: int = 1500
    report: str = ""


@hookimpl
def describe_backend() -> BackendSpec:
    """What it is."""
    return BackendSpec("empty", "Empty", RATE, 1, 1, 60, model_version="1", options=Options)


@hookimpl
def make_schedule(request: GenerateRequest) -> Schedule:
    """As many steps as asked for."""
    return Schedule([Stage("walk", steps=request.options.steps)])


@hookimpl
def generate(request: GenerateRequest) -> Iterator[Step]:
    """The steps, without anybody and with the core between them; then a second of silence."""
    start = time.perf_counter()
    deque(_steps(request.options.steps), maxlen=0)
    alone, start = time.perf_counter() - start, time.perf_counter()
    yield from _steps(request.options.steps)
    extra = time.perf_counter() - start - alone
    if request.options.report:
        Path(request.options.report).write_text(str(extra))
    yield Step("walk", request.options.steps - 1, np.zeros((1, RATE), np.float32))


def _steps(count: int) -> Iterator[Step]:
    for index in range(count):
        yield Step("walk", index)
