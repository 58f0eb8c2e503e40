"""The decoder in one file with two branches: `decoder_model_merged.onnx`, chosen by `use_cache_branch`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

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

_NUMPY = {"tensor(float)": np.float32, "tensor(float16)": np.float16}


class MergedDecoder:
    """Runs the merged file."""

    def __init__(self, file: Path, config: MusicGenConfig, runtime: Runtime) -> None:
        self._config, self._runtime = config, runtime
        self._session = runtime.session(file)
        wanted = ("input_ids", "use_cache_branch", "encoder_hidden_states", "past_key_values.0.decoder.key")
        check_names(file, self._session, wanted, config)
        self.provider: str = self._session.get_providers()[0]
        self._outputs = [value.name for value in self._session.get_outputs()]
        past = [v for v in self._session.get_inputs() if v.name.startswith("past_key_values")]
        # The branch without a past does not read it; one position, since some exports refuse none.
        shape = (2, config.num_heads, 1, config.head_size)
        self._no_past = {value.name: np.zeros(shape, _NUMPY[value.type]) for value in past}

    def start(self, text: TextStates, max_steps: int) -> ExportedState:  # noqa: ARG002 - it grows with the track
        """A new state."""
        return new_state(self._session, text)

    def prefill(self, state: ExportedState, ids: IntArray) -> FloatArray:
        """Take the columns `ids` [K, S] at once."""
        made = self._run(state, np.ascontiguousarray(ids), self._no_past, use_cache=False)
        state.past = as_past(self._outputs, made)
        return last_logits(made[self._outputs.index("logits")], self._config)

    def step(self, state: ExportedState, ids: IntArray) -> FloatArray:
        """Take one column `ids` [K]."""
        if not state.past:
            return self.prefill(state, ids[:, None])
        made = self._run(state, ids[:, None], state.past, use_cache=True)
        past = as_past(self._outputs, made)
        # The branch with a past passes the text's keys and values on, or answers nothing for them.
        state.past.update({name: value for name, value in past.items() if ".decoder." in name})
        return last_logits(made[self._outputs.index("logits")], self._config)

    def _run(
        self, state: ExportedState, ids: IntArray, past: dict[str, Any], *, use_cache: bool
    ) -> list[Any]:
        feeds = {
            "input_ids": both_rows(ids),
            "encoder_hidden_states": state.hidden,
            "encoder_attention_mask": state.mask,
            "use_cache_branch": np.array([use_cache]),
            **past,
        }
        return self._runtime.run(self._session, feeds, self._outputs)
