"""Run graphs in tests: a model in, arrays out."""

from __future__ import annotations

import gzip
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import onnx
import onnxruntime

from lofi_acestep.built import write_graph
from lofi_acestep.surgery.graph import Graph

if TYPE_CHECKING:
    from numpy.typing import NDArray


DYNAMO = Path(__file__).parents[1] / "data" / "acestep" / "dynamo"


def dynamo_graph(name: str) -> Graph:
    """What PyTorch's newer exporter makes of the tiny checkpoint, without weights."""
    packed = (DYNAMO / f"{name}.onnx.gz").read_bytes()
    return Graph(onnx.ModelProto.FromString(gzip.decompress(packed)))


def run(file: Path, feeds: dict[str, Any]) -> NDArray[np.float32]:
    """The first output of a file."""
    options = onnxruntime.SessionOptions()
    options.log_severity_level, options.intra_op_num_threads = 3, 1
    session = onnxruntime.InferenceSession(str(file), options, providers=["CPUExecutionProvider"])
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
