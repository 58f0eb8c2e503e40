"""The smallest backend: one tone, one second a step."""

from collections.abc import Iterator

from lofi_core import BackendSpec, GenerateRequest, Schedule, Stage, Step, hookimpl


@hookimpl
def describe_backend() -> BackendSpec:
    return BackendSpec("sine", "A sine tone", 48_000, 1, 1, 600, model_version="1", streaming=True)


@hookimpl
def make_schedule(request: GenerateRequest) -> Schedule:
    return Schedule([Stage("tone", steps=max(1, round(request.duration_sec)))])


@hookimpl
def generate(request: GenerateRequest, schedule: Schedule) -> Iterator[Step]:
    import numpy as np

    total, steps = round(request.duration_sec * 48_000), schedule.stages[0].steps
    hertz = 220 + np.random.default_rng(request.seed).integers(660)
    for index, frames in enumerate(np.array_split(np.arange(total), steps)):
        yield Step("tone", index, 0.5 * np.sin(2 * np.pi * hertz * frames[None] / 48_000))
