"""Which files make an ACE-Step?

As they are published at willibrandon/lofi-models, folder ace-step, and as our own exporter writes them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from lofi_core import ModelNotFound

if TYPE_CHECKING:
    from pathlib import Path

TOKENIZER = "tokenizer.json"
TEXT_ENCODER = "text_encoder.onnx"
CONTEXT_ENCODER = "transformer_encoder.onnx"
DENOISER = "transformer_decoder.onnx"
LATENT_DECODER = "dcae_decoder.onnx"
VOCODER = "vocoder.onnx"
NETWORKS = (TEXT_ENCODER, CONTEXT_ENCODER, DENOISER, LATENT_DECODER, VOCODER)
# Over 2 GB protobuf cannot hold the weights; the graph names this file, or another one.
DENOISER_WEIGHTS = "transformer_decoder_weights.bin"
REMEDY = "lofi-core pull ace_step"


@dataclass(frozen=True, slots=True)
class Files:
    """The files of one model, all of them there.

    Attributes:
        directory: the model's.
        tokenizer: of UMT5.
        text_encoder: UMT5.
        context_encoder: the transformer's first part.
        denoiser: its second part; its weights lie beside it.
        latent_decoder: the DCAE's decoder.
        vocoder: one channel.
    """

    directory: Path
    tokenizer: Path
    text_encoder: Path
    context_encoder: Path
    denoiser: Path
    latent_decoder: Path
    vocoder: Path


def find_files(model_dir: Path) -> Files:
    """See that all are there. Reads of the graphs only where their weights lie.

    Raises:
        ModelNotFound: names what is missing.
        ModelLoadFailed: a graph is no ONNX file.
    """
    missing = [name for name in (TOKENIZER, *NETWORKS) if not (model_dir / name).is_file()]
    if not (model_dir / DENOISER).is_file():
        # The graph would say how its weights are called.
        missing += [DENOISER_WEIGHTS] if not (model_dir / DENOISER_WEIGHTS).is_file() else []
    if not missing:
        missing = [name for network in NETWORKS for name in _missing_weights(model_dir / network)]
    if missing:
        raise ModelNotFound(f"{model_dir} holds no whole ACE-Step: {', '.join(missing)} missing", REMEDY)
    return Files(model_dir, *(model_dir / name for name in (TOKENIZER, *NETWORKS)))


def _missing_weights(network: Path) -> list[str]:
    from lofi_acestep.surgery.skim import read_graph, weight_files

    return [name for name in weight_files(read_graph(network)) if not (network.parent / name).is_file()]
