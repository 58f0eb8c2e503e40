"""The embedded backend: music computed from the words of the prompt, with no model file.

Three questions are kept apart: what the prompt means (`words`), what is played (`score`), and how it sounds
(`sound`). `plan` fixes tempo and bars when the request arrives; `render` walks the bars.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from lofi_core import BackendSpec, Loop, Music, Schedule, Stage, hookimpl
from lofi_procedural.explain import explain
from lofi_procedural.options import ProceduralOptions
from lofi_procedural.plan import SAMPLE_RATE, make_plan

if TYPE_CHECKING:
    from collections.abc import Iterator

    from lofi_core import GenerateRequest, Runtime, Step

__all__ = ["describe_backend", "generate", "make_schedule"]


@hookimpl
def describe_backend() -> BackendSpec:
    """Name the backend and what it can be asked."""
    return BackendSpec(
        name="procedural",
        title="Procedural lofi",
        sample_rate=SAMPLE_RATE,
        channels=2,
        min_duration_sec=5,
        max_duration_sec=600,
        model_version="4",
        options=ProceduralOptions,
        streaming=True,
        loudness="by_construction",
    )


@hookimpl
def make_schedule(request: GenerateRequest) -> Schedule:
    """Read the prompt and lay out the bars; one render step per bar, the ending included.

    A loop is mixed whole before its samples leave.
    """
    plan = make_plan(request)
    key = plan.brief.stated_key
    music = Music(plan.tempo, str(key) if key else None, plan.brief.metre.beats, plan.first_bar_sec)
    stages = [Stage("compose", 1, 0.02), Stage("render", plan.steps, 0.98)]
    if plan.loops:
        stages.append(Stage("level", plan.bars, 0.02))
    return Schedule(
        stages,
        plan,
        music=music,
        explanation=explain(plan),
        loop=Loop(0, plan.total_samples) if plan.loops else None,
    )


@hookimpl
def generate(request: GenerateRequest, schedule: Schedule, runtime: Runtime) -> Iterator[Step]:
    """Compose the piece, then render and yield it bar by bar."""
    # numpy and the synthesiser load with the first track, not with the daemon.
    from lofi_procedural.render import compose, render

    piece = compose(request, schedule.state)
    runtime.note("key", str(piece.key))
    yield from render(request, schedule.state, piece)
