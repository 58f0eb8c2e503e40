"""Are these five networks ACE-Step's, and of one model? Run each once, briefly, before any track."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

import numpy as np

from lofi_acestep.files import REMEDY
from lofi_acestep.networks.denoiser import CHANNELS, HEIGHT
from lofi_acestep.networks.vocoder import MEL_BINS
from lofi_acestep.surgery.affine import (
    INTO_DCAE,
    KNOWN_AFTER,
    KNOWN_BEFORE,
    OUT_OF_DCAE,
    Affine,
    at_input,
    at_output,
)
from lofi_acestep.surgery.graph import Graph
from lofi_acestep.surgery.skim import read_graph
from lofi_core import InferenceFailed, LofiError, ModelLoadFailed

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from lofi_acestep.arrays import FloatArray
    from lofi_acestep.networks import Context
    from lofi_acestep.networks.context import OnnxContextEncoder
    from lofi_acestep.networks.denoiser import OnnxDenoiser
    from lofi_acestep.networks.latent_decoder import OnnxLatentDecoder
    from lofi_acestep.networks.session import Session
    from lofi_acestep.networks.text import OnnxTextEncoder
    from lofi_acestep.networks.vocoder import OnnxVocoder

_T = TypeVar("_T")
TOKENS, LYRICS, FRAMES, MEL_FRAMES, HOP = 2, 3, 8, 16, 512
# What the network itself gives lies within ±1.3. Less than this is mapped, in a way that is not seen.
NORMALISED = -2.0


def probe_text_encoder(network: OnnxTextEncoder) -> FloatArray:
    """Two tokens → hidden states [1, 2, W]."""
    ids = np.array([[3, 1]], np.int64)
    states = _attempt(network, lambda: network.encode(ids, np.ones_like(ids)))
    if states.ndim != 3 or states.shape[:2] != (1, TOKENS):
        raise network.foreign(f"two tokens give hidden states {states.shape}")
    return states


def probe_context_encoder(network: OnnxContextEncoder, text: FloatArray, text_file: Path) -> Context:
    """Those states and three lyric tokens → context of 1 + 2 + 3."""
    if network.text_width not in (None, text.shape[2]):
        raise network.foreign(
            f"it takes text {network.text_width} wide; {text_file.name} gives {text.shape[2]}"
        )
    ones = np.ones((1, TOKENS), np.int64)
    speaker = np.zeros((1, network.speaker_width or 512), np.float32)
    lyrics = np.array([[0, 1, 2]], np.int64)
    context = _attempt(network, lambda: network.encode(text, ones, speaker, lyrics, np.ones_like(lyrics)))
    if context.states.ndim != 3 or context.states.shape[1] != 1 + TOKENS + LYRICS:
        raise network.foreign(
            f"two tokens and three of lyrics give a context {context.states.shape}, not 6 long"
        )
    return context


def probe_denoiser(network: OnnxDenoiser, context: Context, context_file: Path) -> None:
    """One step on eight frames."""
    width = context.states.shape[2]
    if network.context_width not in (None, width):
        raise network.foreign(
            f"it takes a context {network.context_width} wide; {context_file.name} gives {width}"
        )
    latents = np.random.default_rng(0).standard_normal((1, CHANNELS, HEIGHT, FRAMES)).astype(np.float32)
    velocity = _attempt(network, lambda: network.velocity(latents, 500.0, context))
    if velocity.shape != latents.shape:
        raise network.foreign(f"latents {latents.shape} give a velocity {velocity.shape}")


def probe_latent_decoder(network: OnnxLatentDecoder) -> None:
    """Find the maps around the DCAE, and decode silence with them.

    Sets `before` and `after` of the network.
    """
    latents = np.zeros((1, CHANNELS, HEIGHT, network.frames or FRAMES), np.float32)
    mel = _attempt(network, lambda: network.mel(latents))
    wanted = (1, 2, MEL_BINS, 8 * latents.shape[3])
    if mel.shape != wanted:
        raise network.foreign(f"latents {latents.shape} give a mel {mel.shape}, not {wanted}")
    network.before, network.after = affine_around(network, float(mel.min()))
    _attempt(network, lambda: network.mel(latents))


def affine_around(network: OnnxLatentDecoder, least: float) -> tuple[Affine | None, Affine | None]:
    """What to do before and after the file, so that latents become log-mel.

    Args:
        network: whose graph is looked at.
        least: of what it gives for zeros.

    Raises:
        ModelLoadFailed: it has maps at its ends that are not ACE-Step's.
    """
    graph = Graph(read_graph(network.file))
    inner = at_input(graph), at_output(graph)
    for found, known, where in zip(inner, (KNOWN_BEFORE, KNOWN_AFTER), ("begins", "ends"), strict=True):
        if not any(found.near(one) for one in known):
            raise network.foreign(f"it {where} with {found.scale:g} x + {found.shift:g}")
    # First `before`, then what the file does, is all that should be done; likewise at the other end.
    before, after = INTO_DCAE.then(inner[0].inverse()), inner[1].inverse().then(OUT_OF_DCAE)
    if inner[1] == Affine() and least < NORMALISED:
        # Who hides one map, in a convolution say, holds the other as well.
        before, after = (Affine() if inner[0] == Affine() else before), Affine()
    return None if before.near(Affine()) else before, None if after.near(Affine()) else after


def probe_vocoder(network: OnnxVocoder) -> None:
    """A little noise."""
    mel = np.random.default_rng(0).uniform(-8, 0, (1, MEL_BINS, MEL_FRAMES)).astype(np.float32)
    wave = _attempt(network, lambda: network.wave(mel))
    if wave.size != MEL_FRAMES * HOP:
        raise network.foreign(f"{MEL_FRAMES} frames give {wave.size} samples, not {MEL_FRAMES * HOP}")


def vocabulary(text_encoder: Path) -> int | None:
    """How many tokens a text encoder knows: the rows of the table that `input_ids` looks up."""
    graph = Graph(read_graph(text_encoder))
    for node in graph.nodes:
        if node.op_type == "Gather" and "input_ids" in (node.input[1], *_inputs_behind(graph, node.input[1])):
            table = graph.weight(node.input[0])
            return int(table.dims[0]) if table is not None and len(table.dims) == 2 else None
    return None


def _inputs_behind(graph: Graph, value: str) -> list[str]:
    return [name for node in graph.back(value) for name in node.input]


def _attempt(network: Session, run: Callable[[], _T]) -> _T:
    try:
        return run()
    except InferenceFailed as error:
        raise ModelLoadFailed(error.message, error.hint or REMEDY) from error
    except (LofiError, MemoryError):
        raise
    except Exception as error:  # ONNX Runtime's have no common base
        line = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise network.foreign(f"it does not run: {line[:300]}") from error
