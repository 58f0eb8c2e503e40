"""The decoder in two files: `decoder_model.onnx` first, `decoder_with_past_model.onnx` from then on."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from lofi_musicgen.decoders.exported import (
    ExportedState,
    as_past,
    both_rows,
    check_names,
    last_logits,
    new_state,
)

if TYPE_CHECKING:
    from pathlib import Path

    from lofi_core import Runtime
    from lofi_musicgen.config import MusicGenConfig
    from lofi_musicgen.decoders import FloatArray, IntArray, TextStates


class SplitDecoder:
    """Runs the pair."""

    def __init__(self, first: Path, following: Path, config: MusicGenConfig, runtime: Runtime) -> None:
        self._config, self._runtime = config, runtime
        self._first = runtime.session(first)
        check_names(first, self._first, ("input_ids", "encoder_hidden_states"), config)
        self._next = runtime.session(following)
        check_names(following, self._next, ("input_ids", "past_key_values.0.decoder.key"), config)
        self.provider: str = self._next.get_providers()[0]
        self._first_outputs = [value.name for value in self._first.get_outputs()]
        self._next_outputs = [value.name for value in self._next.get_outputs()]
        self._next_inputs = {value.name for value in self._next.get_inputs()}

    def start(self, text: TextStates, max_steps: int) -> ExportedState:  # noqa: ARG002 - it grows with the track
        """A new state."""
        return new_state(self._first, text)

    def prefill(self, state: ExportedState, ids: IntArray) -> FloatArray:
        """Take the columns `ids` [K, S] at once."""
        feeds = {
            "input_ids": both_rows(np.ascontiguousarray(ids)),
            "encoder_hidden_states": state.hidden,
            "encoder_attention_mask": state.mask,
        }
        made = self._runtime.run(self._first, feeds, self._first_outputs)
        state.past = as_past(self._first_outputs, made)
        return last_logits(made[self._first_outputs.index("logits")], self._config)

    def step(self, state: ExportedState, ids: IntArray) -> FloatArray:
        """Take one column `ids` [K]."""
        if not state.past:
            return self.prefill(state, ids[:, None])
        feeds = {"input_ids": both_rows(ids[:, None]), "encoder_attention_mask": state.mask, **state.past}
        if "encoder_hidden_states" in self._next_inputs:
            feeds["encoder_hidden_states"] = state.hidden
        made = self._runtime.run(self._next, feeds, self._next_outputs)
        # The text's keys and values do not change, and come out of the first file only.
        state.past.update(as_past(self._next_outputs, made))
        return last_logits(made[self._next_outputs.index("logits")], self._config)
