"""A checkpoint of ACE-Step's true widths with random weights, in the official layout, and its ONNX files.

`python -m benchmarks.acestep_checkpoint DIRECTORY [--layers 4]` writes both: `checkpoint/` with the four
folders of ACE-Step-v1-3.5B, and `onnx/` as our export tool makes them of it. The transformer has 24 layers in
truth (10 GB); four are as wide. Needs the extra `export`. What such a model plays is noise; what it costs is
right.
"""

from __future__ import annotations

import argparse
import json
import math
import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmarks.drawn import ONES, ZEROS, Fill, Shape, write_safetensors
from lofi_core import Runtime

if TYPE_CHECKING:
    from collections.abc import Mapping

LAYERS = 24  # of the transformer, in truth
# The official configs, as far as the networks depend on them (acestep.md, section 5).
DCAE: dict[str, Any] = {
    "in_channels": 2,
    "latent_channels": 8,
    "attention_head_dim": 32,
    "decoder_block_out_channels": [128, 256, 512, 1024],
    "decoder_block_types": ["ResBlock", "ResBlock", "ResBlock", "EfficientViTBlock"],
    "decoder_layers_per_block": [3, 3, 3, 3],
    "decoder_norm_types": "rms_norm",
    "decoder_act_fns": "silu",
    "decoder_qkv_multiscales": [[], [], [5], [5]],
    "encoder_block_out_channels": [128, 256, 512, 1024],
    "encoder_block_types": ["ResBlock", "ResBlock", "ResBlock", "EfficientViTBlock"],
    "encoder_layers_per_block": [2, 2, 3, 3],
    "encoder_qkv_multiscales": [[], [], [5], [5]],
    "upsample_block_type": "interpolate",
    "downsample_block_type": "Conv",
    "scaling_factor": 0.41407,
}
UMT5: dict[str, Any] = {
    "model_type": "umt5",
    "vocab_size": 256_384,
    "d_model": 768,
    "d_kv": 64,
    "d_ff": 2048,
    "num_layers": 12,
    "num_heads": 12,
    "feed_forward_proj": "gated-gelu",
}


def configs(layers: int) -> Mapping[str, Mapping[str, Any]]:
    """Each folder's `config.json`."""
    return {
        "ace_step_transformer": {"num_layers": layers},
        "music_dcae_f8c8": DCAE,
        "music_vocoder": {},
        "umt5-base": UMT5,
    }


def write_checkpoint(directory: Path, layers: int) -> Path:
    """The four folders in `directory`, unless they are there."""
    for part, config in configs(layers).items():
        folder = directory / part
        if (folder / "model.safetensors").exists():
            continue
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "config.json").write_text(json.dumps(config))
        write_safetensors(folder / "model.safetensors", _shapes(part, config), _fill)
    tokenizer = directory / "umt5-base" / "tokenizer.json"
    if not tokenizer.exists():
        tokenizer.write_text(_tokenizer())
    return directory


def write_onnx(directory: Path, layers: int, components: tuple[str, ...] = ()) -> Path:
    """`onnx/` in `directory`, exported from `checkpoint/` there, unless it is there."""
    from lofi_acestep.exporter import export

    target = directory / "onnx"
    if not target.exists():
        checkpoint = write_checkpoint(directory / "checkpoint", layers)
        unfinished = directory / "onnx.part"
        shutil.rmtree(unfinished, ignore_errors=True)  # of a run that was ended
        unfinished.mkdir()
        for line in export(checkpoint, unfinished, None, None, components, Runtime()):
            print(line, flush=True)
        unfinished.rename(target)
    return target


def _shapes(part: str, config: Mapping[str, Any]) -> dict[str, Shape]:
    """The tensors of a folder, as far as a network of ours reads them."""
    import torch

    from lofi_acestep.exporter.components import COMPONENTS

    found: dict[str, Shape] = {}
    for component in COMPONENTS.values():
        if component.part != part:
            continue
        with torch.device("meta"):
            module = component.build(config)
        for name, value in module.state_dict().items():
            stored = "shared.weight" if name == "encoder.embed_tokens.weight" else name
            found[stored] = tuple(value.shape)
    return found


def _fill(name: str, shape: Shape) -> Fill:
    """Biases of zero, norms that do nothing, else numbers that keep a signal's size."""
    if name.endswith("bias"):
        return ZEROS
    if len(shape) == 1:
        return ONES
    # T5 does not divide the products of its attention, and is initialised with small queries instead. With
    # larger ones every token attends to a single one, and rounding decides to which.
    divisor = UMT5["d_kv"] ** 0.5 if name.endswith("SelfAttention.q.weight") else 1.0
    return Fill(0.0, math.prod(shape[1:]) ** -0.5 / divisor)


def _tokenizer() -> str:
    from tokenizers import Tokenizer, models, processors

    letters = "abcdefghijklmnopqrstuvwxyz ,"
    vocabulary = [("<pad>", 0.0), ("</s>", 0.0), ("<unk>", 0.0), *((letter, -3.0) for letter in letters)]
    made = Tokenizer(models.Unigram(vocabulary, 2))
    made.post_processor = processors.TemplateProcessing(single="$A </s>", special_tokens=[("</s>", 1)])
    text: str = made.to_str()
    return text


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("directory", type=Path)
    parser.add_argument("--layers", type=int, default=4)
    given = parser.parse_args()
    write_onnx(given.directory, given.layers)
