"""Build what is missing of a checkpoint's graphs, in the precision that is asked for."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from lofi_musicgen.built import Built
from lofi_musicgen.decoders.step import StepDecoder
from lofi_musicgen.graph.codec import build_front, build_lstm, build_up
from lofi_musicgen.graph.step import build_cross, build_step, with_int8_cache
from lofi_musicgen.graph.text import build_text_encoder
from lofi_musicgen.options import MusicGenOptions
from lofi_musicgen.sampling import Sampler
from lofi_musicgen.shapes import check_shapes
from lofi_musicgen.text import BuiltTextEncoder

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from lofi_core import Runtime
    from lofi_musicgen.config import MusicGenConfig
    from lofi_musicgen.decoders import TextStates
    from lofi_musicgen.graph.builder import Kind
    from lofi_musicgen.weights import Checkpoint

    Report = Callable[[float], None]
    Magnitudes = NDArray[np.float32]  # [H, D]


@dataclass(frozen=True, slots=True)
class Form:
    """How one precision is made.

    Attributes:
        text, cross, step: kind of the weights of each graph.
        int8_cache: keys and values are kept in int8.
    """

    text: Kind
    cross: Kind
    step: Kind
    int8_cache: bool


FORMS: dict[str, Form] = {
    "quality": Form("int8", "int8", "int8", int8_cache=True),
    "fast": Form("int8", "int8", "int4", int8_cache=True),
    "exact": Form("fp32", "fp32", "fp32", int8_cache=False),
    # What a GPU computes in; it stands in for `quality` and `fast` there.
    "half": Form("fp32", "fp16", "fp16", int8_cache=False),
}
# Steps that are run to see how large keys and values get, and the room left above what was seen.
CALIBRATION_STEPS, HEADROOM = 96, 1.25
CALIBRATION_TOKENS = 12


@dataclass(frozen=True, slots=True)
class Parts:
    """Directories of the graphs that one precision needs."""

    text: Path
    codec: Path
    decoder: Path


def build(
    checkpoint: Checkpoint,
    config: MusicGenConfig,
    precision: str,
    runtime: Runtime,
    home: Path | None = None,
) -> tuple[Parts, BuiltTextEncoder]:
    """Build what is not there yet, telling `runtime.report`.

    Args:
        checkpoint: the weights.
        config: their shape.
        precision: one of `FORMS`.
        runtime: what the graphs will run on.
        home: where they belong; beside the checkpoint when None.

    Raises:
        ModelLoadFailed: the checkpoint lacks a tensor or has another shape than `config.json` says, or there
            is no room.
    """
    form = FORMS[precision]
    report = runtime.report
    check_shapes(checkpoint, config)
    built = Built(
        home or checkpoint.model_dir,
        checkpoint.files,
        lambda share: report(0.1 * share, "hash"),
        repr(config),
    )
    text, codec, decoder = f"text-{form.text}", "codec", f"decoder-{precision}"
    if not built.has(text):
        report(0.1, "build")
        with built.making(text) as directory:
            build_text_encoder(directory / "text.onnx", checkpoint, config.text, form.text)
    if not built.has(codec):
        report(0.2, "build")
        with built.making(codec) as directory:
            _build_codec(directory, checkpoint, config)
    encoder = BuiltTextEncoder(built.part(text) / "text.onnx", checkpoint, config.text, runtime)
    if not built.has(decoder):
        with built.making(decoder) as directory:
            build_cross(directory / "cross.onnx", checkpoint, config, form.cross)
            build_step(
                directory / "step.onnx",
                checkpoint,
                config,
                form.step,
                lambda share: report(0.3 + 0.5 * share, "build"),
            )
            if form.int8_cache:
                report(0.85, "calibrate")
                _calibrate(directory, config, encoder, runtime)
    report(1.0, "load")
    return Parts(built.part(text), built.part(codec), built.part(decoder)), encoder


def _build_codec(directory: Path, checkpoint: Checkpoint, config: MusicGenConfig) -> None:
    codebooks = config.num_codebooks // config.channels
    build_front(directory / "codec_front.onnx", checkpoint, config.codec, codebooks)
    build_lstm(directory / "codec_lstm.onnx", checkpoint, config.codec)
    build_up(directory / "codec_up.onnx", checkpoint, config.codec)


def _calibrate(directory: Path, config: MusicGenConfig, encoder: BuiltTextEncoder, runtime: Runtime) -> None:
    """Give the step graph an int8 cache whose scales fit what the model really keeps there."""
    step = directory / "step.onnx"
    tokens = np.random.default_rng(0).integers(3, config.text.vocab_size, CALIBRATION_TOKENS).tolist()
    largest = largest_in_cache(StepDecoder(directory, config, runtime), config, encoder.encode([*tokens, 1]))
    with_int8_cache(step, directory / "int8.onnx", scales_of(largest))
    (directory / "int8.onnx").rename(step)


def scales_of(largest: Sequence[tuple[Magnitudes, Magnitudes]]) -> list[tuple[Magnitudes, Magnitudes]]:
    """What one step of int8 stands for, for each layer, so that a little more than the largest fits."""
    step_size = np.float32(HEADROOM / 127)
    return [(keys * step_size, values * step_size) for keys, values in largest]


def largest_in_cache(
    decoder: StepDecoder, config: MusicGenConfig, text: TextStates
) -> list[tuple[Magnitudes, Magnitudes]]:
    """The largest magnitudes of keys and values over a sampled beginning: for each layer two [H, D]."""
    state = decoder.start(text, CALIBRATION_STEPS)
    sampler = Sampler(MusicGenOptions(), seed=0)
    ids = np.full(config.num_codebooks, config.special_token, np.int64)
    for _ in range(CALIBRATION_STEPS):
        ids = sampler.draw(decoder.step(state, ids))

    def magnitude(letter: str, layer: int) -> Magnitudes:
        kept = np.abs(state.inputs[f"past_{letter}{layer}"].numpy()).max(axis=(0, 2))
        floored: Magnitudes = np.maximum(kept, 1e-6).astype(np.float32)
        return floored

    return [(magnitude("k", layer), magnitude("v", layer)) for layer in range(config.num_layers)]
