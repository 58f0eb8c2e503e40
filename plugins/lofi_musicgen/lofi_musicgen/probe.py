"""Do files of an export fit together and their configuration? Run each once, briefly, before any track."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

import numpy as np

from lofi_core import LofiError, ModelLoadFailed

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from lofi_musicgen.codec import ForeignCodec
    from lofi_musicgen.config import MusicGenConfig
    from lofi_musicgen.decoders import Decoder, TextStates
    from lofi_musicgen.text import TextEncoder

_T = TypeVar("_T")
FRAMES = 12
MEND = "put files of one and the same model there, or: lofi-core pull musicgen"


def probe(
    config: MusicGenConfig,
    text_encoder: tuple[Path, TextEncoder],
    decoder: tuple[Path, Decoder],
    codec: tuple[Path, ForeignCodec],
) -> None:
    """Encode one token, take two columns, decode a few frames.

    Raises:
        ModelLoadFailed: a file does not run, or what comes out has not the shape that `config.json` asks for.
    """
    states = _attempt(text_encoder[0], lambda: text_encoder[1].encode([1]))
    _see(text_encoder[0], "text states", states.hidden.shape, (1, 1, config.text.d_model))
    logits_shape = (2, config.num_codebooks, config.vocab_size)
    for shape in _attempt(decoder[0], lambda: _columns(config, decoder[1], states)):
        _see(decoder[0], "logits", shape, logits_shape)
    samples = _attempt(codec[0], lambda: _decoded(config, codec[1]))
    _see(codec[0], "samples", (samples,), (FRAMES * config.codec.hop,))


def _columns(config: MusicGenConfig, decoder: Decoder, states: TextStates) -> list[tuple[int, ...]]:
    special = np.full(config.num_codebooks, config.special_token, np.int64)
    state = decoder.start(states, 2)
    first = decoder.prefill(state, special[:, None]).shape
    return [first, decoder.step(state, special).shape]


def _decoded(config: MusicGenConfig, codec: ForeignCodec) -> int:
    """How many samples really come out; `decode` cuts them to what the configuration says."""
    codes = np.zeros((1, 1, config.num_codebooks // config.channels, FRAMES), np.int64)
    feeds = {codec.input: codes}
    if codec.scales is not None:
        feeds[codec.scales] = np.ones((1, 1), np.float32)
    return int(codec.runtime.run(codec.session, feeds)[0].size)


def _attempt(file: Path, run: Callable[[], _T]) -> _T:
    try:
        return run()
    except (LofiError, MemoryError):
        raise
    except Exception as error:  # ONNX Runtime's have no common base
        line = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise ModelLoadFailed(f"{file} does not fit its config.json: {line[:200]}", MEND) from error


def _see(file: Path, what: str, found: tuple[int, ...], wanted: tuple[int, ...]) -> None:
    if tuple(found) != wanted:
        raise ModelLoadFailed(f"{file} makes {what} {found}; by config.json it should be {wanted}", MEND)
