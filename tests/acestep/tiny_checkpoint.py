"""A small model with the official layout: folders, configs, names, shapes, and random weights."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from safetensors.torch import load_file, save_file
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, processors

from lofi_acestep.exporter import export
from lofi_acestep.exporter.components import COMPONENTS
from lofi_core import Runtime

if TYPE_CHECKING:
    from pathlib import Path

RUNTIME = Runtime(threads=1)
WORDS = (
    "lofi",
    "lo",
    "fi",
    "hip",
    "hop",
    "beat",
    "beats",
    "piano",
    "guitar",
    "drums",
    "jazz",
    "calm",
    "rain",
)
PIECES = ["<pad>", "</s>", "<s>", "<unk>", "▁", *"abcdefghijklmnopqrstuvwxyz0123456789,.-'&"]
VOCABULARY = [*PIECES, *(f"▁{word}" for word in WORDS)]

TRANSFORMER: dict[str, Any] = {
    "_class_name": "Transformer2DModel",
    "in_channels": 8,
    "num_layers": 20,  # the negative branch weakens 15…19
    "inner_dim": 24,
    "attention_head_dim": 12,
    "num_attention_heads": 2,
    "mlp_ratio": 2.5,
    "out_channels": 8,
    "max_position": 1024,
    "rope_theta": 1000000.0,
    "speaker_embedding_dim": 512,
    "text_embedding_dim": 16,
    "ssl_encoder_depths": [8, 8],
    "ssl_names": ["mert", "m-hubert"],
    "ssl_latent_dims": [10, 7],
    "lyric_encoder_vocab_size": 6693,
    "lyric_hidden_size": 8,
    "patch_size": [16, 1],
    "max_height": 16,
    "max_width": 1024,
    "patch_hidden": 64,
    "lyric_encoder": {
        "output_size": 8,
        "attention_heads": 2,
        "linear_units": 16,
        "num_blocks": 6,
        "longest": 128,
    },
}
DCAE: dict[str, Any] = {
    "_class_name": "AutoencoderDC",
    "in_channels": 2,
    "latent_channels": 8,
    "attention_head_dim": 16,
    "encoder_block_types": ["ResBlock", "ResBlock", "ResBlock", "EfficientViTBlock"],
    "decoder_block_types": ["ResBlock", "ResBlock", "ResBlock", "EfficientViTBlock"],
    "encoder_block_out_channels": [8, 8, 16, 32],
    "decoder_block_out_channels": [8, 8, 16, 32],
    "encoder_layers_per_block": [1, 1, 1, 1],
    "decoder_layers_per_block": [1, 1, 1, 1],
    "encoder_qkv_multiscales": [[], [], [5], [5]],
    "decoder_qkv_multiscales": [[], [], [5], [5]],
    "upsample_block_type": "interpolate",
    "downsample_block_type": "Conv",
    "decoder_norm_types": "rms_norm",
    "decoder_act_fns": "silu",
    "scaling_factor": 0.41407,
}
VOCODER: dict[str, Any] = {
    "_class_name": "ADaMoSHiFiGANV1",
    "input_channels": 128,
    "depths": [1, 1, 2, 1],
    "dims": [8, 12, 16, 16],
    "kernel_sizes": [7],
    "upsample_rates": [8, 8, 4, 2],
    "upsample_kernel_sizes": [16, 16, 8, 4],
    "resblock_kernel_sizes": [3, 7],
    "resblock_dilation_sizes": [[1, 3, 5], [1, 3, 5]],
    "num_mels": 16,
    "upsample_initial_channel": 32,
    "pre_conv_kernel_size": 13,
    "post_conv_kernel_size": 13,
    "hop_length": 512,
    "n_mels": 128,
}
UMT5: dict[str, Any] = {
    "architectures": ["UMT5EncoderModel"],
    "model_type": "umt5",
    "vocab_size": len(VOCABULARY),
    "d_model": 16,
    "d_kv": 8,
    "d_ff": 24,
    "num_layers": 10,  # the negative branch weakens 8 and 9
    "num_heads": 2,
    "feed_forward_proj": "gated-gelu",
    "relative_attention_num_buckets": 32,
    "relative_attention_max_distance": 128,
}
CONFIGS = {
    "ace_step_transformer": TRANSFORMER,
    "music_dcae_f8c8": DCAE,
    "music_vocoder": VOCODER,
    "umt5-base": UMT5,
}


def make_checkpoint(directory: Path, seed: int = 0, dtype: torch.dtype = torch.float32) -> Path:
    """Write the four folders into `directory`; tensors that inference does not use among them."""
    for part, config in CONFIGS.items():
        folder = directory / part
        folder.mkdir(parents=True)
        (folder / "config.json").write_text(json.dumps(config, indent=1))
        tensors = {name: value.to(dtype) for name, value in tensors_of(part, seed).items()}
        name = "model" if part == "umt5-base" else "diffusion_pytorch_model"
        save_file(tensors, folder / f"{name}.safetensors")
    tokenizer().save(str(directory / "umt5-base" / "tokenizer.json"))
    return directory


def tensors_of(part: str, seed: int = 0) -> dict[str, torch.Tensor]:
    """One folder's, by the official names."""
    found: dict[str, torch.Tensor] = {}
    for component in COMPONENTS.values():
        if component.part != part:
            continue
        with torch.device("meta"):
            module = component.build(CONFIGS[part])
        for name, value in module.state_dict().items():
            found |= _drawn(name, tuple(value.shape), part, seed)
    for name in unused(part):
        found[name] = torch.zeros(3)
    return found


def unused(part: str) -> list[str]:
    """Names of tensors that are there without being used."""
    if part == "ace_step_transformer":
        return ["projectors.0.0.weight", "transformer_blocks.3.cross_attn.add_q_proj.weight"]
    return {
        "music_dcae_f8c8": ["encoder.conv_in.weight"],
        "music_vocoder": ["mel_transform.mel_scale.fb"],
    }.get(part, [])


def _drawn(name: str, shape: tuple[int, ...], part: str, seed: int) -> dict[str, torch.Tensor]:
    key = [seed, *name.encode()]
    n = np.random.Generator(np.random.Philox(np.random.SeedSequence(key))).standard_normal(shape, np.float32)
    value = torch.from_numpy(np.asarray(n))
    if name.endswith("bias"):
        value = 0.1 * value
    elif name.endswith(("scale_shift_table", "pos_bias_u", "pos_bias_v")):
        value = 0.3 * value
    elif len(shape) == 1:
        value = 1 + 0.1 * value
    elif not name.endswith("embed_tokens.weight"):
        value = value / float(np.sqrt(np.prod(shape[1:])))
    if part == "ace_step_transformer" and ".conv.weight" in name and len(shape) == 2:
        value = value[..., None]
    if part == "music_vocoder" and name.startswith("head.") and name.endswith(".weight"):
        lengths = value.flatten(1).norm(dim=1).reshape(-1, *[1] * (len(shape) - 1))
        base = name.removesuffix("weight")
        return {f"{base}weight_g": lengths, f"{base}weight_v": value * 2}
    return {"shared.weight" if name == "encoder.embed_tokens.weight" else name: value}


def tokenizer() -> Tokenizer:
    """Like UMT5's, with a few English pieces; `</s>` is 1."""
    scores = [0.0] * 4 + [-8.0] * (len(PIECES) - 4) + [-4.0] * len(WORDS)
    made = Tokenizer(
        models.Unigram(list(zip(VOCABULARY, scores, strict=True)), unk_id=3, byte_fallback=False)
    )
    made.add_special_tokens(VOCABULARY[:4])
    made.pre_tokenizer = pre_tokenizers.Metaspace()
    made.decoder = decoders.Metaspace()
    made.post_processor = processors.TemplateProcessing(single="$A </s>", special_tokens=[("</s>", 1)])
    return made


def one(checkpoint: Path, target: Path, component: str = "vocoder", **options: Any) -> Path:
    target.mkdir(exist_ok=True)
    export(
        checkpoint,
        target,
        options.pop("precision", None),
        options.pop("opset", None),
        (component,),
        RUNTIME,
        **options,
    )
    return target / f"{component}.onnx"


def change(checkpoint: Path, part: str, edit: Any) -> None:
    """Write one folder's weights again, edited."""
    path = next((checkpoint / part).glob("*.safetensors"))
    tensors = {name: value.clone() for name, value in load_file(path).items()}
    edit(tensors)
    save_file(tensors, path)
