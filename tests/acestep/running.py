"""Run graphs in tests: a model in, arrays out."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import onnxruntime

from lofi_acestep.built import write_graph

if TYPE_CHECKING:
    from pathlib import Path

    import onnx
    from numpy.typing import NDArray


def run(file: Path, feeds: dict[str, Any]) -> NDArray[np.float32]:
    """The first output of a file."""
    session = onnxruntime.InferenceSession(str(file), providers=["CPUExecutionProvider"])
    taken = {value.name for value in [*session.get_inputs(), *session.get_overridable_initializers()]}
    made: NDArray[np.float32] = session.run(None, {name: feeds[name] for name in feeds if name in taken})[0]
    return made


def run_changed(model: onnx.ModelProto, source: Path, feeds: dict[str, Any]) -> NDArray[np.float32]:
    """The first output of a graph after surgery; its weights are the source's."""
    target = source.with_name(f"changed-{source.name}")
    write_graph(model, target)
    return run(target, feeds)


def text_feeds(rows: int = 1) -> dict[str, Any]:
    ids = np.arange(rows * 5).reshape(rows, 5) + 3
    return {"input_ids": ids, "attention_mask": np.ones_like(ids)}


def context_feeds(text_width: int, rows: int = 1) -> dict[str, Any]:
    random = np.random.default_rng(1)
    text = random.standard_normal((rows, 5, text_width)).astype(np.float32)
    lyrics = np.tile(np.array([[261, 259, 6688, 2]]), (rows, 1))
    return {
        "encoder_text_hidden_states": text,
        "text_attention_mask": np.ones((rows, 5), np.int64),
        "speaker_embeds": np.zeros((rows, 512), np.float32),
        "lyric_token_idx": lyrics,
        "lyric_mask": np.ones_like(lyrics),
    }


def denoiser_feeds(width: int, frames: int = 13, rows: int = 1, tokens: int = 7) -> dict[str, Any]:
    random = np.random.default_rng(2)
    return {
        "hidden_states": random.standard_normal((rows, 8, 16, frames)).astype(np.float32),
        "attention_mask": np.ones((rows, frames), np.float32),
        "encoder_hidden_states": random.standard_normal((rows, tokens, width)).astype(np.float32),
        "encoder_hidden_mask": np.ones((rows, tokens), np.float32),
        "timestep": np.full(rows, 700, np.float32),
    }
