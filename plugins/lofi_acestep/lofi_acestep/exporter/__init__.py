"""Make the five ONNX files from the official PyTorch checkpoint; needs the extra `export`.

Importing this package loads nothing heavy: `export` does.
"""

from __future__ import annotations

from importlib.util import find_spec
from typing import TYPE_CHECKING

from lofi_acestep.exporter.choices import COMPONENTS, DEFAULT_OPSET, OPSETS, PRECISIONS
from lofi_core import InvalidOption, ModelLoadFailed

if TYPE_CHECKING:
    from pathlib import Path

    from lofi_core import Runtime

# What the extra `export` installs.
NEEDED = {
    "torch": "PyTorch",
    "diffusers": "diffusers",
    "transformers": "transformers",
    "safetensors": "safetensors",
}


def export(
    source: Path,
    target: Path,
    precision: str | None,
    opset: int | None,
    components: tuple[str, ...],
    runtime: Runtime,
    *,
    dcae_frames: int | None = None,
) -> list[str]:
    """Write into `target`, an empty directory; it is empty again when that fails.

    Weights are read, converted and written one at a time. What each file computes is compared with PyTorch,
    which has the weights of one network in memory: 10 GB for the largest.

    Args:
        source: the official checkpoint: `ace_step_transformer`, `music_dcae_f8c8`, `music_vocoder` and
            `umt5-base`.
        target: gets `text_encoder.onnx`, `transformer_encoder.onnx`, `transformer_decoder.onnx` with
            `transformer_decoder_weights.bin`, `dcae_decoder.onnx`, `vocoder.onnx` and `tokenizer.json`.
        precision: fp32 (None), fp16 or int8.
        opset: 14…18; None: 17.
        components: of COMPONENTS; empty: all.
        runtime: is told how far it is.
        dcae_frames: the only number of latent frames the DCAE shall take; None: any. For tests of such files.

    Returns:
        For each component how far it is from PyTorch.

    Raises:
        InvalidOption: a precision, opset or component that there is not.
        ModelNotFound: a part of the checkpoint is missing.
        ModelLoadFailed: PyTorch is not installed; a part does not fit; a file is not what it should be; or
            there is no room.
    """
    _check(opset, components)
    missing = [name for name in NEEDED if find_spec(name) is None]
    if missing:
        raise ModelLoadFailed(
            f"the export of ace_step needs {NEEDED[missing[0]]}: pip install './plugins/lofi_acestep[export]'"
        )
    # PyTorch takes seconds to import, and is not there where nothing is exported.
    from lofi_acestep.exporter.whole import export_all

    wanted = [name for name in COMPONENTS if not components or name in components]
    return export_all(
        source, target, precision or PRECISIONS[0], opset or DEFAULT_OPSET, wanted, runtime, dcae_frames
    )


def _check(opset: int | None, components: tuple[str, ...]) -> None:
    if opset is not None and opset not in OPSETS:
        raise InvalidOption(
            f"opset is {opset}; known: {OPSETS[0]} to {OPSETS[-1]}", f"leave it out for {DEFAULT_OPSET}"
        )
    unknown = [name for name in components if name not in COMPONENTS]
    if unknown:
        raise InvalidOption(
            f"component is {unknown[0]!r}; known: {', '.join(COMPONENTS)}", "leave it out for all"
        )
