"""Does an installed model run, and does it still compute what it did?

A short track is made, always the same. A few of its numbers lie beside the model: what the first check saw is
trusted from then on. Another thread count, processor or version of ONNX Runtime moves them a little; what
is damaged, or of another model, moves them much.
"""

from __future__ import annotations

import json
import os
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from lofi_acestep.choice import AUTO
from lofi_acestep.loader import load
from lofi_acestep.options import ACEStepOptions
from lofi_acestep.pipeline import Model, generate_track
from lofi_acestep.plan import make_plan, make_stages
from lofi_core import GenerateRequest, ModelLoadFailed

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from numpy.typing import NDArray

    from lofi_core import Runtime

FILE = ".lofi-latents.json"
# As short as can be, with a guided evaluation and one that is not.
OPTIONS, SECONDS, SEED, PROMPT = ACEStepOptions(inference_steps=2), 5.0, 7, "lofi jazz, rain"
VALUES = 600  # kept of the latents and of the samples
TOLERANCE = 5e-2  # relative rms
LOAD_SHARE = 0.5  # of the progress


def check(model_dir: Path, runtime: Runtime) -> Iterator[str]:
    """Yield a line for each thing that is right.

    Raises:
        ModelNotFound: files are missing.
        ModelLoadFailed: a file is not what it should be, or computes something else than at the first check.
        InferenceFailed: what comes out is not finite.
    """
    loading = replace(runtime, report=lambda share, what: runtime.report(share * LOAD_SHARE, what))
    networks = load(model_dir, loading, AUTO, "staged")
    precision = networks.precision
    yield f"{precision}: the five networks open, run and fit together"
    weakening = networks.weakening
    if weakening.text and weakening.lyrics and weakening.denoiser:
        yield "the negative branch can be the reference's (erg)"
    else:
        yield "the negative branch is zero: not all networks can weaken their attention"
    job = runtime.for_job()
    request = GenerateRequest(PROMPT, SECONDS, SEED, OPTIONS)
    plan = make_plan(OPTIONS, SECONDS)
    pieces = []
    total = sum(stage.steps for stage in make_stages(plan).stages)
    for number, step in enumerate(generate_track(request, Model(networks), plan, job)):
        runtime.report(LOAD_SHARE + (1 - LOAD_SHARE) * min(number / total, 1), step.stage)
        pieces += [] if step.audio is None else [step.audio]
    samples = np.concatenate(pieces, axis=1)
    if not np.abs(samples[0] - samples[1]).any():
        raise ModelLoadFailed("left and right are the same", "fetch the files again: lofi-core pull ace_step")
    yield f"{plan.duration_sec:.1f} s come out, in stereo; decoded: {job.notes['decode']}"
    found = {"latents": _sample(job.kept["latents"]), "samples": _sample(samples)}
    yield _compared(model_dir / FILE, precision, found)


def _compared(file: Path, form: str, found: dict[str, list[float]]) -> str:
    """Compare with what the first check of this form saw; if this is the first, note it."""
    known = _read(file)
    if form not in known:
        return _note(file, known | {form: found}, form)
    errors = {name: _relative_rms(found[name], known[form].get(name, [])) for name in found}
    for name, error in errors.items():
        if error > TOLERANCE:
            raise ModelLoadFailed(
                f"{form}: the {name} are not those of the first check: relative rms difference {error:.1e}",
                "fetch the files again: lofi-core pull ace_step; or, if you changed the model on purpose,"
                f" delete {file}",
            )
    return f"{form}: as at the first check (latents within {errors['latents']:.0e})"


def _read(file: Path) -> dict[str, Any]:
    try:
        known: dict[str, Any] = json.loads(file.read_text())
        return {form: {name: list(map(float, one[name])) for name in one} for form, one in known.items()}
    except FileNotFoundError:
        return {}
    except (OSError, ValueError, TypeError, AttributeError) as error:
        raise ModelLoadFailed(
            f"{file} cannot be read: {error}", "delete it; the next check writes it anew"
        ) from error


def _note(file: Path, known: dict[str, Any], form: str) -> str:
    draft = file.with_name(f"{FILE}.{os.getpid()}.tmp")
    try:
        draft.write_text(json.dumps(known))
        draft.replace(file)
    except OSError as error:
        return f"{form}: first check, which cannot be remembered: {error.strerror or error}"
    return f"{form}: first check; its numbers are remembered in {FILE}"


def _sample(array: NDArray[Any]) -> list[float]:
    """Values at equal distances over all of it, six digits each."""
    flat = array.astype(np.float64).reshape(-1)
    chosen = flat[np.linspace(0, flat.size - 1, VALUES).astype(np.int64)]
    return [float(f"{value:.6g}") for value in chosen]


def _relative_rms(found: list[float], known: list[float]) -> float:
    if len(found) != len(known):
        return float("inf")
    one, other = np.array(found), np.array(known)
    return float(np.sqrt(np.mean((one - other) ** 2)) / max(np.sqrt(np.mean(other**2)), 1e-12))
