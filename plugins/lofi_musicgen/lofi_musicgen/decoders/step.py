"""Our own graph: weights quantised, keys and values in place, everything bound once."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from lofi_core import InferenceFailed

if TYPE_CHECKING:
    from pathlib import Path

    from lofi_core import Runtime
    from lofi_musicgen.config import MusicGenConfig
    from lofi_musicgen.decoders import FloatArray, IntArray, TextStates

_NUMPY = {"tensor(float)": np.float32, "tensor(float16)": np.float16, "tensor(int8)": np.int8}


@dataclass(slots=True)
class StepState:
    """What belongs to one track.

    Attributes:
        length: columns taken so far.
        inputs: name → bound value, the ones that are not rewritten each step.
        binding: everything bound for one column.
        ids, positions, seqlens, total: small inputs, rewritten in place.
        logits: [2, K, V], overwritten by each run.
    """

    capacity: int
    length: int
    inputs: dict[str, Any]
    binding: Any
    ids: IntArray
    positions: IntArray
    seqlens: Any
    total: Any
    logits: FloatArray
    small: dict[str, Any]


class StepDecoder:
    """Runs `step.onnx` and `cross.onnx` of one directory.

    Args:
        directory: holds both.
        config: of the model.
        runtime: whose device and threads they run on.
    """

    def __init__(self, directory: Path, config: MusicGenConfig, runtime: Runtime, name: str = "step") -> None:
        self.config = config
        self._cross = directory / "cross.onnx"
        self._runtime = runtime
        self._session = runtime.session(directory / f"{name}.onnx")
        self.provider: str = self._session.get_providers()[0]
        self._device = "cuda" if self.provider.startswith("CUDA") else "cpu"
        past = next(value for value in self._session.get_inputs() if value.name == "past_k0")
        self._cache_dtype = _NUMPY[past.type]

    def start(self, text: TextStates, max_steps: int) -> StepState:
        """Work out the text's keys and values, and reserve the cache."""
        config = self.config
        if max_steps > config.max_positions:
            raise InferenceFailed(f"{max_steps} steps are more than the {config.max_positions} positions")
        inputs = self._cross_attention(text)
        shape = (2, config.num_heads, max_steps, config.head_size)
        for layer in range(config.num_layers):
            for letter in "kv":
                inputs[f"past_{letter}{layer}"] = self._empty(shape)
        logits = np.zeros((2, config.num_codebooks, config.vocab_size), np.float32)
        ids = np.zeros((config.num_codebooks, 1), np.int64)
        positions = np.zeros(1, np.int64)
        seqlens, total = np.zeros(2, np.int32), np.zeros((), np.int32)
        arrays = {"ids": ids, "positions": positions, "seqlens": seqlens, "total": total}
        small = {name: self._value(array) for name, array in arrays.items()}
        binding = self._bind({**inputs, **small}, logits)
        return StepState(max_steps, 0, inputs, binding, ids, positions, seqlens, total, logits, small)

    def prefill(self, state: StepState, ids: IntArray) -> FloatArray:
        """Take the columns `ids` [K, S] at once."""
        columns = ids.shape[1]
        if columns == 1:
            return self.step(state, ids[:, 0])
        if state.length:
            raise ValueError("prefill needs a new state")
        values = {
            "ids": np.ascontiguousarray(ids),
            "positions": np.arange(columns, dtype=np.int64),
            "seqlens": np.full(2, columns - 1, np.int32),
            "total": np.array(columns, np.int32),
        }
        bound = {name: self._value(array) for name, array in values.items()}
        self._runtime.run_bound(self._session, self._bind({**state.inputs, **bound}, state.logits))
        state.length = columns
        return state.logits

    def step(self, state: StepState, ids: IntArray) -> FloatArray:
        """Take one column `ids` [K]."""
        if state.length >= state.capacity:
            raise ValueError(f"the state has room for {state.capacity} columns")
        state.ids[:, 0] = ids
        state.positions[0] = state.seqlens[:] = state.length
        state.total[...] = state.length + 1
        if self._device != "cpu":
            arrays = {"ids": state.ids, "positions": state.positions, "seqlens": state.seqlens}
            for name, array in (*arrays.items(), ("total", state.total)):
                state.small[name].update_inplace(array)
        self._runtime.run_bound(self._session, state.binding)
        state.length += 1
        return state.logits

    def _cross_attention(self, text: TextStates) -> dict[str, Any]:
        # Opened for each track and let go: its weights are needed once a track.
        session = self._runtime.session(self._cross)
        hidden = text.hidden.astype(_NUMPY[session.get_inputs()[0].type])
        names = [output.name for output in session.get_outputs()]
        made = self._runtime.run(session, {"hidden": hidden}, names)
        return {name: self._value(array) for name, array in zip(names, made, strict=True)}

    def _value(self, array: Any) -> Any:
        """An array where the session wants it. On the CPU it shares the array's memory."""
        from onnxruntime import OrtValue

        return OrtValue.ortvalue_from_numpy(array, self._device, 0)

    def _empty(self, shape: tuple[int, ...]) -> Any:
        from onnxruntime import OrtValue

        if self._device == "cpu":
            # Untouched pages of zeros cost no memory until the track is that long.
            return self._value(np.zeros(shape, self._cache_dtype))
        return OrtValue.ortvalue_from_shape_and_type(shape, self._cache_dtype, self._device, 0)

    def _bind(self, inputs: dict[str, Any], logits: FloatArray) -> Any:
        from onnxruntime import OrtValue

        binding = self._session.io_binding()
        for name, value in inputs.items():
            binding.bind_ortvalue_input(name, value)
            if name.startswith("past_"):
                binding.bind_ortvalue_output(name.replace("past", "present"), value)
        binding.bind_ortvalue_output("logits", OrtValue.ortvalue_from_numpy(logits))
        return binding
