"""MusicGen as a backend of lofi-core: text to music on ONNX Runtime.

Source: Copet et al., Simple and Controllable Music Generation, arXiv 2306.05284.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from lofi_core import BackendSpec, InvalidOption, LofiError, Schedule, Stage, hookimpl
from lofi_musicgen.config import read_config
from lofi_musicgen.layouts import find_layout
from lofi_musicgen.manifest import LICENCE, model_files
from lofi_musicgen.options import MusicGenOptions
from lofi_musicgen.windows import make_plan

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from lofi_core import GenerateRequest, Runtime, Step

__all__ = ["check_model", "describe_backend", "export_model", "generate", "load_model", "make_schedule"]

VERSION = "1"
DEFAULT_PRECISION = "quality"
QUANTISED = {"quality", "fast"}


@hookimpl
def describe_backend(model_dir: Path, variant: str | None, runtime: Runtime) -> BackendSpec:
    """Say what the installed model is; without one, what `small` would be."""
    channels, sample_rate = (2 if (variant or "").startswith("stereo") else 1), 32_000
    try:
        config = read_config(model_dir)
        channels, sample_rate = config.channels, config.codec.sample_rate
    except LofiError:
        pass  # nothing installed yet, or nothing usable; `load_model` says what is wrong
    weights = _weights_of(model_dir, None)
    return BackendSpec(
        name="musicgen",
        title="MusicGen",
        sample_rate=sample_rate,
        channels=channels,
        min_duration_sec=1,
        max_duration_sec=600,
        model_version=" ".join((VERSION, variant or "small", weights, runtime.device)),
        options=MusicGenOptions,
        streaming=True,
        licence=LICENCE,
        models=model_files(),
        own_process=True,
    )


@hookimpl
def make_schedule(request: GenerateRequest, model_dir: Path) -> Schedule:
    """Lay out the windows; one step for each column of codes."""
    options: MusicGenOptions = request.options
    weights = _weights_of(model_dir, options.precision)
    plan = make_plan(
        read_config(model_dir),
        request.duration_sec,
        options.extend_stride,
        prompt_at_once=weights not in QUANTISED,
    )
    stages = (Stage("encode", 1, 1.0), Stage("sample", plan.steps, plan.steps), Stage("decode", 1, 1.0))
    return Schedule(stages, state=plan, weights=weights)


@hookimpl
def load_model(model_dir: Path, runtime: Runtime, weights: str) -> Any:
    """Open the networks; the first time, build their graphs."""
    # onnx, ONNX Runtime and numpy load with the model.
    from lofi_musicgen.loader import load

    return load(model_dir, runtime, weights)


@hookimpl
def generate(request: GenerateRequest, model: Any, schedule: Schedule, runtime: Runtime) -> Iterator[Step]:
    """Draw the codes and decode them."""
    from lofi_musicgen.loop import generate_track

    yield from generate_track(request, model, schedule.state, runtime)


@hookimpl
def check_model(model_dir: Path, runtime: Runtime) -> Iterator[str]:
    """Run fixed codes through what is installed; compare with the first check, and with float32."""
    from lofi_musicgen.check import check

    yield from check(model_dir, runtime)


@hookimpl
def export_model(
    source: Path, target: Path, layout: str | None, precision: str | None, runtime: Runtime
) -> list[str]:
    """Make a split export, or our own graphs, from a checkpoint; returns how they compare with it."""
    from lofi_musicgen.export import export

    return export(source, target, layout, precision, runtime)


def _weights_of(model_dir: Path, precision: str | None) -> str:
    """Which form of the weights a request needs; exports have one only."""
    try:
        exported = find_layout(model_dir).kind != "safetensors"
    except LofiError:
        exported = False
    if not exported:
        return precision or DEFAULT_PRECISION
    if precision is not None:
        raise InvalidOption(
            f"precision is {precision!r}, but the files in {model_dir} are an ONNX export, of one precision",
            "leave it out, or use the model's model.safetensors: lofi-core pull musicgen",
        )
    return "exported"
