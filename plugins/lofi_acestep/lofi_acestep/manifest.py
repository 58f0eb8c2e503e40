"""Which model files can be fetched, and which sets of files put there by hand are recognised?"""

from __future__ import annotations

from lofi_core import ModelFile, ModelFiles

PREFERRED = "v1-3.5b"
LICENCE = "Apache-2.0"  # ACE-Step v1 3.5B
# `main`, not a commit: none is known for certain. Without sums, the first download records what it got.
HUB = "https://huggingface.co/willibrandon/lofi-models/resolve/main/ace-step/{file}"
DECODER_WEIGHTS = "transformer_decoder_weights.bin"
PUBLISHED = (
    "tokenizer.json",
    "text_encoder.onnx",
    "transformer_encoder.onnx",
    "transformer_decoder.onnx",
    DECODER_WEIGHTS,
    "dcae_decoder.onnx",
    "vocoder.onnx",
)


def model_files() -> tuple[ModelFiles, ...]:
    """All variants, the preferred one first."""
    return (
        ModelFiles(
            PREFERRED,
            [ModelFile(file, url=HUB.format(file=file)) for file in PUBLISHED],
            licence=LICENCE,
            title="ACE-Step v1 3.5B",
        ),
        # An export whose decoder is small enough to hold its weights, or names them otherwise.
        ModelFiles(
            "exported",
            [file for file in PUBLISHED if file != DECODER_WEIGHTS],
            licence=LICENCE,
            title="ONNX export",
        ),
    )
