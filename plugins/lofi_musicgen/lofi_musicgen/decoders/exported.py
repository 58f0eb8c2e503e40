"""What the decoders of other people's exports have in common: keys and values go in and out of each run."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from lofi_core import ModelLoadFailed

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from lofi_musicgen.config import MusicGenConfig
    from lofi_musicgen.decoders import FloatArray, IntArray, TextStates

_NUMPY = {"tensor(float)": np.float32, "tensor(float16)": np.float16}


@dataclass(slots=True)
class ExportedState:
    """What belongs to one track.

    Attributes:
        hidden: [2, L, d_text] text states, row 1 zero.
        mask: [2, L] int64, row 1 zero.
        past: `past_key_values.…` → array.
    """

    hidden: Any
    mask: IntArray
    past: dict[str, Any] = field(default_factory=dict)


def new_state(session: Any, text: TextStates) -> ExportedState:
    """The two guidance rows as the reference makes them: the unconditional one with zero states and mask."""
    dtype = next(_NUMPY[v.type] for v in session.get_inputs() if v.name == "encoder_hidden_states")
    hidden = np.concatenate([text.hidden, np.zeros_like(text.hidden)]).astype(dtype)
    mask = np.zeros(hidden.shape[:2], np.int64)
    mask[0] = 1
    return ExportedState(hidden, mask)


def both_rows(ids: IntArray) -> IntArray:
    """Codes [K, S] for both guidance rows: [2 K, S]."""
    return np.concatenate([ids, ids])


def last_logits(logits: Any, config: MusicGenConfig) -> FloatArray:
    """[2 K, S, V] to [2, K, V] float32 of the last column."""
    made: FloatArray = logits[:, -1].reshape(2, config.num_codebooks, -1).astype(np.float32)
    return made


def as_past(names: Iterable[str], values: Iterable[Any]) -> dict[str, Any]:
    """`present.…` outputs as the `past_key_values.…` inputs of the next run."""
    pairs = zip(names, values, strict=True)
    return {n.replace("present", "past_key_values", 1): v for n, v in pairs if n.startswith("present")}


def check_names(file: Path, session: Any, inputs: Iterable[str], config: MusicGenConfig) -> None:
    """See that a session is what its file's name says, for the model that `config.json` describes.

    Raises:
        ModelLoadFailed: an input is missing, or the sizes are those of another model.
    """
    found = {value.name: value for value in session.get_inputs()}
    outputs = [value.name for value in session.get_outputs()]
    missing = [name for name in inputs if name not in found]
    if missing or "logits" not in outputs:
        raise ModelLoadFailed(
            f"{file} is no MusicGen decoder as optimum exports it: it lacks {', '.join(missing) or 'logits'}",
            "put the file there that came with the model",
        )
    layers = sum(name.endswith(".decoder.key") for name in (*found, *outputs) if name.startswith("present"))
    vocab = session.get_outputs()[outputs.index("logits")].shape[-1]
    if layers != config.num_layers or (isinstance(vocab, int) and vocab != config.vocab_size):
        raise ModelLoadFailed(
            f"{file} has {layers} layers and {vocab} codes; by config.json it should be {config.num_layers}"
            f" and {config.vocab_size}",
            "put files of one and the same model there",
        )
