"""Does an ONNX file compute what the checkpoint does in PyTorch?"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import onnxruntime as ort
import torch

from lofi_acestep.exporter.trace import WEAKEN
from lofi_core import ModelLoadFailed

if TYPE_CHECKING:
    from pathlib import Path

    from torch import nn

    from lofi_acestep.arrays import FloatArray
    from lofi_acestep.exporter.components import Component, Inputs

    # Inputs, and the factor of the weakened attention.
    Example = tuple[Inputs, float]
    Outputs = list[list[FloatArray]]

# Relative to the largest number that comes out. Between float32 graphs; and what rounding may do to the worst
# number of random inputs, more than that is a wrong file.
MOST = {"fp32": 1e-3, "fp16": 0.1, "int8": 0.3}
# As the negative branch weakens its attention.
TAU = 0.01


def expected(component: Component, module: nn.Module, examples: list[Example]) -> Outputs:
    """What PyTorch computes."""
    outputs = []
    with torch.inference_mode():
        for inputs, factor in examples:
            weaken = (torch.tensor(factor),) if component.weakens else ()
            found = module(*inputs.values(), *weaken)
            outputs.append([each.numpy() for each in (found if isinstance(found, tuple) else (found,))])
    return outputs


def computed(path: Path, examples: list[Example]) -> Outputs:
    """What ONNX Runtime computes, on the CPU; the factor is only fed where it is not 1.

    Raises:
        ModelLoadFailed: it refuses the file.
    """
    options = ort.SessionOptions()
    options.log_severity_level = 3
    # It would copy every weight, in an arrangement of its own, for a few calls.
    options.add_session_config_entry("session.disable_prepacking", "1")
    outputs = []
    try:
        session = ort.InferenceSession(path, options, providers=["CPUExecutionProvider"])
        # A model of fewer layers may have none that are weakened.
        weakens = WEAKEN in {each.name for each in session.get_overridable_initializers()}
        for inputs, factor in examples:
            feed = {name: value.numpy() for name, value in inputs.items()}
            if factor != 1.0 and weakens:
                feed[WEAKEN] = np.array(factor, np.float32)
            outputs.append(session.run(None, feed))
    except Exception as error:
        raise ModelLoadFailed(f"ONNX Runtime does not run {path.name}: {error}", "report this") from error
    return outputs


def deviation(wanted: Outputs, found: Outputs) -> float:
    """The largest difference, relative to the largest number there; infinite where one is no number."""
    worst = 0.0
    for one, other in zip(wanted, found, strict=True):
        for ours, theirs in zip(one, other, strict=True):
            if ours.shape != theirs.shape or not np.isfinite(theirs).all():
                return float("inf")
            worst = max(worst, float(np.abs(ours - theirs).max() / max(np.abs(ours).max(), 1e-30)))
    return worst
