"""Five small networks with the contract's names, made with `onnx.helper`: shapes right, weights random.

Nodes are called as PyTorch's legacy exporter calls them; `anonymous` takes the names away, as its newer one
may, and `epsilon=False` what that one optimises away.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

FLOAT, INT64 = int(TensorProto.FLOAT), int(TensorProto.INT64)
TEXT_WIDTH, WIDTH, VOCABULARY = 32, 64, 40
TEXT_LAYERS, LYRIC_LAYERS, DENOISER_LAYERS = 10, 6, 20


class Builder:
    """Nodes and weights, one after the other."""

    def __init__(self, seed: int) -> None:
        self.random = np.random.default_rng(seed)
        self.nodes: list[onnx.NodeProto] = []
        self.weights: dict[str, onnx.TensorProto] = {}

    def op(self, kind: str, *inputs: str, name: str = "", outputs: int = 1, **settings: Any) -> Any:
        name = name or f"{kind}_{len(self.nodes)}"
        made = [f"{name}_output_{number}" for number in range(outputs)]
        self.nodes.append(helper.make_node(kind, list(inputs), made, name, **settings))
        return made[0] if outputs == 1 else made

    def const(self, value: Any, dtype: Any = np.int64) -> str:
        name = f"const_{len(self.weights)}"
        self.weights[name] = numpy_helper.from_array(np.array(value, dtype), name)
        return name

    def weight(self, name: str, *shape: int) -> str:
        scale = 0.3 if len(shape) == 1 else 1 / np.sqrt(np.prod(shape[1:]) if len(shape) > 2 else shape[0])
        array = (self.random.standard_normal(shape) * scale).astype(np.float32)
        self.weights[name] = numpy_helper.from_array(array, name)
        return name

    def linear(self, x: str, path: str, inputs: int, outputs: int, bias: bool = True) -> str:
        """As the legacy exporter writes it: the weight transposed and nameless, the bias by its name."""
        made = self.op(
            "MatMul",
            x,
            self.weight(f"onnx::MatMul_{len(self.nodes)}", inputs, outputs),
            name=f"/{path}/MatMul",
        )
        if bias:
            made = self.op(
                "Add", self.weight(path.replace("/", ".") + ".bias", outputs), made, name=f"/{path}/Add"
            )
        return str(made)

    def attend(self, q: str, k: str, v: str, width: int) -> str:
        scores = self.op("MatMul", q, self.op("Transpose", k, perm=[0, 2, 1]))
        scores = self.op("Div", scores, self.const(np.sqrt(width), np.float32))
        return str(self.op("MatMul", self.op("Softmax", scores, axis=-1), v))

    def model(
        self,
        inputs: Mapping[str, tuple[int, list[Any]]],
        outputs: Mapping[str, list[Any]],
        results: list[str],
    ) -> onnx.ModelProto:
        for name, result in zip(outputs, results, strict=True):
            self.nodes.append(helper.make_node("Identity", [result], [name], f"out_{name}"))
        ins = [helper.make_tensor_value_info(name, kind, shape) for name, (kind, shape) in inputs.items()]
        outs = [helper.make_tensor_value_info(name, FLOAT, shape) for name, shape in outputs.items()]
        graph = helper.make_graph(self.nodes, "small", ins, outs, list(self.weights.values()))
        return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)


def text_encoder(width: int = TEXT_WIDTH) -> onnx.ModelProto:
    make = Builder(1)
    x = make.op("Gather", make.weight("shared.weight", VOCABULARY, width), "input_ids")
    for layer in range(TEXT_LAYERS):
        path = f"encoder/block.{layer}/layer.0/SelfAttention"
        q, k, v = (make.linear(x, f"{path}/{part}", width, width, bias=False) for part in "qkv")
        x = make.op("Add", x, make.attend(q, k, v, 1))
    ids = {"input_ids": (INT64, ["B", "S"]), "attention_mask": (INT64, ["B", "S"])}
    return make.model(ids, {"hidden_states": ["B", "S", width]}, [x])


def context_encoder(text: int = TEXT_WIDTH, width: int = WIDTH) -> onnx.ModelProto:
    make = Builder(2)
    genre = make.linear("encoder_text_hidden_states", "genre_embedder", text, width)
    speaker = make.op(
        "Unsqueeze", make.linear("speaker_embeds", "speaker_embedder", 512, width), make.const([1])
    )
    x = make.op("Gather", make.weight("lyric_embs.weight", 7000, 16), "lyric_token_idx")
    x = make.op("Mul", x, make.const(80.0, np.float32))
    for layer in range(LYRIC_LAYERS):
        path = f"lyric_encoder/encoders.{layer}/self_attn"
        q, k, v = (make.linear(x, f"{path}/linear_{part}", 16, 16) for part in "qkv")
        q = make.op("Add", q, make.weight(f"{path}.pos_bias_u", 1, 1, 16))
        x = make.op("Add", x, make.attend(q, k, v, 16))
    states = make.op("Concat", speaker, genre, make.linear(x, "lyric_proj", 16, width), axis=1)
    masks = [make.op("Cast", name, to=FLOAT) for name in ("text_attention_mask", "lyric_mask")]
    first = make.op("Slice", speaker, make.const([0]), make.const([1]), make.const([2]))
    ones = make.op(
        "Add",
        make.op("Mul", make.op("Squeeze", first, make.const([2])), make.const(0.0, np.float32)),
        make.const(1.0, np.float32),
    )
    mask = make.op("Concat", ones, *masks, axis=1)
    inputs: dict[str, tuple[int, list[Any]]] = {
        "encoder_text_hidden_states": (FLOAT, ["B", "S", text]),
        "text_attention_mask": (INT64, ["B", "S"]),
        "speaker_embeds": (FLOAT, ["B", 512]),
        "lyric_token_idx": (INT64, ["B", "L"]),
        "lyric_mask": (INT64, ["B", "L"]),
    }
    outputs: dict[str, list[Any]] = {
        "encoder_hidden_states": ["B", "E", width],
        "encoder_hidden_mask": ["B", "E"],
    }
    return make.model(inputs, outputs, [states, mask])


def linear_attention(make: Builder, q: str, k: str, v: str, *, epsilon: bool) -> str:
    """[B, T, D] each → [B, T, D]; the sum of the weights is one column more of the values."""
    q, k = make.op("Relu", q), make.op("Relu", k)
    pads, one = make.const([0, 0, 0, 0, 0, 1]), make.const(1.0, np.float32)
    state = make.op("MatMul", make.op("Transpose", k, perm=[0, 2, 1]), make.op("Pad", v, pads, one))
    both = make.op("MatMul", q, state)
    ends = make.const([0]), make.const([-1]), make.const([np.iinfo(np.int64).max]), make.const([2])
    above = make.op("Slice", both, ends[0], ends[1], ends[3])
    below = make.op("Slice", both, ends[1], ends[2], ends[3])
    if epsilon:
        below = make.op("Add", below, make.const(1e-15, np.float32))
    return str(make.op("Div", above, below))


def denoiser(
    width: int = WIDTH, *, epsilon: bool = True, rows: Any = "B", frames: Any = "T"
) -> onnx.ModelProto:
    make = Builder(3)
    x = make.op("Reshape", make.op("Transpose", "hidden_states", perm=[0, 3, 1, 2]), make.const([0, 0, 128]))
    x = make.linear(x, "proj_in", 128, width)
    angle = make.op(
        "Mul",
        make.op("Unsqueeze", "timestep", make.const([1])),
        make.const(np.geomspace(1, 1e-3, 8)[None], np.float32),
    )
    time = make.op("Concat", make.op("Cos", angle), make.op("Sin", angle), axis=1)
    time = make.op("Unsqueeze", make.linear(time, "timestep_embedder/linear_1", 16, width), make.const([1]))
    for layer in range(DENOISER_LAYERS):
        path = f"transformer_blocks.{layer}"
        square = make.op("ReduceMean", make.op("Pow", x, make.const(2.0, np.float32)), axes=[-1])
        root = make.op("Sqrt", make.op("Add", square, make.const(1e-6, np.float32)))
        normal = make.op("Add", make.op("Div", x, root), time)
        q, k, v = (make.linear(normal, f"{path}/attn/to_{part}", width, width) for part in "qkv")
        x = make.op("Add", x, linear_attention(make, q, k, v, epsilon=epsilon))
        q = make.linear(x, f"{path}/cross_attn/to_q", width, width)
        k, v = (
            make.linear("encoder_hidden_states", f"{path}/cross_attn/to_{part}", width, width)
            for part in "kv"
        )
        x = make.op("Add", x, make.attend(q, k, v, width))
        hidden = make.op("Transpose", x, perm=[0, 2, 1])
        names = [f"{path}.ff.{part}_conv.conv.weight" for part in ("inverted", "depth", "point")]
        hidden = make.op(
            "Conv",
            hidden,
            make.weight(names[0], 2 * width, width, 1),
            make.weight(f"{names[0]}.bias", 2 * width),
            kernel_shape=[1],
            name=f"/{path}/ff/inverted_conv/conv/Conv",
        )
        hidden = make.op(
            "Conv",
            hidden,
            make.weight(names[1], 2 * width, 1, 3),
            kernel_shape=[3],
            pads=[1, 1],
            group=2 * width,
            name=f"/{path}/ff/depth_conv/conv/Conv",
        )
        first, gate = make.op("Split", hidden, axis=1, outputs=2)
        hidden = make.op("Mul", first, make.op("Sigmoid", gate))
        hidden = make.op(
            "Conv",
            hidden,
            make.weight(names[2], width, width, 1),
            kernel_shape=[1],
            name=f"/{path}/ff/point_conv/conv/Conv",
        )
        x = make.op(
            "Add",
            x,
            make.op("Mul", make.op("Transpose", hidden, perm=[0, 2, 1]), make.const(0.1, np.float32)),
        )
    x = make.op("Reshape", make.linear(x, "final_layer/linear", width, 128), make.const([0, 0, 8, 16]))
    inputs: dict[str, tuple[int, list[Any]]] = {
        "hidden_states": (FLOAT, [rows, 8, 16, frames]),
        "attention_mask": (FLOAT, [rows, frames]),
        "encoder_hidden_states": (FLOAT, [rows, "E", width]),
        "encoder_hidden_mask": (FLOAT, [rows, "E"]),
        "timestep": (FLOAT, [rows]),
    }
    return make.model(inputs, {"sample": [rows, 8, 16, frames]}, [make.op("Transpose", x, perm=[0, 2, 3, 1])])


def latent_decoder(
    *,
    frames: Any = "T",
    before: tuple[float, float] | None = None,
    after: tuple[float, float] | None = None,
    epsilon: bool = True,
    hidden: bool = False,
) -> onnx.ModelProto:
    """`before` and `after`: scale and shift that the file applies itself; `hidden`: where nobody sees it."""
    make = Builder(4)
    x = "latents"
    if before:
        x = make.op(
            "Add", make.op("Mul", x, make.const(before[0], np.float32)), make.const(before[1], np.float32)
        )
    flat = make.op("Reshape", make.op("Transpose", x, perm=[0, 2, 3, 1]), make.const([0, -1, 8]))
    q, k, v = (make.linear(flat, f"to_{part}", 8, 8, bias=False) for part in "qkv")
    attended = linear_attention(make, q, k, v, epsilon=epsilon)
    shape = make.op("Shape", make.op("Transpose", x, perm=[0, 2, 3, 1]))
    attended = make.op("Transpose", make.op("Reshape", attended, shape), perm=[0, 3, 1, 2])
    x = make.op(
        "Tanh", make.op("Conv", make.op("Add", x, attended), make.weight("conv.weight", 128, 8, 1, 1))
    )
    x = make.op("DepthToSpace", x, blocksize=8)
    if after:
        x = make.op(
            "Add", make.op("Mul", x, make.const(after[0], np.float32)), make.const(after[1], np.float32)
        )
    if hidden:
        x = make.op("Max", x, make.const(-1e6, np.float32))
    mels = frames * 8 if isinstance(frames, int) else "F"
    return make.model({"latents": (FLOAT, [1, 8, 16, frames])}, {"mel_spectrogram": [1, 2, 128, mels]}, [x])


def vocoder(bins: int = 128, samples: int = 512) -> onnx.ModelProto:
    make = Builder(5)
    x = make.op(
        "Tanh", make.op("Conv", "mel", make.weight("conv.weight", samples, bins, 1), kernel_shape=[1])
    )
    x = make.op("Reshape", make.op("Transpose", x, perm=[0, 2, 1]), make.const([0, 1, -1]))
    return make.model({"mel": (FLOAT, [1, bins, "F"])}, {"waveform": [1, 1, "N"]}, [x])


def anonymous(model: onnx.ModelProto) -> onnx.ModelProto:
    """The same with nothing to be learnt from the names of nodes and weights."""
    renamed = {tensor.name: f"val_{number}" for number, tensor in enumerate(model.graph.initializer)}
    for tensor in model.graph.initializer:
        tensor.name = renamed[tensor.name]
    for number, node in enumerate(model.graph.node):
        node.name = f"node_{number}"
        for index, name in enumerate(node.input):
            node.input[index] = renamed.get(name, name)
    return model


def save_outside(model: onnx.ModelProto, file: Path, weights: str) -> None:
    """With all large tensors in a file of their own, as over 2 GB they must be."""
    onnx.save(model, str(file), save_as_external_data=True, location=weights, size_threshold=256)


def write_model(directory: Path) -> Path:
    """All five and a tokenizer, as they are published."""
    from tokenizers import Tokenizer, models, pre_tokenizers

    directory.mkdir(exist_ok=True)
    onnx.save(text_encoder(), str(directory / "text_encoder.onnx"))
    onnx.save(context_encoder(), str(directory / "transformer_encoder.onnx"))
    save_outside(denoiser(), directory / "transformer_decoder.onnx", "transformer_decoder_weights.bin")
    onnx.save(latent_decoder(), str(directory / "dcae_decoder.onnx"))
    onnx.save(vocoder(), str(directory / "vocoder.onnx"))
    words = {"<pad>": 0, "</s>": 1, "<unk>": 2, **{f"w{number}": number for number in range(3, VOCABULARY)}}
    tokenizer = Tokenizer(models.WordLevel(words, unk_token="<unk>"))
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    tokenizer.save(str(directory / "tokenizer.json"))
    return directory
