"""ACE-Step as a backend of lofi-core: long pieces in stereo on ONNX Runtime.

Source: Gong et al., ACE-Step: A Step Towards Music Generation Foundation Model, arXiv 2506.00045.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from lofi_acestep.choice import AUTO, choose_precision
from lofi_acestep.manifest import LICENCE, PREFERRED, model_files
from lofi_acestep.options import ACEStepOptions
from lofi_acestep.plan import make_plan, make_stages
from lofi_core import BackendSpec, hookimpl

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from lofi_acestep.choice import Weights
    from lofi_core import GenerateRequest, Runtime, Schedule, Step

__all__ = ["check_model", "describe_backend", "export_model", "generate", "load_model", "make_schedule"]

VERSION = "1"


@hookimpl
def describe_backend(variant: str | None, runtime: Runtime) -> BackendSpec:
    """Say what the model is; every variant of it makes the same kind of track."""
    precision = choose_precision(AUTO, runtime)
    return BackendSpec(
        name="ace_step",
        title="ACE-Step",
        sample_rate=48_000,
        channels=2,
        min_duration_sec=5,
        max_duration_sec=240,
        model_version=" ".join((VERSION, variant or PREFERRED, precision, runtime.device)),
        options=ACEStepOptions,
        own_process=True,
        licence=LICENCE,
        models=model_files(),
    )


@hookimpl
def make_schedule(request: GenerateRequest) -> Schedule:
    """Count frames, evaluations and which of them are guided."""
    options: ACEStepOptions = request.options
    schedule = make_stages(make_plan(options, request.duration_sec))
    return replace(schedule, weights=options.precision or AUTO)


@hookimpl
def load_model(model_dir: Path, runtime: Runtime, weights: Weights) -> Any:
    """Prepare the graphs and try each network; which of them stay open is the residency's matter."""
    # onnx, ONNX Runtime and numpy load with the model.
    from lofi_acestep.loader import load
    from lofi_acestep.pipeline import Model

    return Model(load(model_dir, runtime, weights, runtime.residency or AUTO))


@hookimpl
def generate(request: GenerateRequest, model: Any, schedule: Schedule, runtime: Runtime) -> Iterator[Step]:
    """Denoise latents and decode them."""
    from lofi_acestep.pipeline import generate_track

    yield from generate_track(request, model, schedule.state, runtime)


@hookimpl
def check_model(model_dir: Path, runtime: Runtime) -> Iterator[str]:
    """Make a short track, and compare it with that of the first check."""
    from lofi_acestep.check import check

    yield from check(model_dir, runtime)


@hookimpl
def export_model(
    source: Path,
    target: Path,
    precision: str | None,
    opset: int | None,
    components: tuple[str, ...],
    runtime: Runtime,
) -> list[str]:
    """Make the ONNX files from the official checkpoint; returns how they compare with it."""
    from lofi_acestep.exporter import export

    return export(source, target, precision, opset, components, runtime)
