"""ACE-Step as a backend of lofi-core: long pieces in stereo on ONNX Runtime.

Source: Gong et al., ACE-Step: A Step Towards Music Generation Foundation Model, arXiv 2506.00045.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from lofi_acestep.manifest import LICENCE, model_files
from lofi_acestep.options import ACEStepOptions
from lofi_acestep.plan import make_plan, make_stages
from lofi_core import BackendSpec, hookimpl

if TYPE_CHECKING:
    from lofi_core import GenerateRequest, Runtime, Schedule

__all__ = ["describe_backend", "make_schedule"]

VERSION = "1"
# What `load_model` is told when the request leaves the precision to the device.
AUTO = "auto"


@hookimpl
def describe_backend(variant: str | None, runtime: Runtime) -> BackendSpec:
    """Say what the model is; every variant of it makes the same kind of track."""
    return BackendSpec(
        name="ace_step",
        title="ACE-Step",
        sample_rate=48_000,
        channels=2,
        min_duration_sec=5,
        max_duration_sec=240,
        model_version=" ".join((VERSION, variant or "v1-3.5b", runtime.precision, runtime.device)),
        options=ACEStepOptions,
        licence=LICENCE,
        models=model_files(),
    )


@hookimpl
def make_schedule(request: GenerateRequest) -> Schedule:
    """Count frames, evaluations and which of them are guided."""
    options: ACEStepOptions = request.options
    schedule = make_stages(make_plan(options, request.duration_sec))
    return replace(schedule, weights=options.precision or AUTO)
