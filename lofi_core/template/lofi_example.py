"""A backend for lofi-core. So far it hums one tone; the rest is yours."""

from collections.abc import Iterator
from typing import Annotated

from lofi_core import BackendSpec, GenerateRequest, Schedule, Stage, Step, hookimpl
from msgspec import Meta, Struct

RATE = 48_000


class Options(Struct, forbid_unknown_fields=True):
    """What a user may set, as in `-O octave=1`: each has limits and a default."""

    octave: Annotated[int, Meta(ge=-2, le=2, description="How far up.")] = 0


@hookimpl
def describe_backend() -> BackendSpec:
    """Say what it is. The daemon's start waits for this: import nothing heavy."""
    return BackendSpec(
        name="example",
        title="Example",
        sample_rate=RATE,
        channels=1,
        min_duration_sec=1,
        max_duration_sec=600,
        model_version="1",  # change it when the same request sounds different
        options=Options,
        streaming=True,
    )


@hookimpl
def make_schedule(request: GenerateRequest) -> Schedule:
    """Plan a track: its stages, and how many steps each has."""
    return Schedule([Stage("tone", steps=max(1, round(request.duration_sec)))])


@hookimpl
def generate(request: GenerateRequest, schedule: Schedule) -> Iterator[Step]:
    """Make the track. All chance comes from the seed; at a `yield` it may end."""
    import numpy as np

    chance = np.random.default_rng([request.seed, *request.prompt.encode()])
    hertz = 262 * 2 ** (request.options.octave + chance.random())
    frames = np.arange(round(request.duration_sec * RATE))
    for index, part in enumerate(np.array_split(frames, schedule.stages[0].steps)):
        yield Step("tone", index, 0.5 * np.sin(2 * np.pi * hertz * part[None] / RATE))
