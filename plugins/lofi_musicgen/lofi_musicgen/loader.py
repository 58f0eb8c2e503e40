"""Load a MusicGen, whichever layout it lies in."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from lofi_core import ModelLoadFailed
from lofi_musicgen.build import build
from lofi_musicgen.built import Built
from lofi_musicgen.codec import Codec, ForeignCodec, StreamingCodec
from lofi_musicgen.config import MusicGenConfig, read_config
from lofi_musicgen.decoders.merged import MergedDecoder
from lofi_musicgen.decoders.split import SplitDecoder
from lofi_musicgen.decoders.step import StepDecoder
from lofi_musicgen.graph.cut import cut_codec
from lofi_musicgen.layouts import AROUND, DECODERS, Layout, find_layout
from lofi_musicgen.probe import probe
from lofi_musicgen.text import ForeignTextEncoder, TextEncoder
from lofi_musicgen.tokens import Tokenizer
from lofi_musicgen.weights import Checkpoint

if TYPE_CHECKING:
    from pathlib import Path

    from lofi_core import Runtime
    from lofi_musicgen.decoders import Decoder


@dataclass(frozen=True, slots=True)
class Model:
    """All networks of one MusicGen, ready to run.

    Attributes:
        provider: the ONNX Runtime provider that the language model really runs on.
    """

    config: MusicGenConfig
    tokenizer: Tokenizer
    text_encoder: TextEncoder
    decoder: Decoder
    codec: Codec
    provider: str


def load(model_dir: Path, runtime: Runtime, weights: str) -> Model:
    """Read, build if need be, and open the sessions.

    Args:
        model_dir: holds one of the three layouts.
        runtime: what it runs on.
        weights: `quality`, `fast` or `exact` for a checkpoint; exports are what they are.

    Raises:
        ModelNotFound: files are missing.
        ModelLoadFailed: a file is not what it should be.
    """
    layout = find_layout(model_dir)
    config = read_config(model_dir)
    tokenizer = Tokenizer(model_dir, config.text)
    if layout.kind == "safetensors":
        return _load_checkpoint(model_dir, config, tokenizer, runtime, weights)
    return _load_export(model_dir, layout, config, tokenizer, runtime)


def _load_checkpoint(
    model_dir: Path, config: MusicGenConfig, tokenizer: Tokenizer, runtime: Runtime, weights: str
) -> Model:
    precision = "half" if runtime.device == "cuda" and weights != "exact" else weights
    runtime.note("precision", precision)
    parts, encoder = build(Checkpoint(model_dir), config, precision, runtime)
    decoder = StepDecoder(parts.decoder, config, runtime)
    codec = StreamingCodec(parts.codec, config.codec, runtime)
    return Model(config, tokenizer, encoder, decoder, codec, decoder.provider)


def _load_export(
    model_dir: Path, layout: Layout, config: MusicGenConfig, tokenizer: Tokenizer, runtime: Runtime
) -> Model:
    decoder: SplitDecoder | MergedDecoder
    runtime.note("precision", f"exported{layout.suffix}")
    if layout.kind == "merged":
        decoder = MergedDecoder(layout.file(model_dir, "decoder_model_merged"), config, runtime)
    else:
        files = [layout.file(model_dir, name) for name in ("decoder_model", "decoder_with_past_model")]
        decoder = SplitDecoder(files[0], files[1], config, runtime)
    if config.channels != 1:
        raise ModelLoadFailed("ONNX exports of stereo MusicGen are not known", "use its model.safetensors")
    text_file, codec_file = (layout.file(model_dir, name) for name in AROUND)
    encoder = ForeignTextEncoder(text_file, runtime)
    decoder_file = layout.file(model_dir, DECODERS[layout.kind][0])
    whole = ForeignCodec(codec_file, config.codec, runtime)
    probe(config, (text_file, encoder), (decoder_file, decoder), (codec_file, whole))
    codec = _cut_codec(codec_file, whole, config, runtime)
    return Model(config, tokenizer, encoder, decoder, codec, decoder.provider)


def _cut_codec(file: Path, whole: ForeignCodec, config: MusicGenConfig, runtime: Runtime) -> Codec:
    """The export's codec cut at its LSTM, or, where that cannot be done, as it is."""
    try:
        built = Built(file.parent, [file], lambda share: runtime.report(share, "hash"))
        if not built.has("codec"):
            with built.making("codec") as directory:
                cut_codec(file, directory)
        return StreamingCodec(built.part("codec"), config.codec, runtime)
    except ModelLoadFailed as error:
        runtime.log.warning("%s; it decodes in overlapping pieces, which is not quite the same", error)
        return whole
