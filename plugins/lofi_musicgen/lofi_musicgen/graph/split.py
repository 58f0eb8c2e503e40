"""The decoder as optimum exports it: standard operators, keys and values in and out of each run.

`decoder_model` takes the first columns and the text, `decoder_with_past_model` one more column and what came
out before. Any program that runs such exports takes these files; the step graph is several times faster.

Source: optimum's `MusicgenOnnxConfig`, for names and shapes; transformers `modeling_musicgen`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from onnx import TensorProto

from lofi_musicgen.graph.builder import GraphBuilder
from lofi_musicgen.graph.step import EPSILON, PREFIX, activation_of, sinusoids

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from lofi_musicgen.config import MusicGenConfig
    from lofi_musicgen.weights import Checkpoint

FLOAT, INT64 = TensorProto.FLOAT, TensorProto.INT64
ROWS, TEXT = "batch_size", "encoder_sequence_length"
PAST, NEW = "past_decoder_sequence_length", "decoder_sequence_length"
# What attention adds where it must not look. Finite: a row that may look nowhere must not become NaN.
NOWHERE = np.float32(-1e9)


def build_split(
    directory: Path,
    checkpoint: Checkpoint,
    config: MusicGenConfig,
    report: Callable[[float], None],
    *,
    embedded: bool = False,
) -> None:
    """Write `decoder_model.onnx` and `decoder_with_past_model.onnx`, float32.

    Args:
        directory: to write to.
        checkpoint: the weights.
        config: its shape.
        report: told how much is done, 0 to 1.
        embedded: keep the weights in the two files; else each has a `.data` beside it.
    """
    for name, with_past in (("decoder_model", False), ("decoder_with_past_model", True)):
        with GraphBuilder(directory / f"{name}.onnx", embedded=embedded, widely_read=True) as graph:
            split = _Split(graph, checkpoint, config, with_past=with_past)
            split.write(lambda share, half=int(with_past): report((share + half) / 2))  # type: ignore[misc]


class _Split:
    """One of the two files."""

    def __init__(
        self, graph: GraphBuilder, checkpoint: Checkpoint, config: MusicGenConfig, *, with_past: bool
    ) -> None:
        self.graph, self.checkpoint, self.config, self.with_past = graph, checkpoint, config, with_past
        self.columns: int | str = 1 if with_past else NEW
        self.hidden = self.text_bias = self.causal_bias = ""

    def write(self, report: Callable[[float], None]) -> None:
        self._text()
        x = self._embed()
        for layer in range(self.config.num_layers):
            report(layer / self.config.num_layers)
            x = self._layer(layer, x)
        self._heads(self._norm(x, f"{PREFIX}.layer_norm"))
        self.graph.save()

    def _text(self) -> None:
        """The text's mask as something to add to scores, and, in the first file, its states."""
        graph = self.graph
        mask = graph.input("encoder_attention_mask", INT64, [ROWS, TEXT])
        shown = graph.op("Cast", mask, to=FLOAT)
        hidden = graph.op("Sub", self._constant("one", np.float32(1)), shown)
        added = graph.op("Mul", hidden, self._constant("nowhere", NOWHERE))
        self.text_bias = self._unsqueeze(added, 1, 2)  # [rows, 1, 1, L]
        if self.with_past:
            return
        states = graph.input("encoder_hidden_states", FLOAT, [ROWS, TEXT, self.config.text.d_model])
        if "enc_to_dec_proj.weight" in self.checkpoint:
            states = graph.matmul(states, "project", self.checkpoint.tensor("enc_to_dec_proj.weight"))
            states = graph.op("Add", states, self._tensor("enc_to_dec_proj.bias"))
        self.hidden = graph.op("Mul", states, self._unsqueeze(shown, 2))

    def _embed(self) -> str:
        """[rows, S, hidden] from ids [rows · K, S]; positions go on from the past."""
        graph, config = self.graph, self.config
        ids = graph.input("input_ids", INT64, ["total_batch_size_x_num_codebooks", self.columns])
        # A zero in the shape copies the dimension of that place, so the ids get one in front first.
        shape = self._constant("ids.shape", [-1, config.num_codebooks, 0])
        rows = graph.op("Reshape", self._unsqueeze(ids, 0), shape)  # [rows, K, S]
        codebooks = range(config.num_codebooks)
        tables = [self.checkpoint.tensor(f"{PREFIX}.embed_tokens.{k}.weight") for k in codebooks]
        starts = np.cumsum([0, *(len(table) for table in tables[:-1])]).astype(np.int64)
        at = graph.op("Add", rows, graph.constant("embed.starts", starts[:, None]))
        found = graph.op("Gather", graph.constant("embed", np.concatenate(tables)), at)
        summed = graph.op("ReduceSum", found, self._constant("embed.axis", [1]), keepdims=0)
        columns = self._size(rows, 2)
        if self.with_past:
            start = self._size(self._past_input(0, "decoder", "key"), 2)
        else:
            start = self._constant("zero", 0)
        positions = graph.op("Range", start, graph.op("Add", start, columns), self._constant("step", 1))
        if not self.with_past:
            self.causal_bias = self._causal(positions)
        table = graph.constant("positions", sinusoids(config.max_positions, config.hidden_size))
        return graph.op("Add", summed, graph.op("Gather", table, positions))

    def _causal(self, positions: str) -> str:
        graph = self.graph
        later = graph.op("Greater", self._unsqueeze(positions, 0), self._unsqueeze(positions, 1))
        return graph.op("Mul", graph.op("Cast", later, to=FLOAT), self._constant("nowhere.later", NOWHERE))

    def _layer(self, layer: int, x: str) -> str:
        graph, at = self.graph, f"{PREFIX}.layers.{layer}"
        normed = self._norm(x, f"{at}.self_attn_layer_norm")
        mixed = self._self_attention(layer, f"{at}.self_attn", normed)
        x = graph.op("Add", x, self._linear(mixed, f"{at}.self_attn.out_proj"))
        normed = self._norm(x, f"{at}.encoder_attn_layer_norm")
        mixed = self._cross_attention(layer, f"{at}.encoder_attn", normed)
        x = graph.op("Add", x, self._linear(mixed, f"{at}.encoder_attn.out_proj"))
        operator, _ = activation_of(self.config)
        inner = self._linear(self._norm(x, f"{at}.final_layer_norm"), f"{at}.fc1")
        inner = graph.gelu(inner) if operator == "Gelu" else graph.op(operator, inner)
        return graph.op("Add", x, self._linear(inner, f"{at}.fc2"))

    def _self_attention(self, layer: int, at: str, normed: str) -> str:
        made = {}
        for part, letter in (("key", "k"), ("value", "v")):
            new = self._split_heads(self._linear(normed, f"{at}.{letter}_proj"))
            name = f"present.{layer}.decoder.{part}"
            if self.with_past:
                made[part] = self.graph.op(
                    "Concat", self._past_input(layer, "decoder", part), new, axis=2, name=name
                )
            else:
                made[part] = self.graph.op("Identity", new, name=name)
            self._present(name, f"{PAST} + {NEW}")
        query = self._split_heads(self._linear(normed, f"{at}.q_proj"))
        return self._attend(query, made["key"], made["value"], self.causal_bias)

    def _cross_attention(self, layer: int, at: str, normed: str) -> str:
        made = {}
        for part, letter in (("key", "k"), ("value", "v")):
            if self.with_past:
                made[part] = self._past_input(layer, "encoder", part)
                continue
            name = f"present.{layer}.encoder.{part}"
            heads = self._split_heads(self._linear(self.hidden, f"{at}.{letter}_proj"))
            made[part] = self.graph.op("Identity", heads, name=name)
            self._present(name, TEXT)
        query = self._split_heads(self._linear(normed, f"{at}.q_proj"))
        return self._attend(query, made["key"], made["value"], self.text_bias)

    def _attend(self, query: str, key: str, value: str, bias: str) -> str:
        graph, config = self.graph, self.config
        scale = self._constant("attention.scale", np.float32(config.head_size**-0.5))
        scores = graph.op(
            "MatMul", graph.op("Mul", query, scale), graph.op("Transpose", key, perm=[0, 1, 3, 2])
        )
        if bias:
            scores = graph.op("Add", scores, bias)
        mixed = graph.op("MatMul", graph.op("Softmax", scores, axis=-1), value)
        joined = self._constant("attention.join", [0, 0, config.hidden_size])
        return graph.op("Reshape", graph.op("Transpose", mixed, perm=[0, 2, 1, 3]), joined)

    def _heads(self, normed: str) -> None:
        """Logits [rows · K, S, V]."""
        graph, config = self.graph, self.config
        made = [
            self._unsqueeze(self._linear(normed, f"decoder.lm_heads.{k}"), 1)
            for k in range(config.num_codebooks)
        ]
        stacked = graph.op("Concat", *made, axis=1)  # [rows, K, S, V]
        merged = self._constant("logits.shape", [-1, config.vocab_size])
        flat = graph.op("Reshape", stacked, merged)
        columns = graph.op("Unsqueeze", self._size(stacked, 2), self._constant("columns.axis", [0]))
        rest = [
            self._constant("logits.rows", [-1]),
            columns,
            self._constant("logits.codes", [config.vocab_size]),
        ]
        graph.op("Reshape", flat, graph.op("Concat", *rest, axis=0), name="logits")
        graph.output("logits", FLOAT, [ROWS, NEW, config.vocab_size])

    def _split_heads(self, x: str) -> str:
        shape = self._constant("heads.shape", [0, 0, self.config.num_heads, self.config.head_size])
        return self.graph.op("Transpose", self.graph.op("Reshape", x, shape), perm=[0, 2, 1, 3])

    def _past_input(self, layer: int, side: str, part: str) -> str:
        length = PAST if side == "decoder" else TEXT
        name = f"past_key_values.{layer}.{side}.{part}"
        if not self.graph.has(name):
            self.graph.input(name, FLOAT, [ROWS, self.config.num_heads, length, self.config.head_size])
        return name

    def _present(self, name: str, length: str) -> None:
        self.graph.output(name, FLOAT, [ROWS, self.config.num_heads, length, self.config.head_size])

    def _norm(self, x: str, at: str) -> str:
        names = self._tensor(f"{at}.weight"), self._tensor(f"{at}.bias")
        return self.graph.op("LayerNormalization", x, *names, epsilon=EPSILON)

    def _linear(self, x: str, at: str) -> str:
        return self.graph.matmul(x, f"{at}.weight", self.checkpoint.tensor(f"{at}.weight"))

    def _tensor(self, name: str) -> str:
        return self.graph.constant(name, self.checkpoint.tensor(name))

    def _size(self, x: str, axis: int) -> str:
        """One dimension, as a scalar."""
        shape = self.graph.op("Shape", x)
        return self.graph.op("Gather", shape, self._constant(f"axis.{axis}", axis))

    def _unsqueeze(self, x: str, *axes: int) -> str:
        name = "axes." + "".join(map(str, axes))
        return self.graph.op("Unsqueeze", x, self._constant(name, list(axes)))

    def _constant(self, name: str, value: np.float32 | int | Sequence[int]) -> str:
        """A small constant; the same name is the same constant."""
        return name if self.graph.has(name) else self.graph.constant(name, np.array(value))
