"""What does the prompt mean to the model? Run the text encoder, whichever files it comes in."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

import numpy as np

from lofi_musicgen.decoders import TextStates
from lofi_musicgen.graph.text import BIAS_TABLE, embedding_name, position_bias

if TYPE_CHECKING:
    from pathlib import Path

    from lofi_core import Runtime
    from lofi_musicgen.config import TextConfig
    from lofi_musicgen.weights import Checkpoint


class TextEncoder(Protocol):
    """T5's encoder. Its session is opened for each prompt and let go: it is needed once a track."""

    def encode(self, token_ids: list[int]) -> TextStates:
        """Token ids to hidden states [1, L, d_text]."""


class BuiltTextEncoder(TextEncoder):
    """The graph of `graph/text.py`."""

    def __init__(self, file: Path, checkpoint: Checkpoint, config: TextConfig, runtime: Runtime) -> None:
        self._file, self._config, self._runtime = file, config, runtime
        self._checkpoint = checkpoint

    def encode(self, token_ids: list[int]) -> TextStates:  # noqa: D102 - the protocol's
        embedded = self._checkpoint.rows(embedding_name(self._checkpoint), np.array(token_ids))
        table = self._checkpoint.tensor(BIAS_TABLE)
        bias = position_bias(table, len(token_ids), self._config.relative_attention_max_distance)
        feeds = {"embedded": embedded[None], "bias": np.ascontiguousarray(bias)}
        return TextStates(self._runtime.run(self._runtime.session(self._file), feeds)[0])


class ForeignTextEncoder(TextEncoder):
    """`text_encoder.onnx` of somebody else's export."""

    def __init__(self, file: Path, runtime: Runtime) -> None:
        self._file, self._runtime = file, runtime

    def encode(self, token_ids: list[int]) -> TextStates:  # noqa: D102 - the protocol's
        session = self._runtime.session(self._file)
        ids = np.array([token_ids], np.int64)
        feeds = {"input_ids": ids, "attention_mask": np.ones_like(ids)}
        names = {value.name for value in session.get_inputs()}
        wanted = {name: array for name, array in feeds.items() if name in names}
        hidden = self._runtime.run(session, wanted, ["last_hidden_state"])[0]
        return TextStates(hidden.astype(np.float32))
